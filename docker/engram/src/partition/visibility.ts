/**
 * How much of the cluster this node sees, and what that does to the confidence of its answers. Pure.
 *
 * r = reachable / known members, self included. Up to 0.6 the node is partitioned and its factor is
 * 1 - 0.5(1 - r), at least 0.5; after it, until it has heard everybody again and for ten seconds at least, it is
 * healing, with 0.9; else connected, with 1. What an answer misses of its own space is told beside it, see
 * gossip/honesty.ts.
 */

export type PartitionState = 'connected' | 'partitioned' | 'healing';

const partitionedUpTo = 0.6;
const healingMs = 10_000;

export interface Visibility {
  readonly state: PartitionState;
  readonly reachable: number;
  readonly known: number;
  /** Multiplies the confidence of every answer. */
  readonly factor: number;
  readonly warnings: readonly string[];
}

export class VisibilityTracker {
  #state: PartitionState = 'connected';
  #healingSinceMs = 0;

  /** What is seen now; call it often enough, since "healing" begins when a partition is seen to end. */
  observe(
    reachable: number,
    known: number,
    nowMs: number,
    heardAllSince: (sinceMs: number) => boolean = () => true,
  ): Visibility {
    const share = known === 0 ? 1 : reachable / known;
    if (share <= partitionedUpTo) {
      this.#state = 'partitioned';
    } else if (this.#state === 'partitioned') {
      this.#state = 'healing';
      this.#healingSinceMs = nowMs;
    } else if (this.#state === 'healing' && nowMs - this.#healingSinceMs >= healingMs) {
      if (heardAllSince(this.#healingSinceMs)) this.#state = 'connected';
    }
    return {
      state: this.#state,
      reachable,
      known,
      factor: factorOf(this.#state, share),
      warnings: warningsOf(this.#state, reachable, known),
    };
  }
}

function factorOf(state: PartitionState, share: number): number {
  switch (state) {
    case 'connected':
      return 1;
    case 'healing':
      return 0.9;
    case 'partitioned':
      return Math.max(0.5, 1 - 0.5 * (1 - share));
  }
}

function warningsOf(state: PartitionState, reachable: number, known: number): string[] {
  switch (state) {
    case 'connected':
      return reachable < known
        ? [`${known - reachable} of ${known} members cannot be reached`]
        : [];
    case 'healing':
      return ['A partition has just ended - answers may lag behind'];
    case 'partitioned':
      return [
        `Partial cluster visibility - may be incomplete (${reachable} of ${known} members reachable)`,
      ];
  }
}
