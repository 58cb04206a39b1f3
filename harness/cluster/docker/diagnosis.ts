/**
 * What this machine can do, found by trying: a container of the base image is started, filtered, frozen and
 * removed. Nothing is concluded from versions or settings.
 */
import { statfs } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { BuiltImage } from '../program.ts';
import { freeSubnets, subnetCount } from '../subnet.ts';
import { asking, explain, removing } from './answers.ts';
import { execIn } from './containers.ts';
import { engineInfo, usedNetworks } from './docker.ts';
import { type Container, type Engine, openEngine } from './engine.ts';
import { filterCapabilities } from './holders.ts';
import { baseImage, baseLabels, ensureImage, iptablesLabel } from './image.ts';
import { labelsOf } from './labels.ts';
import { leftovers } from './leftovers.ts';

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** Without it no cluster can be run. */
  readonly needed: boolean;
  /** What was found; for what is missing also what to do. */
  readonly text: string;
}

const execTimeoutMs = 10_000;
const freeBytesMin = 1024 ** 3;
const nodeVersionMin = [20, 19] as const;

const good = (name: string, text: string, needed = true): Finding => ({
  name,
  ok: true,
  needed,
  text,
});
const bad = (name: string, text: string, needed = true): Finding => ({
  name,
  ok: false,
  needed,
  text,
});

/** A trial whose failure is itself the finding. */
async function finding(
  name: string,
  needed: boolean,
  attempt: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await attempt();
  } catch (error) {
    return bad(name, explain(error).message, needed);
  }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin, minorMin] = nodeVersionMin;
  const enough = major > majorMin || (major === majorMin && minor >= minorMin);
  if (enough) return good('node', process.version);
  return bad('node', `${process.version}; install ${majorMin}.${minorMin} or later`);
}

/** Free space where `folder` is, or will be. */
async function disk(folder: string): Promise<Finding> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      const free = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free for ${folder}`;
      if (bavail * bsize >= freeBytesMin) return good('disk', free, false);
      return bad('disk', `${free}; long runs may fill it: remove old ones`, false);
    } catch (error) {
      if (place === dirname(place)) throw error;
    }
  }
}

async function runsIn(
  engine: Engine,
  container: Container,
  argv: readonly string[],
): Promise<{ readonly ok: boolean; readonly words: string }> {
  const { exitCode, stderr } = await execIn(engine, container, argv, execTimeoutMs);
  return { ok: exitCode === 0, words: stderr.trim().split('\n')[0] ?? '' };
}

async function iptables(engine: Engine, container: Container, variant: string): Promise<Finding> {
  const name = 'iptables in containers';
  const argv = ['iptables', '-w', '-A', 'INPUT', '-s', '192.0.2.1', '-j', 'DROP'];
  const { ok, words } = await runsIn(engine, container, argv);
  if (ok) return good(name, variant, false);
  const text = `refused (${words}); partitions are impossible, take --nemesis kill,pause or none`;
  return bad(name, text, false);
}

async function freezer(container: Container): Promise<Finding> {
  await asking(container.pause());
  const { State } = await asking(container.inspect());
  await asking(container.unpause());
  if (State.Paused) return good('freezer', 'processes can be paused', false);
  return bad('freezer', 'a pause has no effect; leave pause out of --nemesis', false);
}

async function netem(engine: Engine, container: Container): Promise<Finding> {
  const argv = ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'];
  const { ok, words } = await runsIn(engine, container, argv);
  if (ok) return good('netem', 'packets can be delayed and lost', false);
  const text = `not in this kernel (${words}); packets cannot be delayed or lost by tc`;
  return bad('netem', text, false);
}

async function clock(engine: Engine, container: Container): Promise<Finding> {
  const argv = ['find', '/usr/lib', '-name', 'libfaketime.so.1', '-fprintf', '/dev/stderr', '%p'];
  const { words } = await runsIn(engine, container, argv);
  if (words.endsWith('libfaketime.so.1')) return good('clock faults', words, false);
  return bad('clock faults', 'the image has no libfaketime; clocks cannot be set apart', false);
}

/** Tries in one container what faults need. */
async function insideContainer(engine: Engine, variant: string): Promise<Finding[]> {
  const container = await asking(
    engine.createContainer({
      name: `amnesia-doctor-${process.pid}`,
      Image: baseImage,
      Cmd: ['sleep', '120'],
      Labels: labelsOf(`doctor-${process.pid}`),
      HostConfig: {
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        CapAdd: filterCapabilities(variant),
        SecurityOpt: ['no-new-privileges'],
      },
    }),
  );
  try {
    await asking(container.start());
    return [
      await finding('iptables in containers', false, () => iptables(engine, container, variant)),
      await finding('freezer', false, () => freezer(container)),
      await finding('netem', false, () => netem(engine, container)),
      await finding('clock faults', false, () => clock(engine, container)),
    ];
  } finally {
    await removing(container.remove({ force: true, v: true }));
  }
}

async function subnets(engine: Engine): Promise<Finding> {
  const free = [...freeSubnets(await usedNetworks(engine), 0)].length;
  const text = `${free} of ${subnetCount} free in 10.213.0.0/16`;
  return free > 0 ? good('subnets', text) : bad('subnets', `${text}; run: amnesia clean`);
}

async function remains(): Promise<Finding> {
  const names = await leftovers();
  if (names.length === 0) return good('leftovers', 'none', false);
  return bad('leftovers', `${names.length} of dead runs; run: amnesia clean`, false);
}

async function withEngine(engine: Engine, node: BuiltImage): Promise<Finding[]> {
  const base = await finding('base image', true, async () => {
    if ((await asking(baseLabels(engine))) !== null) return good('base image', baseImage);
    return bad('base image', 'missing; run: npm run setup');
  });
  const image = await finding('node image', true, async () => {
    return good('node image', (await asking(ensureImage(engine, node))).name);
  });
  const found = [
    base,
    image,
    await finding('subnets', true, () => subnets(engine)),
    await finding('leftovers', false, remains),
  ];
  if (!base.ok) return found;
  const variant = (await baseLabels(engine))?.[iptablesLabel] ?? 'none';
  const inside = await insideContainer(engine, variant).catch((error: unknown) => [
    bad('containers', explain(error).message),
  ]);
  return [...found, ...inside];
}

/**
 * All findings, in the order in which a person would mend them. `node`: the image that must be there. Never
 * rejects.
 */
export async function diagnose(results: string, node: BuiltImage): Promise<Finding[]> {
  const memory = `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`;
  const machine = good('machine', `${cpus().length} cores, ${memory}`, false);
  const first = [nodeVersion(), machine, await finding('disk', false, () => disk(results))];
  let engine: Engine;
  try {
    engine = openEngine();
    const info = await engineInfo();
    const text = `${info.engine}, ${info.storage}, kernel ${info.kernel}`;
    return [...first, good('engine', text), ...(await withEngine(engine, node))];
  } catch (error) {
    return [...first, bad('engine', explain(error).message)];
  }
}
