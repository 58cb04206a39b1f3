/**
 * Anti-entropy: whatever the reason for which two replicas differ, they find out and repair it
 * (Demers et al. 1987; Merkle trees as in Dynamo, section 4.7).
 *
 * Each round, one random reachable peer, all spaces that either of us owns:
 *   1. exchange (name, version vector, Merkle root) of each space; names of spaces spread on the way;
 *   2. who owns a space and has lacked the same writes for a whole round pulls them: shipping had its
 *      chance, and is cheaper;
 *   3. equal vectors with unequal roots are a difference that no vector explains: walk the trees and
 *      pull the buckets that differ.
 * A pull brings everything that the puller's vector does not cover together with the peer's vector, in
 * one message made in one moment, so merging it keeps the space causally closed.
 */

import { covers, equals } from '../conflict/vector.ts';
import type { Placement, VersionVector } from '../data.ts';
import { type PackedVersion, pack, packVersion, unpack, unpackVersion } from '../store/codec.ts';
import type { Replica } from '../store/replica.ts';
import type { Member, Membership } from '../swim/membership.ts';
import { bucketOf, depth } from './merkle.ts';

const roundMs = 1000;
const summaryDeadlineMs = 1000;
const pullDeadlineMs = 15_000;

/** (name, vector, root); an empty root means "heard of, holds nothing". */
type Summary = readonly [string, VersionVector, string];

interface PullRequest {
  readonly space: string;
  readonly vector: VersionVector;
  readonly buckets: readonly number[];
}

interface PullAnswer {
  readonly versions: readonly PackedVersion[];
  readonly vector: VersionVector;
}

export class AntiEntropy {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #placement: Placement;
  /** What each peer had at the last round, by `peer/space`. */
  readonly #lastSeen = new Map<string, VersionVector>();
  readonly #pulling = new Set<string>();
  #stopped = false;
  readonly counters = { rounds: 0, pulls: 0, pulledVersions: 0, differingBuckets: 0 };

  constructor(replica: Replica, membership: Membership, placement: Placement) {
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
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
      const self = this.#membership.self.id;
      const peers = this.#membership
        .members()
        .filter((member) => member.id !== self && this.#membership.reachable(member.id));
      const peer = peers[Math.floor(env.random() * peers.length)];
      const round = peer ? this.#round(peer) : Promise.resolve();
      void round.then(() => this.#schedule());
    });
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
      found.push(concerned ? [name, state.vector, state.merkle.root()] : [name, {}, '']);
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
        pack({ from: this.#membership.self.id, summaries: mine }),
        summaryDeadlineMs,
      );
      this.#compare(peer, unpack(answer) as Summary[]);
    } catch {
      // Out of reach: the next round asks somebody else.
    }
  }

  /** The answering side of a round. */
  handleSync(body: Uint8Array): Uint8Array {
    const { from, summaries } = unpack(body) as { from: string; summaries: Summary[] };
    const peer = this.#membership.get(from);
    const answer = pack(this.#summaries(from));
    if (peer && !this.#replica.faults.has('no-anti-entropy')) this.#compare(peer, summaries);
    return answer;
  }

  #compare(peer: Member, theirs: readonly Summary[]): void {
    for (const [name, vector, root] of theirs) {
      const state = this.#replica.ensure(name);
      if (root === '' || !this.#owns(this.#membership.self.id, name)) continue;
      const key = `${peer.id}/${name}`;
      const before = this.#lastSeen.get(key);
      this.#lastSeen.set(key, vector);
      if (!covers(state.vector, vector)) {
        if (before && !covers(state.vector, before)) void this.pull(peer, name, []);
      } else if (equals(state.vector, vector) && state.merkle.root() !== root) {
        void this.#repair(peer, name, vector);
      }
    }
  }

  /** Walks the trees from the root and pulls the buckets that differ. */
  async #repair(peer: Member, space: string, vector: VersionVector): Promise<void> {
    const key = `${peer.id}/${space}`;
    if (this.#pulling.has(key)) return;
    this.#pulling.add(key);
    try {
      const { merkle } = this.#replica.ensure(space);
      let differing = [0];
      for (let level = 0; level < depth; level++) {
        const body = pack({ space, level, nodes: differing });
        const answer = await this.#replica.env.rpc.call(
          peer.rpcAddress,
          'data.tree',
          body,
          summaryDeadlineMs,
        );
        const theirs = unpack(answer) as number[][];
        differing = differing.flatMap((node, i) =>
          merkle
            .children(level, node)
            .map((hash, child) => (hash === theirs[i]![child] ? -1 : node * 16 + child))
            .filter((index) => index >= 0),
        );
      }
      // Writes that arrived meanwhile make buckets differ for a moment; then nothing is broken.
      if (differing.length === 0 || !equals(this.#replica.ensure(space).vector, vector)) return;
      this.counters.differingBuckets += differing.length;
      await this.#fetch(peer, { space, vector, buckets: differing });
    } catch {
      // Out of reach: the next round tries again.
    } finally {
      this.#pulling.delete(key);
    }
  }

  handleTree(body: Uint8Array): Uint8Array {
    const { space, level, nodes } = unpack(body) as {
      space: string;
      level: number;
      nodes: number[];
    };
    const { merkle } = this.#replica.peek(space);
    return pack(nodes.map((node) => merkle.children(level, node)));
  }

  /** Brings everything of a space that the peer shows and this node does not. */
  async pull(peer: Member, space: string, buckets: readonly number[]): Promise<void> {
    const key = `${peer.id}/${space}`;
    if (this.#pulling.has(key) || this.#replica.faults.has('no-anti-entropy')) return;
    this.#pulling.add(key);
    try {
      await this.#fetch(peer, { space, vector: this.#replica.ensure(space).vector, buckets });
    } catch {
      // Out of reach: whoever needs it asks again.
    } finally {
      this.#pulling.delete(key);
    }
  }

  async #fetch(peer: Member, request: PullRequest): Promise<void> {
    this.counters.pulls++;
    const { rpc } = this.#replica.env;
    const bytes = await rpc.call(peer.rpcAddress, 'data.pull', pack(request), pullDeadlineMs);
    const answer = unpack(bytes) as PullAnswer;
    const state = this.#replica.ensure(request.space);
    if (request.buckets.length === 0 && covers(state.vector, answer.vector)) return;
    this.counters.pulledVersions += answer.versions.length;
    await this.#replica.commitMerge(
      request.space,
      answer.versions.map(unpackVersion),
      answer.vector,
    );
  }

  /** The answering side of a pull. */
  handlePull(body: Uint8Array): Uint8Array {
    const { space, vector, buckets } = unpack(body) as PullRequest;
    const state = this.#replica.peek(space);
    const wanted = new Set(buckets);
    const versions = state.difference(vector, (id) => wanted.size > 0 && wanted.has(bucketOf(id)));
    return pack({ versions: versions.map(packVersion), vector: state.vector });
  }
}
