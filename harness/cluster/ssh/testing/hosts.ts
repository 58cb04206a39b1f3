/** For tests: containers that are hosts with an sshd of the distribution, each with a key of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { packageRoot } from '../../../world/package-root.ts';
import { execIn } from '../../docker/containers.ts';
import { usedNetworks } from '../../docker/docker.ts';
import { type Container, openEngine } from '../../docker/engine.ts';
import { ensureImage } from '../../docker/image.ts';
import { labelsOf } from '../../docker/labels.ts';
import { freeSubnets } from '../../subnet.ts';

const image = {
  repository: 'amnesia-sshd',
  folder: `${packageRoot}/docker/sshd`,
  sources: ['Dockerfile'],
  fetches: true,
};
/** What sshd, sudo and iptables need in a container. */
const capabilities = [
  ...['SETUID', 'SETGID', 'SYS_CHROOT', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'AUDIT_WRITE'],
  ...['NET_ADMIN', 'NET_RAW'],
];
const upTimeoutMs = 20_000;

export interface TestHosts {
  readonly addresses: readonly string[];
  readonly containers: readonly Container[];
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly folder: string;
  remove(): Promise<void>;
}

async function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: 22 }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

export async function startHosts(runId: string, count: number): Promise<TestHosts> {
  const engine = openEngine();
  const { name } = await ensureImage(engine, image);
  const folder = mkdtempSync(join(tmpdir(), 'amnesia-ssh-'));
  const keys = ssh2.utils.generateKeyPairSync('ed25519');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, keys.private, { mode: 0o600 });
  const subnet = freeSubnets(await usedNetworks(engine), process.pid).next().value;
  if (!subnet) throw new Error('no free subnet');
  const network = await engine.createNetwork({
    Name: runId,
    Internal: true,
    Labels: labelsOf(runId),
    IPAM: { Config: [{ Subnet: subnet.cidr, Gateway: subnet.gateway }] },
  });
  const addresses = Array.from({ length: count }, (_, i) => subnet.address(i + 1));
  const containers = await Promise.all(
    addresses.map(async (address, i) => {
      const container = await engine.createContainer({
        name: `${runId}-host${i + 1}`,
        Image: name,
        Cmd: [keys.public],
        Labels: labelsOf(runId),
        HostConfig: { NetworkMode: runId, CapDrop: ['ALL'], CapAdd: capabilities },
        NetworkingConfig: {
          EndpointsConfig: { [runId]: { IPAMConfig: { IPv4Address: address } } },
        },
      });
      await container.start();
      return container;
    }),
  );
  const until = Date.now() + upTimeoutMs;
  for (const address of addresses) {
    while (!(await answers(address))) {
      if (Date.now() > until) throw new Error(`no sshd answers at ${address}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const known = await Promise.all(
    containers.map(async (container, i) => {
      const argv = ['cat', '/etc/ssh/ssh_host_ed25519_key.pub'];
      const { stdout } = await execIn(engine, container, argv, 10_000);
      return `${addresses[i]} ${stdout.split(' ').slice(0, 2).join(' ')}\n`;
    }),
  );
  const knownHostsFile = join(folder, 'known_hosts');
  writeFileSync(knownHostsFile, known.join(''));
  return {
    addresses,
    containers,
    keyFile,
    knownHostsFile,
    folder,
    remove: async () => {
      for (const container of containers) await container.remove({ force: true, v: true });
      await network.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
