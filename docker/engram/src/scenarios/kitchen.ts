/** Sessions and owners of one space of a virtual cluster, for scenarios that say in order what happens. */
import type { FaultName } from '../faults.ts';
import { type Answer, VirtualCluster } from '../testing/cluster.ts';

export const space = 'kitchen';

export interface Kitchen {
  readonly cluster: VirtualCluster;
  /** Owners of the space, in order of preference. */
  readonly owners: readonly string[];
  /** All other nodes. */
  readonly strangers: readonly string[];
}

/** `faults`: how its nodes are broken on purpose. */
export async function openKitchen(
  seed: number,
  faults: readonly FaultName[] = [],
): Promise<Kitchen> {
  const cluster = await VirtualCluster.start(seed, { nodes: 5, faults });
  await cluster.ask('n1', 'POST', '/api/v1/spaces', { id: space });
  await cluster.run(3000);
  const { body } = await cluster.ask('n1', 'GET', '/cluster/spaces');
  const { primary, replicas } = body.spaces.find((each: { space: string }) => each.space === space);
  const owners: string[] = [primary, ...replicas];
  return { cluster, owners, strangers: cluster.ids.filter((id) => !owners.includes(id)) };
}

/** A client that sends back the token of its last answer, and nothing else. */
export class Session {
  readonly #cluster: VirtualCluster;
  token: string | null = null;

  constructor({ cluster }: Kitchen) {
    this.#cluster = cluster;
  }

  async #ask(node: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = { 'x-memory-space': space };
    if (this.token !== null) headers['x-engram-context'] = this.token;
    const answer = await this.#cluster.ask(node, method, path, body, headers);
    const token = answer.headers['x-engram-context'];
    if (token !== undefined && answer.status < 500) this.token = token;
    return answer;
  }

  write(node: string, id: string, content: string, query = ''): Promise<Answer> {
    return this.#ask(node, 'POST', `/api/v1/memories/remember${query}`, { id, content });
  }

  remove(node: string, id: string): Promise<Answer> {
    return this.#ask(node, 'DELETE', `/api/v1/memories/${id}`);
  }

  read(node: string, id: string): Promise<Answer> {
    return this.#ask(node, 'GET', `/api/v1/memories/${id}`);
  }

  list(node: string): Promise<Answer> {
    return this.#ask(node, 'GET', '/api/v1/memories?limit=1000');
  }
}

/** Contents of all versions that an answer shows, sorted; deleted ones as "(deleted)". */
export function siblingsIn({ body }: Answer): string[] {
  const siblings = (body?.siblings ?? []) as { content: string; deleted?: true }[];
  return siblings.map(({ content, deleted }) => (deleted ? '(deleted)' : content)).sort();
}

/** Contents of all versions of an id, as each owner shows them to a client that has seen nothing. */
export async function shownEverywhere(kitchen: Kitchen, id: string): Promise<string[][]> {
  const found: string[][] = [];
  for (const owner of kitchen.owners) {
    found.push(siblingsIn(await new Session(kitchen).read(owner, id)));
  }
  return found;
}

/** Whether an answer to a read says that it may be incomplete. */
export function isMarked({ body }: Answer): boolean {
  return body.stale === true || (body.partial?.length ?? 0) > 0;
}
