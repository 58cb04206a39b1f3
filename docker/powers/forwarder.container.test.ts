/** The link forwarder between two containers: what it was told is what their packets meet. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineForTests } from '../../harness/cluster/docker/testing/engine.ts';
import { docker, victimsImage } from './testing/victims.ts';

const answering = await engineForTests();

interface Measured {
  readonly udp: {
    readonly sent: number;
    readonly arrived: number;
    readonly repeated: number;
    readonly overtaken: number;
    readonly changed: number;
    readonly p50Ms: number | null;
  };
  readonly tcp: { readonly p50Ms: number | null };
}

interface Counts {
  readonly seen: number;
  readonly lost: number;
  readonly delayed: number;
  readonly duplicated: number;
}

interface Statistics {
  readonly waiting: number;
  readonly links: Readonly<Record<string, Counts>>;
}

const rulesIn = ['-t', 'mangle', '-A', 'INPUT', '-i', 'eth0'];
const rulesOut = [
  '-t',
  'mangle',
  '-A',
  'OUTPUT',
  '-o',
  'eth0',
  '-m',
  'mark',
  '!',
  '--mark',
  '0x77',
];
const toQueue = ['-j', 'NFQUEUE', '--queue-num', '1', '--queue-bypass'];

describe.skipIf(!answering)('the link forwarder', () => {
  const network = `amnesia-test-${process.pid}-links`;
  const [near, far, other] = ['near', 'far', 'other'].map((name) => `${network}-${name}`);
  const address = { v4: '', v6: '', other: '' };
  let forwarder: ChildProcess;
  let answers: AsyncIterator<string>;

  beforeAll(async () => {
    const image = await victimsImage();
    const subnets = ['--subnet', '10.213.255.192/28', '--ipv6', '--subnet', 'fd00:213:ff::/64'];
    await docker('network', 'create', ...subnets, network);
    const powers = ['--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN', '--cap-add', 'NET_RAW'];
    for (const name of [near, far, other]) {
      await docker('run', '-d', '--name', name, '--network', network, ...powers, image);
    }
    for (const name of [far, other]) {
      await docker('exec', '-d', name, 'node', '/scenarios/traffic.mjs', 'echo');
    }
    const field = (name: string) => `{{(index .NetworkSettings.Networks "${network}").${name}}}`;
    address.v4 = await docker('inspect', '-f', field('IPAddress'), far);
    address.v6 = await docker('inspect', '-f', field('GlobalIPv6Address'), far);
    address.other = await docker('inspect', '-f', field('IPAddress'), other);
    for (const tool of ['iptables', 'ip6tables']) {
      await docker('exec', near, tool, '-w', ...rulesIn, ...toQueue);
      await docker('exec', near, tool, '-w', ...rulesOut, ...toQueue);
    }
    forwarder = spawn('docker', ['exec', '-i', near, 'link-forwarder', '1', '7']);
    answers = createInterface(forwarder.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
    expect((await answers.next()).value).toBe('ready');
  });
  afterEach(async () => {
    expect(await say('clear')).toBe('ok');
  });
  afterAll(async () => {
    forwarder?.stdin?.end();
    await docker('rm', '-f', near, far, other);
    await docker('network', 'rm', network);
  });

  async function say(line: string): Promise<string> {
    forwarder.stdin?.write(`${line}\n`);
    return (await answers.next()).value;
  }

  async function measure(peer: string, count = 400, everyMs = 1, bytes = 200): Promise<Measured> {
    const sizes = [count, everyMs, bytes].map(String);
    const program = ['node', '/scenarios/traffic.mjs', 'measure', peer, ...sizes];
    return JSON.parse(await docker('exec', near, ...program)) as Measured;
  }

  const statistics = async (): Promise<Statistics> => JSON.parse(await say('stat'));

  it('leaves a link alone of which it was told nothing', async () => {
    const { udp, tcp } = await measure(address.v4);
    expect(udp).toMatchObject({ sent: 400, arrived: 400, repeated: 0, overtaken: 0, changed: 0 });
    expect(tcp.p50Ms).toBeLessThan(20);
  });

  it('delays datagrams and streams of one peer, and of no other', async () => {
    expect(await say(`set ${address.v4} delay_ms 60`)).toBe('ok');
    const slow = await measure(address.v4);
    for (const { p50Ms } of [slow.udp, slow.tcp]) {
      expect(p50Ms).toBeGreaterThanOrEqual(60);
      expect(p50Ms).toBeLessThan(100);
    }
    expect(slow.udp.overtaken).toBe(0);
    const fast = await measure(address.other);
    expect(fast.tcp.p50Ms).toBeLessThan(20);
    const { links } = await statistics();
    expect(links[address.v4]?.delayed).toBeGreaterThan(400);
  });

  it('delays IPv6, too, and the star means everybody', async () => {
    expect(await say('set * delay_ms 60')).toBe('ok');
    expect((await measure(address.v6, 50)).tcp.p50Ms).toBeGreaterThanOrEqual(60);
    expect((await measure(address.other, 50)).tcp.p50Ms).toBeGreaterThanOrEqual(60);
  });

  it('loses a share, one by one or in bursts', async () => {
    expect(await say(`set ${address.v4} loss 0.2`)).toBe('ok');
    const single = await measure(address.v4, 1000);
    expect(single.udp.arrived).toBeGreaterThan(700);
    expect(single.udp.arrived).toBeLessThan(900);
    expect(await say(`set ${address.v4} burst_begin 0.02 burst_end 0.2`)).toBe('ok');
    const bursts = await measure(address.v4, 1000);
    expect(bursts.udp.arrived).toBeLessThan(985);
    expect(bursts.udp.arrived).toBeGreaterThan(700);
  });

  it('duplicates, by either version of IP', async () => {
    for (const peer of [address.v4, address.v6]) {
      expect(await say(`set ${peer} duplicate 0.2`)).toBe('ok');
      const { udp } = await measure(peer);
      expect(udp.arrived).toBe(400);
      expect(udp.repeated).toBeGreaterThan(40);
      expect(udp.repeated).toBeLessThan(130);
    }
  });

  it('lets later packets overtake', async () => {
    expect(await say(`set ${address.v4} reorder 0.2 reorder_ms 20`)).toBe('ok');
    const { udp } = await measure(address.v4);
    expect(udp.arrived).toBe(400);
    expect(udp.overtaken).toBeGreaterThan(20);
  });

  it('changes payloads so that the application sees it, or so that the kernel drops them', async () => {
    for (const peer of [address.v4, address.v6]) {
      expect(await say(`set ${peer} corrupt 0.2 mend_checksum 1`)).toBe('ok');
      const seen = await measure(peer);
      expect(seen.udp.changed).toBeGreaterThan(30);
      expect(await say(`set ${peer} corrupt 0.2`)).toBe('ok');
      const dropped = await measure(peer);
      expect(dropped.udp.changed).toBe(0);
      expect(dropped.udp.arrived).toBeLessThan(370);
    }
  });

  it('takes so many bits in a second and no more', async () => {
    expect(await say(`set ${address.v4} rate_bits 800000 queue_bytes 20000`)).toBe('ok');
    // 400 kB at once, of which a fifth of a second fits into the queue.
    const { udp } = await measure(address.v4, 400, 0, 1000);
    expect(udp.arrived).toBeGreaterThan(10);
    expect(udp.arrived).toBeLessThan(60);
    expect(udp.p50Ms).toBeGreaterThan(50);
  });

  it('says what is wrong with a line, and goes on', async () => {
    expect(await say('set nowhere delay_ms 5')).toMatch(/^error set needs the address/);
    expect(await say(`set ${address.v4} loss 2`)).toMatch(/^error loss must be between 0 and 1/);
    expect(await say(`set ${address.v4} sloth 2`)).toBe('error there is no sloth');
    expect(await say('dance')).toMatch(/accepted are set, clear, stat/);
    expect((await statistics()).links).toEqual({});
  });

  it('lets packets pass when it is gone, since the rule has a bypass', async () => {
    expect(await say(`set ${address.v4} loss 1`)).toBe('ok');
    expect((await measure(address.v4, 20)).udp.arrived).toBe(0);
    forwarder.stdin?.end();
    await new Promise((resolve) => forwarder.once('exit', resolve));
    expect((await measure(address.v4, 20)).udp.arrived).toBe(20);
    forwarder = spawn('docker', ['exec', '-i', near, 'link-forwarder', '1', '7']);
    answers = createInterface(forwarder.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
    expect((await answers.next()).value).toBe('ready');
  });
});
