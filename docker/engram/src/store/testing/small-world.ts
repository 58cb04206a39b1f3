/** A world of five nodes whose spaces have three copies, and how a test talks to its nodes. */
import type { Context, DataPlane, WriteRequest, WriteResult } from '../../data.ts';
import { bytesOf } from '../../query/embedding.ts';
import { type VirtualNode, World, type WorldOptions } from './world.ts';

const calm = { nodes: 5, copies: 3, loss: 0, faults: [] };

export async function makeWorld(seed = 1, more: Partial<WorldOptions> = {}): Promise<World> {
  const world = new World(seed, { ...calm, ...more });
  for (const node of world.nodes) void node.start();
  await world.run(1000);
  return world;
}

/** space0 belongs to n1, n2 and n3. */
export function request(content: string, more: Partial<WriteRequest> = {}): WriteRequest {
  return {
    space: 'space0',
    id: 'm',
    deleted: false,
    content,
    confidence: 0.7,
    tags: [],
    memoryType: 'semantic',
    observedAtMs: 0,
    embedding: bytesOf(Float32Array.from([0.5, -0.25])),
    context: null,
    durability: 'primary',
    ...more,
  };
}

/** Lets the world run until `promise` is settled, at most `timeoutMs`. */
export async function within<T>(world: World, promise: Promise<T>, timeoutMs = 3000): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  for (let i = 0; i < timeoutMs && !settled; i++) await world.run(1);
  if (!settled) throw new Error(`not settled after ${timeoutMs} ms`);
  return promise;
}

export function write(world: World, node: VirtualNode, what: WriteRequest): Promise<WriteResult> {
  return within(world, node.data!.write(what, 1000));
}

/** What a node shows of memory `m`; null where there is nothing. */
export async function shown(
  data: DataPlane,
  context: Context | null = null,
): Promise<string | null> {
  const { value } = await data.read('space0', 'm', context, 0);
  return value && !value.shown.deleted ? value.shown.content : null;
}
