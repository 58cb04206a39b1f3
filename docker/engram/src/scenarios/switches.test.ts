/**
 * Nodes that are broken on purpose in ways that few clients notice: what a client is shown says which node it was. Each
 * scenario is run on healthy nodes, too, as its control.
 */
import { describe, expect, it } from 'vitest';
import type { FaultName } from '../faults.ts';
import { openKitchen, Session, shownEverywhere } from './kitchen.ts';

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

const three = (shown: unknown): unknown[] => [shown, shown, shown];

describe('what clients are shown by healthy nodes, and by broken ones', () => {
  const cases: readonly (readonly [FaultName, Scenario, unknown])[] = [
    ['token-too-wide', writesTwice, three(['of the other', 'second'])],
    ['tombstone-hides', deletesOne, 200],
    ['reuse-dots', comesBackOlder, three(['after', 'before'])],
  ];
  for (const [fault, scenario, good] of cases) {
    it(fault, async () => {
      expect(await scenario([])).toEqual(good);
      expect(await scenario([fault])).not.toEqual(good);
    });
  }
});
