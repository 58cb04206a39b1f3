/** A cluster whose nodes are servers in this process. It can be killed and paused, not partitioned. */
import type { Cluster, ClusterSpec } from '../../cluster/cluster.ts';
import { realWorld } from '../../world/real-world.ts';
import { FakeEngram, type Lies } from './fake-engram.ts';

export interface FakeCluster extends Cluster {
  readonly destroyed: boolean;
}

export async function createFakeCluster(spec: ClusterSpec, lies: Lies = {}): Promise<FakeCluster> {
  const names = Array.from({ length: spec.nodes }, (_, i) => `n${i + 1}`);
  const engram = new FakeEngram(names, lies);
  for (const name of names) await engram.start(name);
  let destroyed = false;
  return {
    nodes: names.map((name) => ({ name, address: '127.0.0.1', url: engram.url(name) })),
    world: realWorld,
    inquiries: spec.inquiries,
    capabilities: new Set(['kill', 'pause', 'logs'] as const),
    environment: { engine: 'fake' },
    get destroyed() {
      return destroyed;
    },
    kill: (node) => engram.kill(node),
    start: (node) => engram.start(node),
    pause: async (node) => engram.pause(node),
    resume: async (node) => engram.resume(node),
    state: async (node) => engram.state(node),
    exec: async () => {
      throw new Error('a fake node runs no programs');
    },
    logs: async (node) => [
      JSON.stringify({ time: new Date().toISOString(), level: 'info', event: 'started', node }),
      'a line that is no JSON',
    ],
    destroy: async () => {
      destroyed = true;
      for (const name of names) await engram.kill(name);
    },
  };
}
