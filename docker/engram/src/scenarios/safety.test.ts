/**
 * Histories in which the node once lost, hid or replaced acknowledged writes; docs/engram/findings.md lists them. Each
 * says what a client did and must see, and nothing about how the node keeps its promise.
 */
import { describe, expect, it } from 'vitest';
import { isMarked, openKitchen, Session, shownEverywhere, siblingsIn, space } from './kitchen.ts';

describe('tokens', () => {
  it('a second write with the token of the first one leaves siblings alone that nobody was shown', async () => {
    const kitchen = await openKitchen(101);
    const { owners } = kitchen;
    const [one, other] = [new Session(kitchen), new Session(kitchen)];
    const empty = Buffer.from('{"v":{}}').toString('base64url');
    one.token = empty;
    other.token = empty;
    await other.write(owners[0], 'cup', 'of the other');
    await one.write(owners[0], 'cup', 'first');
    await one.write(owners[0], 'cup', 'second');
    await kitchen.cluster.run(2000);
    for (const shown of await shownEverywhere(kitchen, 'cup')) {
      expect(shown).toEqual(['of the other', 'second']);
    }
  });

  it('an invented one delays nobody else, and its write is shown when nobody holds what it names', async () => {
    const kitchen = await openKitchen(102);
    const { cluster, owners } = kitchen;
    const liar = new Session(kitchen);
    liar.token = Buffer.from(`{"v":{"${owners[1]}.zzzzz":7}}`).toString('base64url');
    const lied = await liar.write(owners[0], 'lie', 'lie');
    const honest = new Session(kitchen);
    cluster.world.partition(
      [owners[0]],
      cluster.ids.filter((id) => id !== owners[0]),
    );
    await cluster.run(6000);
    // Its past stays on the other side of the cut for a while, as it may for any honest session.
    const away = new Session(kitchen);
    await away.write(owners[0], 'cup', 'one side');
    honest.token = away.token;
    const deferred = await honest.write(owners[1], 'pot', 'other side');
    expect(deferred.status).toBe(201);
    cluster.world.heal();
    await cluster.run(12_000);
    for (const shown of await shownEverywhere(kitchen, 'pot'))
      expect(shown).toEqual(['other side']);
    expect((await honest.read(owners[0], 'pot')).body.stale).toBe(undefined);
    if (lied.status === 201) {
      for (const shown of await shownEverywhere(kitchen, 'lie')) expect(shown).toEqual(['lie']);
    }
  });
});

describe('deletes', () => {
  it('one that covers one sibling hides no other', async () => {
    const kitchen = await openKitchen(103);
    const { cluster, owners } = kitchen;
    const [left, right] = [new Session(kitchen), new Session(kitchen)];
    cluster.world.partition(
      [owners[0]],
      cluster.ids.filter((id) => id !== owners[0]),
    );
    await cluster.run(6000);
    expect((await left.write(owners[0], 'cup', 'left')).status).toBe(201);
    expect((await right.write(owners[1], 'cup', 'right')).status).toBe(201);
    expect((await right.read(owners[1], 'cup')).status).toBe(200);
    await cluster.run(50);
    expect((await right.remove(owners[1], 'cup')).status).toBe(200);
    cluster.world.heal();
    await cluster.run(12_000);
    for (const owner of owners) {
      const read = await new Session(kitchen).read(owner, 'cup');
      expect([read.status, read.body.content]).toEqual([200, 'left']);
    }
  });
});

describe('lost and old disks', () => {
  it('a data folder from an older copy loses no write that all owners had', async () => {
    const kitchen = await openKitchen(104);
    const { cluster, owners } = kitchen;
    const session = new Session(kitchen);
    const [first] = owners;
    for (let i = 0; i < 5; i++) await session.write(first, `m${i}`, `before ${i}`, '?ack=all');
    const copy = cluster.world.disk(first).copy();
    for (let i = 5; i < 10; i++) await session.write(first, `m${i}`, `after ${i}`, '?ack=all');
    cluster.world.crash(first, { power: false });
    cluster.world.disk(first).restore(copy);
    cluster.world.partition(
      [first],
      cluster.ids.filter((id) => id !== first),
    );
    await cluster.until(cluster.boot(first));
    await cluster.run(5000);
    const fresh = new Session(kitchen);
    for (let i = 5; i < 10; i++) {
      expect((await fresh.write(first, `m${i}`, `again ${i}`)).status).toBe(201);
    }
    cluster.world.heal();
    await cluster.run(10_000);
    for (let i = 5; i < 10; i++) {
      for (const shown of await shownEverywhere(kitchen, `m${i}`)) {
        expect(shown).toEqual([`after ${i}`, `again ${i}`]);
      }
    }
  });

  it("after the loss of a disk a session's later writes are shown", async () => {
    const kitchen = await openKitchen(105);
    const { cluster, owners } = kitchen;
    const [first, ...others] = owners;
    const session = new Session(kitchen);
    cluster.world.partition(
      [first],
      cluster.ids.filter((id) => id !== first),
    );
    await cluster.run(6000);
    expect((await session.write(first, 'cup', 'only here')).status).toBe(201);
    cluster.world.crash(first, { power: true });
    cluster.world.disk(first).restore(new Map());
    cluster.world.heal();
    await cluster.until(cluster.boot(first));
    await cluster.run(5000);
    expect((await session.write(others[0], 'pot', 'later')).status).toBe(201);
    await cluster.run(20_000);
    for (const shown of await shownEverywhere(kitchen, 'pot')) expect(shown).toEqual(['later']);
  });
});

