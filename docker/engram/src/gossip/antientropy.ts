/**
 * Anti-entropy: whatever the reason for which two replicas differ, they find out and repair it
 * (Demers et al. 1987; Merkle trees as in Dynamo, section 4.7).
 *
 * Each round, one random reachable peer, mostly a co-owner, all spaces that either of us owns:
 *   1. exchange (name, version vector, Merkle root) of each space; names of spaces spread on the way;
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
import type { Member, Membership } from '../swim/membership.ts';
import { depth, fanout } from './merkle.ts';
import { Transfers } from './transfer.ts';

const roundMs = 1000;
const summaryDeadlineMs = 1000;
/** How long shipping gets to make progress before a lack is pulled. */
const stallMs = 500;
/** Share of the rounds that go to somebody with whom this node shares a space. */
const coOwnerShare = 0.8;

/** (name, what is known, root); an empty root means "heard of, holds nothing". */
type Summary = readonly [string, Knowledge, string];

interface Comparison {
  readonly mine: Knowledge;
  readonly theirs: Knowledge;
  readonly atMs: number;
}

/** Is there an actor of whose writes some were lacking, and none has come? */
function stalledSince({ mine, theirs }: Comparison, now: Knowledge): boolean {
  return lacking(now, theirs).some((actor) => lastOf(now, actor) === lastOf(mine, actor));
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
  readonly transfers: Transfers;
  readonly counters = { rounds: 0, differingBuckets: 0 };

  constructor(replica: Replica, membership: Membership, placement: Placement) {
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
    this.transfers = new Transfers(replica);
  }

  start(): void {
    if (this.#replica.faults.has('no-anti-entropy')) return;
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
      const peer = this.#partner();
      const round = peer ? this.#round(peer) : Promise.resolve();
      void round.then(() => this.#schedule());
    });
  }

  /** Mostly a co-owner; at times anybody, for the names of spaces and for what strangers hold. */
  #partner(): Member | undefined {
    const { env } = this.#replica;
    const self = this.#membership.self.id;
    const reachable = this.#membership
      .members()
      .filter((member) => member.id !== self && this.#membership.reachable(member.id));
    const coOwners = new Set<string>();
    for (const name of this.#replica.names()) {
      const owners = this.#placement.owners(name);
      if (owners.includes(self)) for (const owner of owners) coOwners.add(owner);
    }
    const near = reachable.filter((member) => coOwners.has(member.id));
    const peers = near.length > 0 && env.random() < coOwnerShare ? near : reachable;
    return peers[Math.floor(env.random() * peers.length)];
  }

  #owns(node: string, space: string): boolean {
    return this.#placement.owners(space).includes(node);
  }

  #summaries(peer: string): Summary[] {
    const self = this.#membership.self.id;
    const found: Summary[] = [];
    for (const name of this.#replica.names()) {
      const state = this.#replica.get(name)!;
      const concerned = this.#owns(self, name) || this.#owns(peer, name);
      found.push(concerned ? [name, state.known, state.merkle.root()] : [name, nothingKnown, '']);
    }
    return found;
  }

  async #round(peer: Member): Promise<void> {
    this.counters.rounds++;
    try {
      const mine = this.#summaries(peer.id);
      const answer = await this.#replica.env.rpc.call(
        peer.rpcAddress,
        'data.sync',
        parcel({ from: this.#membership.self.id, summaries: mine }),
        summaryDeadlineMs,
      );
      this.#compare(peer, opened(answer) as Summary[]);
    } catch (error) {
      // The next round asks somebody else.
      this.#gaveUp('round', peer, error);
    }
  }

  /** The answering side of a round. */
  handleSync(body: RpcBody): RpcBody {
    const { from, summaries } = opened(body) as { from: string; summaries: Summary[] };
    const peer = this.#membership.get(from);
    const answer = parcel(this.#summaries(from));
    if (peer && !this.#replica.faults.has('no-anti-entropy')) this.#compare(peer, summaries);
    return answer;
  }

  #compare(peer: Member, theirs: readonly Summary[]): void {
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
