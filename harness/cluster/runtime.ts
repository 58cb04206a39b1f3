/** Where nodes shall live: the runtime that was asked for, or the best that this machine has. */
import type { Cluster, ClusterSpec, RuntimeName } from './cluster.ts';
import { ClusterError } from './errors.ts';

export interface Runtime {
  readonly name: Exclude<RuntimeName, 'auto'>;
  /** Which one and, where that was left open, why. */
  readonly title: string;
  createCluster(spec: ClusterSpec): Promise<Cluster>;
}

async function docker(why: string): Promise<Runtime> {
  const { createDockerCluster } = await import('./docker/docker.ts');
  return { name: 'docker', title: `docker${why}`, createCluster: createDockerCluster };
}

async function sim(why: string): Promise<Runtime> {
  const { createSimCluster } = await import('./sim/sim.ts');
  const { compileLater } = await import('./sim/compile-later.ts');
  compileLater();
  return { name: 'sim', title: `sim${why}`, createCluster: createSimCluster };
}

/** auto: containers where an engine answers, else the simulator. Everything is loaded when it resolves. */
export async function chooseRuntime(name: RuntimeName): Promise<Runtime> {
  if (name === 'sim') return sim('');
  if (name === 'docker') return docker('');
  const { engineInfo } = await import('./docker/docker.ts');
  try {
    const { engine } = await engineInfo();
    return docker(` (${engine} answers)`);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return sim(' (no container engine answers)');
  }
}
