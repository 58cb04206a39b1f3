/** Where nodes shall live: the runtime that was asked for, or the best that this machine has. */
import type { Cluster, ClusterSpec, RuntimeName } from './cluster.ts';
import { ClusterError } from './errors.ts';

export interface Runtime {
  readonly name: Exclude<RuntimeName, 'auto'>;
  /** Which one and, where that was left open, why. */
  readonly title: string;
  createCluster(spec: ClusterSpec): Promise<Cluster>;
  /** Removes what runs whose control process is dead left behind there. */
  sweep(): Promise<unknown>;
}

export interface Choice {
  /** Runtimes in which the system can live; all where it is left out. */
  readonly possible?: readonly string[];
  /** Does somebody see what is chosen? Nobody is to take virtual nodes for real ones. */
  readonly watched: boolean;
}

async function docker(why: string): Promise<Runtime> {
  const { createDockerCluster } = await import('./docker/docker.ts');
  const { sweep } = await import('./docker/leftovers.ts');
  return { name: 'docker', title: `docker${why}`, createCluster: createDockerCluster, sweep };
}

async function netns(why: string): Promise<Runtime> {
  const { createNetnsCluster, sweepNetns } = await import('./netns/netns.ts');
  return {
    name: 'netns',
    title: `netns${why}`,
    createCluster: createNetnsCluster,
    sweep: sweepNetns,
  };
}

async function sim(why: string): Promise<Runtime> {
  const { createSimCluster } = await import('./sim/sim.ts');
  const { compileLater } = await import('./sim/compile-later.ts');
  compileLater();
  return {
    name: 'sim',
    title: `sim${why}`,
    createCluster: createSimCluster,
    sweep: async () => {},
  };
}

async function local(): Promise<Runtime> {
  const { createLocalCluster, sweepLocal } = await import('./processes/local.ts');
  return { name: 'local', title: 'local', createCluster: createLocalCluster, sweep: sweepLocal };
}

/** Its hosts are swept when it is known which they are. */
async function ssh(): Promise<Runtime> {
  const { createSshCluster } = await import('./ssh/ssh.ts');
  return { name: 'ssh', title: 'ssh', createCluster: createSshCluster, sweep: async () => {} };
}

async function external(): Promise<Runtime> {
  const { createExternalCluster: createCluster } = await import('./external/external.ts');
  return { name: 'external', title: 'external', createCluster, sweep: async () => {} };
}

/** Those that were asked for by name. */
const named = {
  docker: () => docker(''),
  netns: () => netns(''),
  sim: () => sim(''),
  local,
  ssh,
  external,
} as const;

/** Null where an engine answers; else why not. */
async function whyNoDocker(): Promise<string | null> {
  const { engineInfo } = await import('./docker/docker.ts');
  try {
    await engineInfo();
    return null;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return error.code === 'no-rights' ? 'the engine refuses this user' : 'no engine answers';
  }
}

/** Those that `auto` may take, the best first, each with the reason why it cannot be had here. */
const candidates = [
  { name: 'docker', make: docker, why: whyNoDocker, good: 'an engine answers' },
  {
    name: 'netns',
    make: netns,
    why: async () => (await import('./netns/netns.ts')).whyNoNetns(),
    good: 'network namespaces can be made',
  },
] as const;

/**
 * auto: containers where an engine answers, else network namespaces where they can be made, else the simulator.
 * Rejects with ClusterError where only the simulator is left and nobody would see that. Everything is loaded when
 * it resolves.
 */
export async function chooseRuntime(
  name: RuntimeName,
  { possible, watched }: Choice = { watched: false },
): Promise<Runtime> {
  if (name !== 'auto') return named[name]();
  const reasons: string[] = [];
  for (const candidate of candidates) {
    if (possible?.includes(candidate.name) === false) continue;
    const why = await candidate.why();
    if (why === null) {
      const before = reasons.map((reason) => `${reason}; `).join('');
      return candidate.make(` (auto: ${before}${candidate.good})`);
    }
    reasons.push(`no ${candidate.name}: ${why}`);
  }
  const found = reasons.join('; ');
  if (watched && possible?.includes('sim') !== false) return sim(` (auto: ${found})`);
  throw new ClusterError(
    'no-runtime',
    `no runtime for real nodes is to be had (${found}); run: npm run setup, ` +
      'or ask for virtual nodes with --runtime sim',
  );
}
