/**
 * Brings a request to a node that can serve it. Any node takes any request: an owner serves reads itself,
 * writes go to the primary, everything else is forwarded by RPC, at most twice.
 *
 * Promise about writes: a write that failed with `applied: false` was neither logged nor sent to anyone.
 * So a write goes to the next owner only if the one before certainly never got it.
 */

import type { Placement } from '../data.ts';
import { type Env, RpcError } from '../env/env.ts';
import { pack, unpack } from '../store/codec.ts';
import type { Member, Membership } from '../swim/membership.ts';
import { Breakers } from './breaker.ts';
import { type Route, RoutingTable } from './table.ts';

const gossipMs = 1000;
const gossipDeadlineMs = 800;
const attemptMs = 700;
const retryPausesMs = [10, 20, 40];
const hopsMax = 2;

/** What is forwarded; `body` is for whoever registered the kind. */
interface Forwarded {
  readonly kind: string;
  readonly space: string;
  readonly hops: number;
  readonly deadlineMs: number;
  readonly body: unknown;
}

type ForwardAnswer =
  | { readonly t: 'done'; readonly hops: number; readonly node: string; readonly value: unknown }
  /** Not an owner: try that node, says the routing entry of this version. */
  | { readonly t: 'redirect'; readonly node: string; readonly version: number };

export interface Served<T> {
  readonly value: T;
  readonly node: string;
  readonly hops: number;
}

export class RoutingError extends Error {
  readonly code: 'NO_OWNER' | 'INDETERMINATE' | 'DEADLINE';
  /** True: certainly neither logged nor sent to anyone. */
  readonly notApplied: boolean;
  constructor(code: RoutingError['code'], message: string, notApplied: boolean) {
    super(message);
    this.code = code;
    this.notApplied = notApplied;
  }
}

/** Serves a request of one kind on this node. */
export type LocalHandler = (space: string, body: unknown, deadlineMs: number) => Promise<unknown>;

export interface Kind {
  readonly idempotent: boolean;
  readonly handler: LocalHandler;
}

export class Router {
  readonly #env: Env;
  readonly #membership: Membership;
  readonly #placement: Placement;
  readonly #kinds: Readonly<Record<string, Kind>>;
  readonly #spaces: () => readonly string[];
  readonly #breakers = new Breakers();
  readonly table: RoutingTable;
  #stopped = false;
  readonly counters = { forwarded: 0, redirects: 0, retries: 0, promotions: 0, refused: 0 };

  constructor(
    env: Env,
    membership: Membership,
    placement: Placement,
    spaces: () => readonly string[],
    kinds: Readonly<Record<string, Kind>>,
  ) {
    this.#env = env;
    this.#membership = membership;
    this.#placement = placement;
    this.#spaces = spaces;
    this.#kinds = kinds;
    this.table = new RoutingTable({
      self: membership.self.id,
      index: () => 1 + membership.members().findIndex((member) => member.id === membership.self.id),
      owners: (space) => placement.owners(space),
      reachable: (id) => membership.reachable(id),
    });
  }