describe('honest answers', () => {
  it('a node with an emptied disk marks what it answers before it has its data', async () => {
    const kitchen = await openKitchen(106);
    const { cluster, owners } = kitchen;
    const session = new Session(kitchen);
    await session.write(owners[0], 'cup', 'there', '?ack=all');
    await cluster.run(2000);
    const [, emptied] = owners;
    cluster.world.crash(emptied, { power: true });
    cluster.world.disk(emptied).restore(new Map());
    await cluster.until(cluster.boot(emptied));
    const dishonest: number[] = [];
    const begun = cluster.world.nowMs;
    for (let i = 0; i < 100; i++) {
      const read = await new Session(kitchen).read(emptied, 'cup');
      const missing = read.status === 404 && read.body.error.code === 'MEMORY_NOT_FOUND';
      if (missing && !isMarked(read)) dishonest.push(Math.round(cluster.world.nowMs - begun));
      await cluster.run(100);
    }
    expect(dishonest).toEqual([]);
    expect((await new Session(kitchen).read(emptied, 'cup')).status).toBe(200);
  });

  it("the larger side of a cut marks that it misses the other side's owner", async () => {
    const kitchen = await openKitchen(107);
    const { cluster, owners } = kitchen;
    const [primary, other] = owners;
    const away = [primary, cluster.ids.find((id) => !owners.includes(id)) ?? ''];
    cluster.world.partition(
      away,
      cluster.ids.filter((id) => !away.includes(id)),
    );
    await cluster.run(4000);
    expect((await new Session(kitchen).write(primary, 'cup', 'other side')).status).toBe(201);
    await cluster.run(5000);
    const read = await new Session(kitchen).read(other, 'cup');
    expect(read.status).toBe(404);
    expect(read.body.partial).toContain(primary);
    expect(read.body.penalty).toBeLessThan(1);
    expect(read.body.warnings.length).toBeGreaterThan(0);
    cluster.world.heal();
    await cluster.run(15_000);
    const after = await new Session(kitchen).read(other, 'cup');
    expect([after.body.content, isMarked(after), after.body.penalty]).toEqual([
      'other side',
      false,
      1,
    ]);
  });
});

describe('a primary whose disk is full', () => {
  it('hands its spaces over, says that a refused write was not applied, and reports itself', async () => {
    const kitchen = await openKitchen(108);
    const { cluster, owners } = kitchen;
    const [primary] = owners;
    cluster.world.disk(primary).full = true;
    await new Session(kitchen).write(primary, 'first', 'x');
    await cluster.run(4000);
    for (const node of cluster.ids) {
      const written = await new Session(kitchen).write(node, `by-${node}`, 'x');
      expect([node, written.status]).toEqual([node, 201]);
    }
    const health = await cluster.ask(primary, 'GET', '/health');
    expect(health.status).toBe(503);
    expect(JSON.stringify(health.body)).toMatch(/disk|log/);
    expect((await cluster.ask(primary, 'GET', '/health/alive')).status).toBe(200);
    cluster.world.disk(primary).full = false;
    await cluster.run(5000);
    expect((await cluster.ask(primary, 'GET', '/health')).status).toBe(200);
    const { body } = await new Session(kitchen).list(primary);
    expect(body.memories.length).toBeGreaterThanOrEqual(5);
  });
});

describe('a stop', () => {
  it('leaves nothing on the disk of the stopped node alone', async () => {
    const kitchen = await openKitchen(110);
    const { cluster, owners } = kitchen;
    const [primary] = owners;
    // A slow link: what is acknowledged is not at once at the others.
    cluster.world.setLink(primary, { delayMs: [150, 300] });
    const writes: Promise<unknown>[] = [];
    for (let i = 0; i < 40; i++) {
      const body = { id: `m${i}`, content: 'x' };
      const headers = { 'x-memory-space': space };
      writes.push(cluster.send(primary, 'POST', '/api/v1/memories/remember', body, headers));
    }
    await cluster.until(Promise.all(writes));
    expect(await cluster.until(cluster.stop(primary))).toBe(0);
    cluster.world.setLink(primary, null);
    await cluster.run(5000);
    for (const owner of owners.slice(1)) {
      const { body } = await new Session(kitchen).list(owner);
      expect(body.memories).toHaveLength(40);
    }
  });
});

describe(`the versions of an id in ${space}`, () => {
  it('are what an answer shows, with the token that covers exactly them', async () => {
    const kitchen = await openKitchen(109);
    const session = new Session(kitchen);
    await session.write(kitchen.owners[0], 'cup', 'one');
    const read = await session.read(kitchen.owners[0], 'cup');
    expect(siblingsIn(read)).toEqual(['one']);
  });
});
