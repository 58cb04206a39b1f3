/** What clients and strangers may not do to a node, and how it refuses. docs/engram/findings.md lists where it once did. */
import { describe, expect, it } from 'vitest';
import { emptyContext, encodeContext } from '../conflict/context.ts';
import { encode } from '../swim/message.ts';
import { VirtualCluster } from '../testing/cluster.ts';
import { isError, OneNode } from '../testing/one-node.ts';
import { openKitchen, Session, siblingsIn } from './kitchen.ts';

describe('one unkeyed datagram', () => {
  it('that claims an incarnation which no node can have banishes nobody', async () => {
    const cluster = await VirtualCluster.start(301, { nodes: 3 });
    const stranger = cluster.world.node('evil');
    const claim = (id: string, incarnation: number, state: 'alive' | 'left') => ({
      id,
      swimAddress: `${id}:7946`,
      apiAddress: `${id}:7432`,
      rpcAddress: `${id}:7433`,
      rack: '',
      zone: '',
      state,
      incarnation,
    });
    const lie = claim('n2', 2 ** 52, 'left');
    const message = { type: 'ack', sequence: 1 } as const;
    for (const id of cluster.ids) {
      stranger.datagram.send(`${id}:7946`, encode(claim('n3', 1, 'alive'), message, [lie]));
    }
    await cluster.run(5000);
    for (const id of cluster.ids) expect(cluster.alive(id)).toEqual(['n1', 'n2', 'n3']);
  });
});

describe('keys of clients', () => {
  it('are wanted where they are set, but by probes of liveness', async () => {
    const key = 'a-key-of-a-client';
    const cluster = await VirtualCluster.start(302, {
      nodes: 1,
      apiKeys: [key, 'another-key-of-one'],
    });
    const path = '/api/v1/memories?space=kitchen';
    const asked = async (headers: Record<string, string>): Promise<number> =>
      (await cluster.ask('n1', 'GET', path, undefined, headers)).status;
    expect(await asked({})).toBe(401);
    expect(await asked({ authorization: 'Bearer a-key-of-a-clienT' })).toBe(401);
    expect(await asked({ authorization: `Basic ${key}` })).toBe(401);
    expect(await asked({ authorization: `Bearer ${key}` })).toBe(200);
    expect((await cluster.ask('n1', 'GET', '/health')).status).toBe(200);
  });
});

describe('a client that never reads', () => {
  it('is told to when a memory has too many versions, and has then not written', async () => {
    const kitchen = await openKitchen(303);
    const [owner] = kitchen.owners;
    let last = 201;
    let count = 0;
    while (last === 201 && count < 300) {
      const session = new Session(kitchen);
      session.token = encodeContext(emptyContext);
      const answer = await session.write(owner, 'cup', `${count}`);
      last = answer.status;
      if (last !== 201) expect([last, answer.body.applied]).toEqual([409, false]);
      else count++;
    }
    expect(count).toBe(128);
    const reader = new Session(kitchen);
    expect(siblingsIn(await reader.read(owner, 'cup'))).toHaveLength(128);
    expect((await reader.write(owner, 'cup', 'all of them')).status).toBe(201);
    expect(siblingsIn(await reader.read(owner, 'cup'))).toEqual(['all of them']);
  });
});

describe('a client with a strange clock or deep JSON', () => {
  it('is refused, and its clock adopted by nobody', async () => {
    const kitchen = await openKitchen(304);
    const [owner] = kitchen.owners;
    const session = new Session(kitchen);
    const late = { ms: Date.UTC(9999, 0), counter: 1 };
    session.token = encodeContext({ ...emptyContext, v: { [`${owner}.aaaaa`]: 0 }, t: late });
    expect((await session.write(owner, 'cup', 'x')).status).toBe(400);
    const honest = new Session(kitchen);
    const written = await honest.write(owner, 'pot', 'x');
    const token = Buffer.from(written.headers['x-engram-context'] ?? '', 'base64url').toString();
    expect(JSON.parse(token).t[0]).toBeLessThan(late.ms);
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const node = await OneNode.start();
    const headers = { 'content-type': 'application/json' };
    const answer = await node.raw(`{"content":"x","memory_space_id":${deep}}`, headers);
    isError(answer, 400, 'INVALID_MEMORY_INPUT');
  });
});
