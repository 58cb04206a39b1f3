import { describe, expect, it } from 'vitest';
import type { Env } from '../env/env.ts';
import { RpcError } from '../env/env.ts';
import { makeFaults } from '../faults.ts';
import type { Member, MemberState, Membership } from '../swim/membership.ts';
import { Router, RoutingError } from './router.ts';

/** How a link fails: the request is not sent, or it is and the answer gets lost. */
type Failure = 'unsent' | 'lost';

/** Nodes n1..n5, of which n1, n2, n3 own every space, with links that the test breaks. */
class Net {
  readonly routers = new Map<string, Router>();
  readonly states = new Map<string, MemberState>();
  readonly failures = new Map<string, Failure>();
  readonly performed: string[] = [];
  readonly calls: string[] = [];
  owners: readonly string[] = ['n1', 'n2', 'n3'];
  /** Who owns what in the eyes of a node, where it differs. */
  readonly ownersAt = new Map<string, readonly string[]>();
  nowMs = 0;

  constructor() {
    for (const id of ['n1', 'n2', 'n3', 'n4', 'n5']) this.routers.set(id, this.#router(id));
  }

  #member(id: string): Member {
    return {
      id,
      swimAddress: id,
      apiAddress: id,
      rpcAddress: id,
      rack: '',
      zone: '',
      state: this.states.get(id) ?? 'alive',
      incarnation: 1,
      changedAtMs: 0,
    };
  }

  #membership(self: string): Membership {
    const net = this;
    return {
      get self() {
        return net.#member(self);
      },
      members: () => ['n1', 'n2', 'n3', 'n4', 'n5'].map((id) => net.#member(id)),
      get: (id) => net.#member(id),
      reachable: (id) => id === self || (net.states.get(id) ?? 'alive') !== 'dead',
      onChange: () => {},
    };
  }

  #env(self: string): Env {
    const never = (): never => {
      throw new Error('not part of this test');
    };
    return {
      nowMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      random: () => 0.5,
      // Pauses between attempts pass at once; what comes in the background is not part of these tests.
      timer: (delayMs, fn) => {
        if (delayMs > 0 && delayMs <= 60) {
          this.nowMs += delayMs;
          void Promise.resolve().then(fn);
        }
        return { cancel: () => {} };
      },
      log: () => {},
      rpc: {
        serve: never,
        call: async (to, method, body, deadlineMs) => {
          if (method === 'api.forward') this.calls.push(`${self}>${to}`);
          const failure = this.failures.get(`${self}>${to}`);
          if (failure === 'unsent') throw new RpcError('refused', 'refused', false);
          const answer = await this.routers.get(to)!.handleRpc(method, body);
          if (failure !== 'lost') return answer;
          this.nowMs += deadlineMs;
          throw new RpcError('deadline', 'no answer', true);
        },
      },
      disk: {
        list: never,
        read: async () => null,
        append: never,
        replace: async () => {},
        truncate: never,
        remove: never,
      },
      datagram: { send: never, receive: never },
      http: { serve: never },
    };
  }

  #router(self: string): Router {
    const perform = (what: string) => async (space: string, body: unknown) => {
      this.performed.push(`${what} ${space} at ${self}`);
      return { by: self, body };
    };
    return new Router({
      env: this.#env(self),
      membership: this.#membership(self),
      placement: { owners: () => this.ownersAt.get(self) ?? this.owners },
      spaces: () => ['kitchen'],
      faults: makeFaults([]),
      kinds: {
        read: { idempotent: true, handler: perform('read') },
        write: { idempotent: false, handler: perform('write') },
      },
    });
  }

  serve(node: string, kind: 'read' | 'write', deadlineMs = 2000) {
    return this.routers
      .get(node)!
      .serve(kind, 'kitchen', { bytes: new Uint8Array([7]) }, deadlineMs);
  }

  async failure(node: string, kind: 'read' | 'write'): Promise<RoutingError> {
    const error = await this.serve(node, kind).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(RoutingError);
    return error as RoutingError;
  }
}

