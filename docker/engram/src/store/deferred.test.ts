/** Writes whose past is out of reach: acknowledged at once, shown when that has arrived. */
import { describe, expect, it } from 'vitest';
import { joinContexts } from '../conflict/context.ts';
import type { Context } from '../data.ts';
import { makeWorld, request, shown, within, write } from './testing/small-world.ts';
import { nothingSeen, type VirtualNode } from './testing/world.ts';

describe('a write whose past is out of reach', () => {
  it('is acknowledged, and shown when that arrives', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    world.cut([[n1!], world.nodes.slice(1)]);
    await world.run(500);
    const first = await write(world, n1!, request('first'));
    const second = await write(world, n2!, request('second', { context: first.context }));
    expect(second.deferred).toBe(true);
    expect(await shown(n2!.data!)).toBe(null);
    await world.run(500);
    n2!.kill(true);
    await within(world, n2!.start());
    world.heal();
    await world.run(2000);
    for (const node of [n1!, n2!, n3!]) {
      const { value } = await node.data!.read('space0', 'm', second.context, 0);
      expect(value!.siblings.map((version) => version.content)).toEqual(['second']);
    }
  });

  it('ranks as high as that may be, and no higher', async () => {
    const world = await makeWorld();
    const [n1, n2] = world.nodes;
    world.cut([[n1!], world.nodes.slice(1)]);
    await world.run(500);
    const seen = await write(world, n1!, request('seen', { id: 'other', confidence: 0.9 }));
    const { context } = await write(world, n1!, request('first', { context: seen.context }));
    expect(context.r).toBe(0.9);
    const ranks: number[] = [];
    for (const confidence of [0.3, 1]) {
      const late = await write(world, n2!, request('late', { context, confidence }));
      expect([late.deferred, late.context.r]).toEqual([true, Math.max(0.9, confidence)]);
      ranks.push(late.version.rank);
    }
    expect(ranks).toEqual([0.9, 1]);
    n2!.kill(true);
    await within(world, n2!.start());
    const { context: after } = await n2!.data!.read('space0', 'm', null, 0);
    expect(after.r).toBe(1);
  });

  it('leaves one order of all writes that explains what is shown', async () => {
    const world = await makeWorld();
    const [n1, n2, n3] = world.nodes;
    const put = async (node: VirtualNode, id: string, content: string, context: Context) =>
      (await write(world, node, request(content, { id, context }))).context;
    world.cut([[n1!], world.nodes.slice(1)]);
    await world.run(500);
    const first = await put(n1!, 'a', 'first', nothingSeen);
    const waited = await put(n2!, 'a', 'waited', first);
    // n3 hears of it from n1, and n2 from n3: n1 knows nothing of what has waited.
    world.heal();
    world.cut([[n1!, n3!], world.nodes.filter((node) => node !== n1 && node !== n3)]);
    await world.run(1000);
    world.heal();
    world.cut([[n1!], world.nodes.slice(1)]);
    await world.run(5000);
    expect((await n2!.data!.read('space0', 'a', waited, 0)).stale).toBe(false);
    // Two sessions on two sides; the one at n1 is later, and has not seen the other's.
    const one = await put(n2!, 'b', 'two', await put(n2!, 'a', 'one', waited));
    await world.run(50);
    const other = await put(n1!, 'a', 'four', await put(n1!, 'b', 'three', first));
    world.heal();
    await world.run(2000);
    for (const node of [n1!, n2!, n3!]) {
      const { value, stale } = await node.data!.list('space0', joinContexts(one, other), 0);
      expect(stale).toBe(false);
      expect(value.map((memory) => memory.shown.content)).toEqual(['four', 'three']);
    }
  });
});
