/**
 * Anti-entropy: whatever the reason for which two replicas differ, they find out and repair it
 * (Demers et al. 1987; Merkle trees as in Dynamo, section 4.7).
 *
 * Every second, with every reachable peer that was not heard meanwhile, those that share a space first:
 *   0. exchange one digest of all spaces, in a few buckets; where they are equal, that is all, so that nodes at rest
 *      say the same little however many spaces there are;
 *   1. exchange (name, what is known, Merkle root) of each space in the buckets that differ; names of spaces
 *      spread on the way;
 *   2. who owns a space, lacks writes of it, and has got none of them since an earlier comparison pulls
 *      them: shipping had its chance, and moves everything once;
 *   3. equal vectors with unequal roots are a difference that no vector explains: walk the trees and
 *      pull the buckets that differ.
 * What a pull is and why merging it keeps the space causally closed: see transfer.ts.
 */

import { covers, equals, lacking, lastOf, nothingKnown } from '../conflict/knowledge.ts';
import type { Knowledge, Placement } from '../data.ts';
import { type RpcBody, RpcError } from '../env/env.ts';
import { opened, parcel } from '../store/codec.ts';
import type { Replica } from '../store/replica.ts';
import type { SpaceState } from '../store/space.ts';
import type { Member, Membership } from '../swim/membership.ts';
import { Honesty } from './honesty.ts';
import { depth, fanout, hashText, hashTexts } from './merkle.ts';
import { Transfers } from './transfer.ts';

const roundMs = 1000;
const summaryDeadlineMs = 1000;
/** How long shipping gets to make progress before a lack is pulled. */
const stallMs = 500;
/** (name, what is known, root, whether its node serves it); an empty root means "heard of, holds nothing". */
type Summary = readonly [string, Knowledge, string, boolean];

interface Digest {
  readonly from: string;
  readonly digest: readonly number[];
  readonly sick: boolean;
}

/** Digests are exchanged in so many buckets of spaces. */
const bucketCount = 16;
/** A peer that was heard so lately need not be asked. */
const freshMs = 700;
/** Peers that are asked in one round. */
const peersAtOnce = 16;

interface Comparison {
  readonly mine: Knowledge;
  readonly theirs: Knowledge;
  readonly atMs: number;
}

/** Is there an actor of whose writes some were lacking, and none has come? */
function stalledSince({ mine, theirs }: Comparison, now: Knowledge): boolean {
  return lacking(now, theirs).some((actor) => lastOf(now, actor) === lastOf(mine, actor));
}

/** Buckets in which two digests differ. */
function differing(left: readonly number[], right: readonly number[]): number[] {
  return left.flatMap((sum, bucket) => (sum === right[bucket] ? [] : [bucket]));
}

/** What is known does not change; the same on all nodes that know the same. */
const texts = new WeakMap<Knowledge, string>();

function textOf(known: Knowledge): string {
  let text = texts.get(known);
  if (text === undefined) {
    const entries = [...Object.entries(known.v), ...Object.entries(known.d)];
    text = entries
      .map(([actor, counters]) => `${actor}:${counters}`)
      .sort()
      .join(',');
    texts.set(known, text);
  }
  return text;
}

export class AntiEntropy {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #placement: Placement;
  /** An earlier comparison, by `peer/space`. */
  readonly #compared = new Map<string, Comparison>();
  readonly #pulling = new Map<string, Promise<void>>();
  readonly #repairing = new Set<string>();
  #stopped = false;
  /** This node takes no writes at present. */
  sick = false;
  readonly transfers: Transfers;
  readonly honesty: Honesty;
  readonly counters = { rounds: 0, differingBuckets: 0 };

  constructor(replica: Replica, membership: Membership, placement: Placement) {
    this.honesty = new Honesty(replica, membership, placement);
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
    this.transfers = new Transfers(replica);
  }

