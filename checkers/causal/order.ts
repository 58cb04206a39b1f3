/**
 * Sorts operations so that each value is written before it is read, staying close to log order: a depth-first
 * search over session order and reads-from that emits causes first. A read on which the search comes
 * back to itself closes a cycle of CO; its edge is left out and the rest is sorted.
 */
import { Flag, type History, isWrite, Kind, type Ragged, Status } from '../history/history.ts';

/** The columns that are sorted, before anything is decided about them. */
export interface Draft {
  readonly n: number;
  readonly kind: Uint8Array;
  readonly status: Uint8Array;
  readonly flags: Uint8Array;
  readonly session: Int32Array;
  readonly key: Int32Array;
  readonly value: Int32Array;
  readonly row: Int32Array | null;
}

/** Bits of a verdict. */
export const Edge = { Future: 1, Cyclic: 2 } as const;

export interface Sorted {
  /** Old place by new place. */
  readonly order: Int32Array;
  /** By old place: bits of `Edge`. */
  readonly verdict: Uint8Array;
}

const White = 0;
const Grey = 1;
const Black = 2;

/** Places that must come before a place: the one before in its session, then its sources. */
class Causes {
  readonly #draft: Draft;
  readonly #changes: Ragged | null;
  readonly #sources: Uint8Array;
  readonly #writer: Int32Array;
  readonly previous: Int32Array;

  constructor(draft: Draft, changes: Ragged | null, sources: Uint8Array, sessions: number) {
    this.#draft = draft;
    this.#changes = changes;
    this.#sources = sources;
    this.#writer = new Int32Array(sources.length).fill(-1);
    this.previous = new Int32Array(draft.n).fill(-1);
    const last = new Int32Array(sessions).fill(-1);
    for (let place = 0; place < draft.n; place++) {
      const write = isWrite(draft.kind[place]);
      if (write) this.#writer[draft.value[place]] = place;
      if (draft.status[place] === Status.Fail) continue;
      this.previous[place] = last[draft.session[place]];
      // Session order does not lead out of an indeterminate operation, but the order of a session's
      // places tells what leads into it. That adds no cycle: whatever is before it is before the next.
      last[draft.session[place]] = place;
    }
  }

  /** The i-th cause; -1 for none; -2 after the last. */
  at(place: number, i: number): number {
    if (i === 0) return this.previous[place];
    const { kind, status, flags, value, row } = this.#draft;
    if (status[place] !== Status.Ok || (flags[place] & Flag.Stale) !== 0) return -2;
    if (kind[place] === Kind.Read) return i === 1 ? this.source(value[place]) : -2;
    if (kind[place] !== Kind.ReadAll && kind[place] !== Kind.ReadList) return -2;
    const from = row ? row[place] : place;
    const j = this.#changes!.off[from] + i - 1;
    return j < this.#changes!.off[from + 1] ? this.source(this.#changes!.data[j]) : -2;
  }

  /** The latest source of a read in the log, -1 where it has none. */
  latest(place: number): number {
    let latest = -1;
    for (let i = 1, cause = this.at(place, 1); cause !== -2; cause = this.at(place, ++i)) {
      latest = Math.max(latest, cause);
    }
    return latest;
  }

  source(id: number): number {
    if (id <= 0) return -1;
    const status = this.#sources[id] - 1;
    return status === Status.Ok || status === Status.Info ? this.#writer[id] : -1;
  }
}

/** Rounds after which every edge that points forwards in the log is given up: no cycle is without one. */
const roundsMax = 16;

export function sortCausally(
  draft: Draft,
  changes: Ragged | null,
  sources: Uint8Array,
  history: History,
): Sorted {
  const causes = new Causes(draft, changes, sources, history.sessions);
  const verdict = new Uint8Array(draft.n);
  noteFutures(draft, causes, history, verdict);
  const order = new Int32Array(draft.n);
  for (let round = 1; !search(causes, order, verdict); round++) {
    if (round < roundsMax) continue;
    for (let place = 0; place < draft.n; place++) {
      if (causes.latest(place) > place) verdict[place] |= Edge.Cyclic;
    }
  }
  return { order, verdict };
}

/** Reads that had completed before their source was invoked. */
function noteFutures(draft: Draft, causes: Causes, history: History, verdict: Uint8Array): void {
  const rowOf = (place: number): number => (draft.row ? draft.row[place] : place);
  for (let place = 0; place < draft.n; place++) {
    const source = causes.latest(place);
    if (source > place && history.complete[rowOf(place)] < history.invoke[rowOf(source)]) {
      verdict[place] |= Edge.Future;
    }
  }
}

/** One depth-first search. False where it met cycles; a read of each is then marked as cyclic. */
function search(causes: Causes, order: Int32Array, verdict: Uint8Array): boolean {
  const n = order.length;
  const colour = new Uint8Array(n);
  const stack = new Int32Array(n + 1);
  const next = new Int32Array(n);
  let emitted = 0;
  let acyclic = true;
  for (let start = 0; start < n; start++) {
    if (colour[start] !== White) continue;
    let depth = 0;
    stack[0] = start;
    colour[start] = Grey;
    while (depth >= 0) {
      const place = stack[depth];
      const i = next[place]++;
      const cause = i > 0 && (verdict[place] & Edge.Cyclic) !== 0 ? -2 : causes.at(place, i);
      if (cause === -2) {
        colour[place] = Black;
        order[emitted++] = place;
        depth--;
      } else if (cause !== -1 && colour[cause] === White) {
        colour[cause] = Grey;
        stack[++depth] = cause;
      } else if (cause !== -1 && colour[cause] === Grey) {
        acyclic = false;
        verdict[closing(causes, stack, depth, cause)] |= Edge.Cyclic;
      }
    }
  }
  return acyclic;
}

/** The read of a cycle (stack from `cause` to the top) that returns what stands behind it in the log. */
function closing(causes: Causes, stack: Int32Array, depth: number, cause: number): number {
  let after = cause;
  for (let at = depth; at >= 0; at--) {
    const place = stack[at];
    if (after > place && causes.previous[place] !== after) return place;
    if (place === cause) break;
    after = place;
  }
  return stack[depth];
}
