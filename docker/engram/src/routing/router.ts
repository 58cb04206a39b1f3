/**
 * Brings a request to a node that can serve it. Any node takes any request: an owner serves reads itself,
 * writes go to the primary, everything else is forwarded by RPC, at most twice.
 *
 * Promise about writes: a write that failed with `notApplied` was neither logged nor sent to anyone. So a
 * write goes to the next owner only if the one before certainly never got it. An owner that cannot
 * reach the primary coordinates a write itself: any owner may write, since versions merge.
 */

import { NotWritable, type Placement } from '../data.ts';
import { type Env, Parcel, type RpcBody, RpcError } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import { opened, pack, parcel, unpack, type Wire } from '../store/codec.ts';
import type { Membership } from '../swim/membership.ts';
import { Breakers } from './breaker.ts';
import { RouteGossip } from './gossip.ts';
import { type Route, RoutingTable } from './table.ts';

/** One attempt to forward; short enough that there is time for another owner. */
const readAttemptMs = 1500;
const writeAttemptMs = 1300;
const retryPausesMs = [10, 20, 40];
const hopsMax = 2;

/** What is forwarded; `body` is for whoever registered the kind. */
interface Forwarded {
  readonly kind: string;
  readonly space: string;
  readonly hops: number;
  readonly deadlineMs: number;
  /** Generation of the route that the sender follows. */
  readonly generation: number;
  /** The sender cannot reach the primary: serve it as you are. */
  readonly fallback: boolean;
  readonly body: unknown;
}

type ForwardAnswer =
  /** `route`: what the asker does not know yet. */
  | { readonly t: 'done'; readonly value: unknown; readonly route: Route | null }
  /** Certainly not done, and not to be done here: try another owner. */
  | { readonly t: 'refused' }
  /** Wrong node: try the primary of this route. */
  | { readonly t: 'redirect'; readonly route: Route };

export interface Served<T> {
  readonly value: T;
  readonly node: string;
  readonly hops: number;
}

/** Why nobody served a request. */
export class RoutingError extends Error {
  readonly code: 'NO_OWNER' | 'INDETERMINATE' | 'DEADLINE';
  constructor(code: RoutingError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RoutingError';
    this.code = code;
  }
  /** True: certainly neither logged nor sent to anyone. */
  get notApplied(): boolean {
    return this.code !== 'INDETERMINATE';
  }
}

/** Serves a request of one kind on this node. */
export type LocalHandler = (space: string, body: unknown, deadlineMs: number) => Promise<unknown>;

export interface Kind {
  /** May be repeated: a read. */
  readonly idempotent: boolean;
  readonly handler: LocalHandler;
  /** Absent where what the handler gives is plain data. */
  readonly wire?: Wire;
}

export interface RouterParts {
  readonly env: Env;
  readonly membership: Membership;
  readonly placement: Placement;
  /** Names of all known spaces. */
  spaces(): readonly string[];
  readonly kinds: Readonly<Record<string, Kind>>;
  /** A member takes no writes at present; this node, too. */
  sick?(id: string): boolean;
  /** An owner that serves a space, this node first; null where none is known. */
  servingOwner?(space: string): string | null;
  readonly faults: Faults;
}

export class Router {
  readonly #parts: RouterParts;
  readonly #breakers: Breakers;
  readonly #gossip: RouteGossip;
  readonly table: RoutingTable;
  readonly counters = { forwarded: 0, redirects: 0, retries: 0, promotions: 0, refused: 0 };