  start(): void {
    this.#membership.onChange((member) => {
      if (member.state === 'alive') this.#breakers.succeeded(member.id);
      this.#promoteAll();
    });
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
  }

  #promoteAll(): void {
    let promoted = false;
    for (const space of this.#spaces()) {
      const route = this.table.promote(space);
      if (!route) continue;
      promoted = true;
      this.counters.promotions++;
      this.#env.log('info', 'routing.promoted', {
        space,
        generation: route.generation,
      });
    }
    if (promoted) for (const peer of this.#peers()) void this.#gossip(peer);
  }

  #peers(): Member[] {
    const self = this.#membership.self.id;
    return this.#membership
      .members()
      .filter((member) => member.id !== self && this.#membership.reachable(member.id));
  }

  #schedule(): void {
    this.#env.timer(gossipMs * (0.75 + this.#env.random() / 2), () => {
      if (this.#stopped) return;
      this.#promoteAll();
      const peers = this.#peers();
      const peer = peers[Math.floor(this.#env.random() * peers.length)];
      void (peer ? this.#gossip(peer) : Promise.resolve()).then(() => this.#schedule());
    });
  }

  async #gossip(peer: Member): Promise<void> {
    try {
      const body = pack(this.table.entries());
      const { rpc } = this.#env;
      const answer = await rpc.call(peer.rpcAddress, 'route.gossip', body, gossipDeadlineMs);
      for (const route of unpack(answer) as Route[]) this.table.merge(route);
    } catch {
      // Out of reach: the next round asks somebody else.
    }
  }

  /** Serves `kind` for a space, here or elsewhere. Rejects with RoutingError. */
  async serve<T>(
    kind: string,
    space: string,
    body: unknown,
    deadlineMs: number,
  ): Promise<Served<T>> {
    const self = this.#membership.self.id;
    const { idempotent, handler } = this.#kinds[kind]!;
    const until = this.#env.monotonicMs() + deadlineMs;
    const owner = this.#placement.owners(space).includes(self);
    this.table.promote(space);
    let candidates = this.table.candidates(space);
    if (idempotent && owner) candidates = [self, ...candidates.filter((each) => each !== self)];
    let attempt = 0;
    for (const candidate of candidates) {
      const left = until - this.#env.monotonicMs();
      if (left <= 0) throw new RoutingError('DEADLINE', 'the deadline passed', !idempotent);
      if (candidate === self) {
        return { value: (await handler(space, body, left)) as T, node: self, hops: 0 };
      }
      if (attempt > 0) await this.#pause(attempt);
      attempt++;
      const served = await this.#tryForward<T>(candidate, kind, space, body, left, idempotent);
      if (served) return served;
    }
    this.counters.refused++;
    throw new RoutingError('NO_OWNER', `no owner of space ${space} can be reached`, !idempotent);
  }

  #pause(attempt: number): Promise<void> {
    this.counters.retries++;
    const pause = retryPausesMs[Math.min(attempt, retryPausesMs.length) - 1]!;
    return new Promise((resolve) => {
      this.#env.timer(pause * (0.5 + this.#env.random()), resolve);
    });
  }

  /** Null: certainly not done there, try the next. */
  async #tryForward<T>(
    target: string,
    kind: string,
    space: string,
    body: unknown,
    leftMs: number,
    idempotent: boolean,
  ): Promise<Served<T> | null> {
    let node = target;
    for (let hops = 1; hops <= hopsMax; hops++) {
      const now = this.#env.monotonicMs();
      const member = this.#membership.get(node);
      if (!member || !this.#breakers.allows(node, now)) return null;
      const deadlineMs = idempotent ? Math.min(leftMs, attemptMs) : leftMs;
      const request: Forwarded = { kind, space, hops, deadlineMs, body };
      this.counters.forwarded++;
      try {
        const { rpc } = this.#env;
        const bytes = await rpc.call(member.rpcAddress, 'api.forward', pack(request), deadlineMs);
        this.#breakers.succeeded(node);
        const answer = unpack(bytes) as ForwardAnswer;
        if (answer.t === 'done') return { value: answer.value as T, node: answer.node, hops };
        this.counters.redirects++;
        node = answer.node;
      } catch (error) {
        this.#breakers.failed(node, this.#env.monotonicMs());
        const sent = !(error instanceof RpcError) || error.sent;
        this.#env.log('debug', 'routing.forward-failed', { peer: node, kind, reason: String(error) });
        if (idempotent || !sent) return null;
        throw new RoutingError(
          'INDETERMINATE',
          `${node} was asked to write and did not answer; the write may have been applied`,
          false,
        );
      }
    }
    return null;
  }

  /** Requests of peers: `api.forward` and `route.gossip`. */
  async handleRpc(method: string, body: Uint8Array): Promise<Uint8Array> {
    if (method === 'route.gossip') {
      for (const route of unpack(body) as Route[]) this.table.merge(route);
      return pack(this.table.entries());
    }
    const { kind, space, hops, deadlineMs, body: request } = unpack(body) as Forwarded;
    const self = this.#membership.self.id;
    if (!this.#placement.owners(space).includes(self)) {
      const { primary, version } = this.table.route(space);
      return pack({ t: 'redirect', node: primary, version } satisfies ForwardAnswer);
    }
    // A request arrives at a primary that does not know yet that it is one.
    this.table.promote(space);
    const { handler } = this.#kinds[kind]!;
    const value = await handler(space, request, deadlineMs);
    return pack({ t: 'done', hops, node: self, value } satisfies ForwardAnswer);
  }
}
