/**
 * Makes a space show what a context covers: waits for shipping, which is mostly on its way, then pulls
 * from whoever may have it.
 *
 * Gives up at the deadline, or at once where waiting is in vain: nobody can be reached, or all who can
 * be reached were asked a moment ago and the nodes that wrote what is missing are out of reach.
 */
import { covers, lacking } from '../conflict/knowledge.ts';
import { nodeOfActor } from '../conflict/vector.ts';
import type { Knowledge, Placement } from '../data.ts';
import type { AntiEntropy } from '../gossip/antientropy.ts';
import type { Member, Membership } from '../swim/membership.ts';
import type { Replica } from './replica.ts';
import type { SpaceState } from './space.ts';

/** How long shipping gets before pulling begins. */
const patienceMs = 40;
const pullPauseMs = 100;
/** How long it stands that everybody was asked in vain. */
const inVainMs = 250;

interface Sources {
  /** Who can be reached and may have what is missing. */
  readonly peers: readonly Member[];
  /** Is a node among them that wrote some of it? */
  readonly writer: boolean;
}

export class CatchUp {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #placement: Placement;
  readonly #antiEntropy: AntiEntropy;
  /** By space: until when asking without a reachable writer is in vain. */
  readonly #inVainUntilMs = new Map<string, number>();

  constructor(
    replica: Replica,
    membership: Membership,
    placement: Placement,
    antiEntropy: AntiEntropy,
  ) {
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
    this.#antiEntropy = antiEntropy;
  }

  /** Resolves with whether `wanted` is visible in the space. */
  async reach(space: string, wanted: Knowledge, timeoutMs: number): Promise<boolean> {
    const { env } = this.#replica;
    if (covers(this.#replica.peek(space).known, wanted)) return true;
    const state = this.#replica.ensure(space);
    const until = env.monotonicMs() + timeoutMs;
    const left = (): number => until - env.monotonicMs();
    if (this.#inVain(state, this.#sources(state, wanted))) return false;
    if (await this.#replica.covered(space, wanted, Math.min(patienceMs, left()))) return true;
    while (left() > 0) {
      const sources = this.#sources(state, wanted);
      if (this.#inVain(state, sources)) return false;
      const pause = Math.min(pullPauseMs, left());
      const arrived = this.#replica.covered(space, wanted, pause);
      const pulls = sources.peers.map((peer) => this.#antiEntropy.pull(peer, space));
      const answered = Promise.all(pulls).then(() => {
        if (!sources.writer) this.#inVainUntilMs.set(space, env.monotonicMs() + inVainMs);
        return covers(state.known, wanted);
      });
      if (await Promise.race([arrived, answered])) return true;
      if (sources.writer && (await this.#replica.covered(space, wanted, Math.min(pause, left())))) {
        return true;
      }
    }
    return covers(state.known, wanted);
  }

  #inVain(state: SpaceState, { peers, writer }: Sources): boolean {
    if (peers.length === 0) return true;
    const until = this.#inVainUntilMs.get(state.name) ?? Number.NEGATIVE_INFINITY;
    return !writer && this.#replica.env.monotonicMs() < until;
  }

  #sources(state: SpaceState, wanted: Knowledge): Sources {
    const self = this.#membership.self.id;
    const names = new Set(this.#placement.owners(state.name));
    let writer = false;
    for (const actor of lacking(state.known, wanted)) {
      const node = nodeOfActor(actor);
      names.add(node);
      if (node !== self && this.#membership.reachable(node)) writer = true;
    }
    const peers = [...names]
      .sort()
      .filter((name) => name !== self && this.#membership.reachable(name))
      .map((name) => this.#membership.get(name))
      .filter((member) => member !== undefined);
    return { peers, writer };
  }
}
