/**
 * Nodes that are broken on purpose in ways that few clients notice: what a client is shown says which node it was. Each
 * scenario is run on healthy nodes, too, as its control.
 */
import { describe, expect, it } from 'vitest';
import type { FaultName } from '../faults.ts';
import { isMarked, openKitchen, Session, shownEverywhere, space } from './kitchen.ts';

/** What is shown at the end, on nodes with these faults. */
type Scenario = (faults: readonly FaultName[]) => Promise<unknown>;

const nothingSeen = Buffer.from('{"v":{}}').toString('base64url');

/** Two sessions write beside each other, and one of them writes again without having read. */
const writesTwice: Scenario = async (faults) => {
  const kitchen = await openKitchen(201, faults);
  const [one, other] = [new Session(kitchen), new Session(kitchen)];
  one.token = nothingSeen;
  other.token = nothingSeen;
  await other.write(kitchen.owners[0], 'cup', 'of the other');
  await one.write(kitchen.owners[0], 'cup', 'first');
  await one.write(kitchen.owners[0], 'cup', 'second');
  await kitchen.cluster.run(2000);
  return shownEverywhere(kitchen, 'cup');
};

/** A delete that has seen one of two versions. */
const deletesOne: Scenario = async (faults) => {
  const kitchen = await openKitchen(202, faults);
  const [one, other] = [new Session(kitchen), new Session(kitchen)];
  one.token = nothingSeen;
  other.token = nothingSeen;
  await other.write(kitchen.owners[0], 'cup', 'of the other');
  await one.write(kitchen.owners[0], 'cup', 'mine');
  await one.remove(kitchen.owners[0], 'cup');
  await kitchen.cluster.run(2000);
  return (await new Session(kitchen).read(kitchen.owners[0], 'cup')).status;
};

/** A data folder comes back in an older state, and its node takes writes before it hears of anybody. */
const comesBackOlder: Scenario = async (faults) => {
  const kitchen = await openKitchen(203, faults);
  const { cluster, owners } = kitchen;
  const [first] = owners;
  const session = new Session(kitchen);
  await session.write(first, 'pot', 'x', '?ack=all');
  const copy = cluster.world.disk(first).copy();
  await session.write(first, 'cup', 'before', '?ack=all');
  cluster.world.crash(first, { power: false });
  cluster.world.disk(first).restore(copy);
  const others = cluster.ids.filter((id) => id !== first);
  cluster.world.partition([first], others);
  await cluster.until(cluster.boot(first));
  await cluster.run(5000);
  await new Session(kitchen).write(first, 'cup', 'after');
  cluster.world.heal();
  await cluster.run(10_000);
  return shownEverywhere(kitchen, 'cup');
};

/** A session's past is on a node that cannot be reached, and lives a new life there. */
const pastIsAway: Scenario = async (faults) => {
  const kitchen = await openKitchen(204, faults);
  const { cluster, owners } = kitchen;
  const [first, second] = owners;
  const session = new Session(kitchen);
  cluster.world.partition(
    [first],
    cluster.ids.filter((id) => id !== first),
  );
  await cluster.run(6000);
  await session.write(first, 'cup', 'away');
  cluster.world.crash(first, { power: false });
  await cluster.until(cluster.boot(first));
  await session.write(second, 'pot', 'later');
  await cluster.run(5000);
  // Nobody may see the later write before the earlier one.
  const during = (await new Session(kitchen).read(second, 'pot')).status;
  cluster.world.heal();
  await cluster.run(15_000);
  const after = [await shownEverywhere(kitchen, 'cup'), await shownEverywhere(kitchen, 'pot')];
  return [during, ...after];
};

/** A node comes back with an empty disk; whether it ever misses what it does not have without saying so. */
const comesBackEmpty: Scenario = async (faults) => {
  const kitchen = await openKitchen(205, faults);
  const { cluster, owners } = kitchen;
  const [, emptied] = owners;
  await new Session(kitchen).write(owners[0], 'cup', 'there', '?ack=all');
  cluster.world.crash(emptied, { power: true });
  cluster.world.disk(emptied).restore(new Map());
  await cluster.until(cluster.boot(emptied));
  let missed = 0;
  for (let i = 0; i < 30; i++) {
    const read = await new Session(kitchen).read(emptied, 'cup');
    if (read.body.error?.code === 'MEMORY_NOT_FOUND' && !isMarked(read)) missed++;
    await cluster.run(50);
  }
  return missed;
};

/** A node whose link is slow is stopped; what is there of its last writes while it is away. */
const stops: Scenario = async (faults) => {
  const kitchen = await openKitchen(206, faults);
  const { cluster, owners } = kitchen;
  const [primary] = owners;
  cluster.world.setLink(primary, { delayMs: [150, 300] });
  const writes = Array.from({ length: 20 }, (_, i) => {
    const body = { id: `m${i}`, content: 'x' };
    const headers = { 'x-memory-space': space };
    return cluster.send(primary, 'POST', '/api/v1/memories/remember', body, headers);
  });
  await cluster.until(Promise.all(writes));
  await cluster.until(cluster.stop(primary));
  await cluster.run(5000);
  return (await new Session(kitchen).list(owners[1])).body.memories.length;
};

/** How many of the answers of a healthy cluster at rest are marked. */
const isAtRest: Scenario = async (faults) => {
  const kitchen = await openKitchen(207, faults);
  const { cluster, owners } = kitchen;
  await new Session(kitchen).write(owners[0], 'cup', 'there');
  await cluster.run(3000);
  let marked = 0;
  for (let i = 0; i < 20; i++) {
    if (isMarked(await new Session(kitchen).read(owners[i % 3], 'cup'))) marked++;
    await cluster.run(200);
  }
  return marked;
};

const three = (shown: unknown): unknown[] => [shown, shown, shown];

describe('what clients are shown by healthy nodes, and by broken ones', () => {
  const cases: readonly (readonly [FaultName, Scenario, unknown])[] = [
    ['token-too-wide', writesTwice, three(['of the other', 'second'])],
    ['tombstone-hides', deletesOne, 200],
    ['reuse-dots', comesBackOlder, three(['after', 'before'])],
    ['void-too-early', pastIsAway, [404, three(['away']), three(['later'])]],
    ['serve-while-joining', comesBackEmpty, 0],
    ['sigterm-skips-drain', stops, 20],
    ['mark-everything-stale', isAtRest, 0],
  ];
  for (const [fault, scenario, good] of cases) {
    it(fault, async () => {
      expect(await scenario([])).toEqual(good);
      expect(await scenario([fault])).not.toEqual(good);
    });
  }
});