describe('a router', () => {
  it('serves a write at the primary, and reads at every owner, without a hop', async () => {
    const net = new Net();
    expect(await net.serve('n1', 'write')).toMatchObject({ node: 'n1', hops: 0 });
    expect(await net.serve('n3', 'read')).toMatchObject({ node: 'n3', hops: 0 });
    expect(net.calls).toEqual([]);
  });

  it('forwards writes of everybody else to the primary in one hop', async () => {
    const net = new Net();
    for (const node of ['n2', 'n3', 'n4', 'n5']) {
      const served = await net.serve(node, 'write');
      expect(served).toMatchObject({ node: 'n1', hops: 1, value: { by: 'n1' } });
    }
  });

  it('forwards reads of others to the primary, and to the next owner when that fails', async () => {
    const net = new Net();
    expect(await net.serve('n4', 'read')).toMatchObject({ node: 'n1', hops: 1 });
    net.failures.set('n4>n1', 'lost');
    expect(await net.serve('n4', 'read')).toMatchObject({ node: 'n2', hops: 1 });
    expect(net.routers.get('n4')!.counters.retries).toBe(1);
  });

  it('lets an owner write itself when the request to the primary never left', async () => {
    const net = new Net();
    net.failures.set('n3>n1', 'unsent');
    expect(await net.serve('n3', 'write')).toMatchObject({ node: 'n3', hops: 0 });
    expect(net.performed).toEqual(['write kitchen at n3']);
  });

  it('has another owner write, without sending it back, when the primary cannot be reached', async () => {
    const net = new Net();
    net.failures.set('n4>n1', 'unsent');
    expect(await net.serve('n4', 'write')).toMatchObject({ node: 'n2', hops: 1 });
    expect(net.calls).toEqual(['n4>n1', 'n4>n2']);
  });

  it('asks the only owner again and again for a read, for as long as it may be a moment only', async () => {
    const net = new Net();
    net.owners = ['n1'];
    net.failures.set('n4>n1', 'unsent');
    const reading = net.failure('n4', 'read');
    expect((await reading).code).toBe('NO_OWNER');
    expect(net.calls).toEqual(['n4>n1', 'n4>n1', 'n4>n1']);
    expect(net.nowMs).toBe(10 + 20);
    net.failures.clear();
    net.calls.length = 0;
    net.failures.set('n5>n1', 'unsent');
    await net.failure('n5', 'write');
    expect(net.calls).toEqual(['n5>n1']);
  });

  it('never repeats a write that was sent, and does not call it failed', async () => {
    const net = new Net();
    net.failures.set('n4>n1', 'lost');
    const error = await net.failure('n4', 'write');
    expect(error.code).toBe('INDETERMINATE');
    expect(error.notApplied).toBe(false);
    expect(net.performed).toEqual(['write kitchen at n1']);
  });

  it('calls a write not applied only where it was sent to nobody', async () => {
    const net = new Net();
    for (const owner of net.owners) net.failures.set(`n4>${owner}`, 'unsent');
    const error = await net.failure('n4', 'write');
    expect(error.code).toBe('NO_OWNER');
    expect(error.notApplied).toBe(true);
    expect(net.performed).toEqual([]);
  });

  it('does not go to owners that membership calls dead', async () => {
    const net = new Net();
    for (const owner of net.owners) net.states.set(owner, 'dead');
    expect((await net.failure('n4', 'write')).notApplied).toBe(true);
    expect((await net.failure('n4', 'read')).code).toBe('NO_OWNER');
    expect(net.calls).toEqual([]);
  });

  it('prefers an owner that is alive to a primary under suspicion', async () => {
    const net = new Net();
    net.states.set('n1', 'suspect');
    expect(await net.serve('n4', 'write')).toMatchObject({ node: 'n2', hops: 1 });
    expect(await net.serve('n3', 'write')).toMatchObject({ node: 'n3', hops: 0 });
    expect(net.routers.get('n2')!.table.route('kitchen').generation).toBe(0);
  });

  it('promotes the next owner when the primary is dead, at the first request at the latest', async () => {
    const net = new Net();
    net.states.set('n1', 'dead');
    expect(await net.serve('n5', 'write')).toMatchObject({ node: 'n2', hops: 1 });
    expect(net.routers.get('n2')!.table.route('kitchen').primary).toBe('n2');
    expect(net.routers.get('n2')!.counters.promotions).toBe(1);
  });

  it('is corrected by the wrong node, learns the route, and goes right the next time', async () => {
    const net = new Net();
    net.states.set('n1', 'dead');
    await net.serve('n2', 'write');
    net.states.set('n1', 'alive');
    net.routers.get('n1')!.table.merge(net.routers.get('n2')!.table.route('kitchen'));
    net.calls.length = 0;
    expect(await net.serve('n4', 'write')).toMatchObject({ node: 'n2', hops: 2 });
    expect(await net.serve('n4', 'write')).toMatchObject({ node: 'n2', hops: 1 });
    expect(net.calls).toEqual(['n4>n1', 'n4>n2', 'n4>n2']);
    expect(net.routers.get('n4')!.counters.redirects).toBe(1);
  });

  it('gives up after two hops when nodes send each other around', async () => {
    const net = new Net();
    net.ownersAt.set('n4', ['n2', 'n3']);
    net.ownersAt.set('n2', ['n3']);
    net.ownersAt.set('n3', ['n2']);
    const error = await net.failure('n4', 'write');
    expect(error.notApplied).toBe(true);
    expect(net.performed).toEqual([]);
    expect(net.calls.length).toBeLessThanOrEqual(4);
  });

  it('stops asking a peer that answers nobody, until it is heard of', async () => {
    const net = new Net();
    net.failures.set('n4>n1', 'lost');
    for (let i = 0; i < 3; i++) await net.serve('n4', 'read');
    net.calls.length = 0;
    expect(await net.serve('n4', 'read')).toMatchObject({ node: 'n2', hops: 1 });
    expect(await net.serve('n4', 'write')).toMatchObject({ node: 'n2', hops: 1 });
    expect(net.calls).toEqual(['n4>n2', 'n4>n2']);
  });

  it('keeps the deadline of a request over all its attempts', async () => {
    const net = new Net();
    for (const owner of net.owners) net.failures.set(`n4>${owner}`, 'lost');
    const before = net.nowMs;
    await net.failure('n4', 'read');
    expect(net.nowMs - before).toBeLessThanOrEqual(2000 + 60);
  });

  it('refuses a kind of request that it does not know', () => {
    const net = new Net();
    const router = net.routers.get('n1')!;
    expect(() => router.handleRpc('route.nonsense', new Uint8Array())).toThrow(/unknown/);
  });
});