  start(): void {
    this.honesty.start();
    this.#membership.onChange((member) => {
      if (member.state === 'alive' && member.id !== this.#membership.self.id) {
        void this.#round(member);
      }
    });
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
  }

  #schedule(): void {
    const { env } = this.#replica;
    env.timer(roundMs * (0.75 + env.random() / 2), () => {
      if (this.#stopped) return;
      void Promise.all(this.#partners().map((peer) => this.#round(peer))).then(() =>
        this.#schedule(),
      );
    });
  }

  /** Who is to be asked now, those that share a space first. */
  #partners(): readonly Member[] {
    const { env } = this.#replica;
    const self = this.#membership.self.id;
    const nowMs = env.monotonicMs();
    const due = this.#membership
      .members()
      .filter(({ id }) => id !== self && this.#membership.reachable(id))
      .filter(({ id }) => this.honesty.views.heardAtMs(id) < nowMs - freshMs);
    if (due.length <= peersAtOnce) return due;
    const coOwners = new Set<string>();
    for (const name of this.#replica.names()) {
      const owners = this.#placement.owners(name);
      if (owners.includes(self)) for (const owner of owners) coOwners.add(owner);
    }
    const weight = new Map(due.map(({ id }) => [id, env.random() + (coOwners.has(id) ? 1 : 0)]));
    const byWeight = due.toSorted((a, b) => weight.get(b.id)! - weight.get(a.id)!);
    return byWeight.slice(0, peersAtOnce);
  }

  #owns(node: string, space: string): boolean {
    return this.#placement.owners(space).includes(node);
  }

  /** Sums of hashes of all spaces, as both sides must have them where they are in the same state. */
  #digest(peer: string): number[] {
    const self = this.#membership.self.id;
    const sums = new Array<number>(bucketCount).fill(0);
    for (const name of this.#replica.names()) {
      const state = this.#replica.get(name);
      if (!state) continue;
      const shared = this.#owns(self, name) && this.#owns(peer, name);
      const texts = shared ? [name, this.#stateText(state)] : [name];
      const bucket = hashText(name) % bucketCount;
      sums[bucket] = (sums[bucket] + hashTexts(texts)) % 2 ** 52;
    }
    return sums;
  }

  #stateText(state: SpaceState): string {
    const serving = this.honesty.serves(state.name) ? '+' : '-';
    return `|${state.merkle.root()}${textOf(state.known)}${serving}`;
  }

  #summaries(peer: string, buckets: readonly number[]): Summary[] {
    const self = this.#membership.self.id;
    const found: Summary[] = [];
    for (const name of this.#replica.names()) {
      if (!buckets.includes(hashText(name) % bucketCount)) continue;
      const state = this.#replica.get(name)!;
      const concerned = this.#owns(self, name) || this.#owns(peer, name);
      const serves = this.honesty.serves(name);
      const summary: Summary = [name, state.known, state.merkle.root(), serves];
      found.push(concerned ? summary : [name, nothingKnown, '', serves]);
    }
    return found;
  }

  async #round(peer: Member): Promise<void> {
    this.counters.rounds++;
    const { env } = this.#replica;
    const from = this.#membership.self.id;
    const sentMs = env.monotonicMs();
    try {
      const mine = this.#digest(peer.id);
      const digest = parcel({ from, digest: mine, sick: this.sick } satisfies Digest);
      const answer = opened(
        await env.rpc.call(peer.rpcAddress, 'data.digest', digest, summaryDeadlineMs),
      ) as Digest;
      this.honesty.views.told(peer.id, answer.sick);
      const buckets = differing(mine, answer.digest);
      if (buckets.length === 0) return this.honesty.views.heard(peer.id, sentMs, []);
      const body = parcel({ from, buckets, summaries: this.#summaries(peer.id, buckets) });
      const theirs = await env.rpc.call(peer.rpcAddress, 'data.sync', body, summaryDeadlineMs);
      this.#compare(peer, opened(theirs) as Summary[], sentMs);
    } catch (error) {
      // The next round asks somebody else.
      this.#gaveUp('round', peer, error);
    }
  }

  /** The answering side of a round. */
  handleDigest(body: RpcBody): RpcBody {
    const { from, digest, sick } = opened(body) as Digest;
    const mine = this.#digest(from);
    if (differing(mine, digest).length === 0) {
      this.honesty.views.heard(from, this.#replica.env.monotonicMs(), []);
    }
    this.honesty.views.told(from, sick);
    return parcel({ from: this.#membership.self.id, digest: mine, sick: this.sick });
  }

  /** Tells all peers at once whether this node takes writes. */
  announce(sick: boolean): void {
    this.sick = sick;
    for (const peer of this.#membership.members()) {
      const isPeer = peer.id !== this.#membership.self.id && this.#membership.reachable(peer.id);
      if (isPeer) void this.#round(peer);
    }
  }

  /** The answering side of a round that has found a difference. */
  handleSync(body: RpcBody): RpcBody {
    const { from, buckets, summaries } = opened(body) as {
      from: string;
      buckets: readonly number[];
      summaries: Summary[];
    };
    const peer = this.#membership.get(from);
    const answer = parcel(this.#summaries(from, buckets));
    if (peer) this.#compare(peer, summaries, this.#replica.env.monotonicMs());
    return answer;
  }

  /** `atMs`: the peer was in that state then, or later. */
  #compare(peer: Member, theirs: readonly Summary[], atMs: number): void {
    const self = this.#membership.self.id;
    const shared = theirs.filter(([name]) => this.#owns(self, name) && this.#owns(peer.id, name));
    this.honesty.views.heard(
      peer.id,
      atMs,
      shared.map(([space, known, root, serving]) => {
        return { space, known: root === '' ? null : known, serving };
      }),
    );
    for (const [name] of theirs) this.#replica.ensure(name);
    if (this.#replica.faults.has('no-anti-entropy')) return;
    for (const [name, known, root] of theirs) {
      const state = this.#replica.ensure(name);
      if (root === '' || !this.#owns(this.#membership.self.id, name)) continue;
      if (!covers(state.known, known)) {
        if (this.#stalled(`${peer.id}/${name}`, state.known, known)) void this.pull(peer, name);
      } else if (equals(state.known, known) && state.merkle.root() !== root) {
        void this.#repair(peer, name, known);
      }
    }
  }

  /** Did an earlier comparison see the same lack, and has nothing of it come since? */
  #stalled(key: string, mine: Knowledge, theirs: Knowledge): boolean {
    const nowMs = this.#replica.env.monotonicMs();
    const before = this.#compared.get(key);
    if (before && nowMs - before.atMs < stallMs) return false;
    this.#compared.set(key, { mine, theirs, atMs: nowMs });
    return before !== undefined && stalledSince(before, mine);
  }

  /** Walks the trees from the root and pulls the buckets that differ. */
  async #repair(peer: Member, space: string, known: Knowledge): Promise<void> {
    const key = `${peer.id}/${space}`;
    if (this.#repairing.has(key)) return;
    this.#repairing.add(key);
    try {
      const { merkle } = this.#replica.ensure(space);
      let differing = [0];
      for (let level = 0; level < depth; level++) {
        const body = parcel({ space, level, nodes: differing });
        const answer = await this.#replica.env.rpc.call(
          peer.rpcAddress,
          'data.tree',
          body,
          summaryDeadlineMs,
        );
        const theirs = opened(answer) as number[][];
        differing = differing.flatMap((node, i) =>
          merkle
            .children(level, node)
            .map((hash, child) => (hash === theirs[i][child] ? -1 : node * fanout + child))
            .filter((index) => index >= 0),
        );
      }
      // Writes that arrived meanwhile make buckets differ for a moment; then nothing is broken.
      if (differing.length === 0 || !equals(this.#replica.ensure(space).known, known)) return;
      this.counters.differingBuckets += differing.length;
      await this.transfers.fetch(peer, { space, known, buckets: differing });
    } catch (error) {
      // The next round tries again.
      this.#gaveUp('repair', peer, error);
    } finally {
      this.#repairing.delete(key);
    }
  }

  handleTree(body: RpcBody): RpcBody {
    const { space, level, nodes } = opened(body) as {
      space: string;
      level: number;
      nodes: number[];
    };
    const { merkle } = this.#replica.peek(space);
    return parcel(nodes.map((node) => merkle.children(level, node)));
  }

  /**
   * Brings everything of a space that the peer shows and this node does not. Never rejects. Who asks
   * while it is being brought waits for the same.
   */
  pull(peer: Member, space: string): Promise<void> {
    if (this.#replica.faults.has('no-anti-entropy')) return Promise.resolve();
    const key = `${peer.id}/${space}`;
    const running = this.#pulling.get(key);
    if (running) return running;
    const { known } = this.#replica.ensure(space);
    const pull = this.transfers
      .fetch(peer, { space, known, buckets: [] })
      // Whoever needs it asks again.
      .catch((error) => this.#gaveUp('pull', peer, error))
      .finally(() => this.#pulling.delete(key));
    this.#pulling.set(key, pull);
    return pull;
  }

  /** A peer out of reach is nothing to talk about; anything else is. */
  #gaveUp(what: string, peer: Member, error: unknown): void {
    const outOfReach = error instanceof RpcError && error.code !== 'remote';
    const { log } = this.#replica.env;
    const fields = { what, peer: peer.id, reason: String(error) };
    log(outOfReach ? 'debug' : 'warn', 'anti-entropy.gave-up', fields);
  }
}
