/** What an Engram cluster can be asked from outside: is it alive, is it one, who is primary, is it quiet. */
import type { Asked, Inquiries, NodeHandle } from '../../cluster/cluster.ts';

const askTimeoutMs = 1000;
const lookTimeoutMs = 800;

interface Health {
  readonly stats?: { readonly alive?: number; readonly suspect?: number };
  readonly replication?: { readonly deferred_writes?: number; readonly lag?: number };
}

interface Spaces {
  readonly spaces?: readonly { readonly primary: string }[];
}

async function healthOf({ world }: Asked, node: NodeHandle, ms: number): Promise<Health | null> {
  return (await world.ask(node.url, '/cluster/health', ms)) as Health | null;
}

/** Nodes that are primary of a space, of most spaces first; by name where they have equally many. */
function byCount({ nodes }: Asked, answer: Spaces | null): string[] {
  const counts = new Map<string, number>();
  for (const { primary } of answer?.spaces ?? []) {
    if (!nodes.some((each) => each.name === primary)) continue;
    counts.set(primary, (counts.get(primary) ?? 0) + 1);
  }
  return [...counts]
    .sort((left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1))
    .map(([name]) => name);
}

export const engramInquiries: Inquiries = {
  answers: async ({ world }, { url }, timeoutMs) =>
    (await world.ask(url, '/health', timeoutMs)) !== null,

  missing: async (asked, node) => {
    const others = asked.nodes.length - 1;
    const health = await healthOf(asked, node, askTimeoutMs);
    if (health === null) return `${node.name} does not answer at ${node.url}`;
    const { alive = 0, suspect = 0 } = health.stats ?? {};
    if (alive === others && suspect === 0) return null;
    return `${node.name} sees ${alive} of ${others} others alive and suspects ${suspect}`;
  },

  /** Asked of the first node that can say. */
  primaries: async (asked) => {
    for (const { url } of asked.nodes) {
      const answer = await asked.world.ask(url, '/cluster/spaces', askTimeoutMs);
      const found = byCount(asked, answer as Spaces | null);
      if (found.length > 0) return found;
    }
    return [];
  },
};

/**
 * Every node sees all others and says that nothing is on its way. A server that does not tell about replication is
 * taken at its word on membership.
 */
export async function isQuiet(asked: Asked): Promise<boolean> {
  const all = await Promise.all(asked.nodes.map((node) => healthOf(asked, node, lookTimeoutMs)));
  return all.every((health) => {
    const { deferred_writes: deferred = 0, lag = 0 } = health?.replication ?? {};
    return health?.stats?.alive === asked.nodes.length - 1 && deferred === 0 && lag === 0;
  });
}

/** What is looked at about once a second, in this order. */
const lookedAt = ['/cluster/health', '/cluster/nodes', '/cluster/spaces'] as const;

/** One look at one node. A node that does not answer one question will not answer the next. */
export async function observe(
  { world }: Asked,
  { url }: NodeHandle,
  note: (path: string, body: unknown) => boolean,
): Promise<void> {
  for (const path of lookedAt) {
    const body = await world.ask(url, path, lookTimeoutMs);
    if (!note(path, body) || body === null) return;
  }
}