  constructor(parts: RouterParts) {
    const { env, membership, placement, faults } = parts;
    this.#parts = parts;
    this.#breakers = new Breakers({ stuck: faults.has('stuck-breaker') });
    this.table = new RoutingTable({
      self: membership.self.id,
      index: () => 1 + membership.members().findIndex((member) => member.id === membership.self.id),
      owners: (space) => placement.owners(space),
      reachable: (id) => membership.reachable(id),
      sick: (id) => parts.sick?.(id) ?? false,
      keepsGeneration: faults.has('promote-without-generation'),
    });
    this.#gossip = new RouteGossip(env, membership, this.table, this.#breakers, () =>
      this.#promoteAll(),
    );
  }

  /** Reads the routes of a former life and begins to talk. */
  async start(): Promise<void> {
    await this.#gossip.start();
  }

  stop(): void {
    this.#gossip.stop();
  }

  #promoteAll(): void {
    for (const space of this.#parts.spaces()) this.#promote(space);
  }

  #promote(space: string): void {
    const route = this.table.promote(space);
    if (!route) return;
    this.counters.promotions++;
    const { generation } = route;
    this.#parts.env.log('info', 'routing.promoted', { space, generation });
    this.#gossip.changed();
  }

  /** Who is to be asked, in this order; the last resort of a write is whoever surely can. */
  #candidates(space: string, idempotent: boolean): string[] {
    const { membership, placement } = this.#parts;
    const self = membership.self.id;
    const owners = placement.owners(space);
    if (owners.includes(self)) {
      const primary = this.table.primary(space);
      if (idempotent) {
        // One that is still joining asks somebody who has the data, and answers itself as a last resort.
        const serving = this.#parts.servingOwner?.(space) ?? self;
        return serving === self ? [self] : [serving, self];
      }
      if (this.#parts.sick?.(self)) {
        return [...this.table.candidates(space).filter((owner) => owner !== self), self];
      }
      if (primary === self || !owners.includes(primary)) return [self];
      return membership.get(primary)?.state === 'alive' ? [primary, self] : [self];
    }
    const candidates = this.table.candidates(space);
    const alive = candidates.filter((owner) => membership.get(owner)?.state === 'alive');
    if (alive.length === candidates.length) return alive;
    return [...alive, ...candidates.filter((owner) => !alive.includes(owner))];
  }

  /** Serves `kind` for a space, here or elsewhere. Rejects with RoutingError. */
  async serve<T>(
    kind: string,
    space: string,
    body: unknown,
    deadlineMs: number,
  ): Promise<Served<T>> {
    const { env, membership, kinds } = this.#parts;
    const self = membership.self.id;
    const { idempotent, handler } = kinds[kind];
    const until = env.monotonicMs() + deadlineMs;
    this.#promote(space);
    const candidates = this.#candidates(space, idempotent);
    let attemptsMax = idempotent ? 1 + retryPausesMs.length : candidates.length;
    let attempts = 0;
    for (let i = 0; i < attemptsMax && candidates.length > 0; i++) {
      const candidate = candidates[i % candidates.length];
      let leftMs = until - env.monotonicMs();
      if (candidate === self && leftMs > 0) {
        try {
          return { value: (await handler(space, body, leftMs)) as T, node: self, hops: 0 };
        } catch (error) {
          if (!(error instanceof NotWritable)) throw error;
          // Nothing of it is in the log: another owner may take it.
          const others = this.table
            .candidates(space)
            .filter((owner) => !candidates.includes(owner));
          candidates.push(...others);
          attemptsMax = candidates.length;
          continue;
        }
      }
      if (!this.#breakers.allows(candidate)) continue;
      if (attempts > 0) {
        await this.#pause(attempts);
        leftMs = until - env.monotonicMs();
      }
      if (leftMs <= 0) throw new RoutingError('DEADLINE', 'no owner answered in time');
      attempts++;
      const fallback = candidate !== this.table.primary(space);
      const request = { kind, space, body, fallback };
      const served = await this.#forward<T>(candidate, request, leftMs, idempotent);
      if (served) return served;
    }
    this.counters.refused++;
    if (this.#parts.faults.has('apply-failed-write') && !idempotent) {
      await handler(space, body, Math.max(1, until - env.monotonicMs()));
    }
    throw new RoutingError('NO_OWNER', 'no owner of it can be reached from this node');
  }

  /** 10, 20, 40 ms with jitter. */
  #pause(attempts: number): Promise<void> {
    const { env } = this.#parts;
    this.counters.retries++;
    const pause = retryPausesMs[Math.min(attempts, retryPausesMs.length) - 1];
    return new Promise((resolve) => {
      env.timer(pause * (0.5 + env.random()), resolve);
    });
  }

  /** Null: certainly not done there, try the next. */
  async #forward<T>(
    target: string,
    request: Pick<Forwarded, 'kind' | 'space' | 'body' | 'fallback'>,
    leftMs: number,
    idempotent: boolean,
  ): Promise<Served<T> | null> {
    const { env, membership, kinds } = this.#parts;
    const { wire } = kinds[request.kind];
    const deadlineMs = Math.min(leftMs, idempotent ? readAttemptMs : writeAttemptMs);
    let node = target;
    for (let hops = 1; hops <= hopsMax; hops++) {
      const member = membership.get(node);
      if (!member || node === membership.self.id || !this.#breakers.allows(node)) return null;
      const { kind, space, body: asked, fallback } = request;
      const generation = this.table.generation(space);
      const forwarded = { kind, space, hops, deadlineMs, generation, fallback, body: asked };
      const body = parcel(forwarded satisfies Forwarded);
      this.counters.forwarded++;
      let answer: ForwardAnswer;
      try {
        const came = await env.rpc.call(member.rpcAddress, 'api.forward', body, deadlineMs);
        answer = answerIn(came, wire);
      } catch (error) {
        if (this.#failed(node, request.kind, error) || idempotent) return null;
        throw new RoutingError(
          'INDETERMINATE',
          `${node} was asked to write and did not answer, so it may have been written`,
          { cause: error },
        );
      }
      this.#breakers.succeeded(node);
      if (answer.t === 'refused') return null;
      if (answer.route && this.table.merge(answer.route)) this.#gossip.learned();
      if (answer.t === 'done') return { value: answer.value as T, node, hops };
      this.counters.redirects++;
      node = answer.route.primary;
    }
    return null;
  }

  /** Notes a failed call; returns whether the request certainly never left this node. */
  #failed(node: string, kind: string, error: unknown): boolean {
    const { env } = this.#parts;
    env.log('debug', 'routing.forward-failed', { peer: node, kind, reason: String(error) });
    if (!(error instanceof RpcError)) return false;
    // A peer that answered with an error is there.
    if (error.code !== 'remote' && this.#breakers.failed(node)) this.#gossip.probe(node);
    return !error.sent;
  }

  /** Requests of peers: `api.forward` and `route.gossip`. */
  handleRpc(method: string, body: RpcBody): RpcBody | Promise<RpcBody> {
    switch (method) {
      case 'route.gossip':
        return this.#gossip.receive(body);
      case 'api.forward':
        return this.#answer(opened(body) as Forwarded);
      default:
        throw new Error(`unknown method ${method}`);
    }
  }

  async #answer(request: Forwarded): Promise<RpcBody> {
    const { membership, placement, kinds } = this.#parts;
    const { kind, space, hops, deadlineMs, generation, fallback } = request;
    const self = membership.self.id;
    const known = kinds[kind];
    if (!known) throw new Error(`unknown kind ${kind} of request; are all nodes of one release?`);
    // A request arrives at a primary that does not know yet that it is one.
    this.#promote(space);
    const route = this.table.route(space);
    const owner = placement.owners(space).includes(self);
    const better = !known.idempotent && !fallback && hops < hopsMax && route.primary !== self;
    if (!owner || (better && membership.get(route.primary)?.state === 'alive')) {
      return answerOut({ t: 'redirect', route }, known.wire);
    }
    let value: unknown;
    try {
      value = await known.handler(space, request.body, deadlineMs);
    } catch (error) {
      if (!(error instanceof NotWritable)) throw error;
      return answerOut({ t: 'refused' }, known.wire);
    }
    const news = route.generation > generation ? route : null;
    return answerOut({ t: 'done', value, route: news }, known.wire);
  }
}

function answerOut(answer: ForwardAnswer, wire: Wire | undefined): RpcBody {
  if (answer.t !== 'done' || wire === undefined) return parcel(answer);
  return new Parcel(answer, () => pack({ ...answer, value: wire.pack(answer.value) }));
}

function answerIn(came: RpcBody, wire: Wire | undefined): ForwardAnswer {
  if (came instanceof Parcel) return came.value as ForwardAnswer;
  const answer = unpack(came) as ForwardAnswer;
  if (answer.t !== 'done' || wire === undefined) return answer;
  return { ...answer, value: wire.unpack(answer.value) };
}
