/**
 * A history in memory: one column per field, no object per operation.
 *
 * This is the only thing that a checker sees. It is made by `builder.ts` and nothing else: from the rows of
 * a run file (`harness/columns/rows.ts`) or from plain operations (`build.ts`). What was made once can be
 * stored and loaded again (`harness/columns/seal.ts` and `sealed.ts`).
 *
 * **Order.** Row `i` is the i-th operation in *log order*: reads (every operation that returns
 * state) are placed at their completion event, writes at their invocation event. If no read returns
 * a value whose write was invoked after the read completed, log order is a linear extension of
 * causal order (CO), so every causal pass is one scan from 0 to n. Operations that never completed
 * are placed at their invocation.
 *
 * **Values.** Every written value is unique in a run, so a value is a dense *value id*: 1..writes
 * are values that some operation of this history attempted to write, writes+1..values are values
 * that were read and never attempted, 0 is the initial value. Reads-from is an array look-up:
 * `writeOp[value[i]]`.
 *
 * **Sessions.** A session is a sequence of operations of one client that do not overlap. The
 * harness gives one session for each pair of client thread and memory space, because that is the
 * scope in which Engram promises causal order; a foreign history has one for each process. An
 * indeterminate (info) operation keeps its session, but is a side branch of it: session order leads
 * into it and not out of it (it may take effect later than the client's next operation). That is
 * the *fork* of the process model: the thread goes on with everything but the indeterminate one.
 */
import type { Columns } from './columns.ts';
import type { DataType } from './data-type.ts';

export { isWrite, Kind } from './kinds.ts';

/** `Info` also stands for operations that were in flight when the history ended. */
export const Status = { Ok: 0, Fail: 1, Info: 2 } as const;

/** Bits of `flags`. */
export const Flag = {
  /** A read of the final phase, after everything was healed and load had stopped. */
  Final: 1,
  /** The server said that it could not answer from a state as new as the context asked for. */
  Stale: 2,
  /** The answer carried at least one warning. */
  Warned: 4,
} as const;

/** Phases of a run, in order; index into this list is stored in `phase`. */
export const PHASES = ['warm-up', 'chaos', 'heal', 'final'] as const;
export type Phase = (typeof PHASES)[number];

/** Lists of whole numbers of different length, one for each row: row i is data[off[i]..off[i+1]). */
export interface Ragged {
  readonly off: Int32Array;
  readonly data: Int32Array;
}

/** What is known of keys whose operations are not told by columns alone. */
export interface Objects {
  /** By key; null: unknown. */
  readonly types: readonly (DataType | null)[];
  /** By row: JSON of the values of operations on an object of `OBJECT_TYPES`. */
  readonly payload: ReadonlyMap<number, string>;
  /** By key, 1 where a value was written more than once; null where that is nowhere so. */
  readonly repeated: Uint8Array | null;
}

/** The columns of `columns.ts`, each with one number for each of `n` operations, and what belongs to them. */
export interface History extends Columns {
  readonly n: number;
  readonly sessions: number;
  readonly keys: readonly string[];
  readonly nodes: readonly string[];
  /** Number of value ids that were attempted to be written: ids 1..writes. */
  readonly writes: number;
  /** Number of value ids in all: ids writes+1..values were read though nobody attempted them. */
  readonly values: number;
  /** Length values+1: row of the write of a value id, -1 for never attempted ones and for id 0. */
  readonly writeOp: Int32Array;
  /** The value as its source showed it (JSON text). For reports only. */
  valueText(id: number): string;

  /**
   * Whole-object reads (ReadAll, ReadList) as change against the same session's previous ok read of
   * the same key: +id appeared, -id disappeared. The first read of a key is a change against empty.
   * A list is rewritten from where it differs: -id from the end, then +id in order, so that an element which
   * only moved is in both; to be applied from left to right.
   */
  readonly delta: Ragged | null;
  /** Pairs (row, value id) for each element that one whole-object read returned more than once. */
  readonly duplicates: Int32Array | null;
  /** Register reads of servers with versions: value ids of all siblings, the shown one included. */
  readonly siblings: Ragged | null;
  /** Causal contexts and versions, for servers that have them. */
  readonly versions: Versions | null;

  readonly errors: readonly string[];
  readonly fs: readonly string[];
  /** Null where all keys are registers, sets and lists whose values are unique. */
  readonly objects: Objects | null;

  /** What the nemesis did, in order of time. Empty where nothing is known. */
  readonly faults: readonly FaultWindow[];
  /** Looks at the cluster from outside, in order of time. */
  readonly samples: readonly ClusterSample[];
  /** Notable lines of node logs. */
  readonly logs: readonly LogLine[];
}

/**
 * Versions (dots) and contexts (version vectors and single dots) of a server that has them. A dot is `actor:counter`.
 * An acknowledged write whose dot is covered by the request context of a later effective write to
 * the same key is superseded, not lost.
 */
export interface Versions {
  readonly actors: readonly string[];
  /** Index into `actors` of the dot that the server gave to this write or delete, -1 where unknown. */
  readonly dotActor: Int16Array;
  readonly dotCounter: Int32Array;
  /** Row of `contexts` that the *request* carried, -1 where it carried none. */
  readonly context: Int32Array;
  /** Distinct contexts, `actors.length` counters each. */
  readonly contexts: Int32Array;
  /**
   * Single writes that contexts cover beside their counters: (row of `contexts`, actor, counter), in order. A token
   * of a write names that one write so, and none before it.
   */
  readonly dots: Int32Array;
}

/** One fault, from the moment at which it was applied to the moment at which it was healed. */
export interface FaultWindow {
  readonly id: number;
  /** partition, kill, pause ... */
  readonly kind: string;
  /** halves, isolate-one ... */
  readonly variant: string;
  /** ns since the run began; `end` is Infinity where it was never healed. */
  readonly start: number;
  readonly end: number;
  readonly effective: 'effective' | 'partial' | 'none';
  readonly healed: boolean;
  /** Indices into History.nodes of the nodes that were hit (killed, paused, cut off). */
  readonly targets: readonly number[];
  /** For partitions: for each node the nodes whose packets it dropped. Indices into nodes. */
  readonly grudge: readonly (readonly number[])[] | null;
  readonly description: string;
}

/** An answer of `/cluster/health`, `/cluster/nodes`, `/cluster/spaces` or `/cluster/convergence`. */
export interface ClusterSample {
  readonly time: number;
  readonly node: number;
  readonly path: string;
  /** Parsed JSON body, or null where the node did not answer. */
  readonly body: unknown;
}

export interface LogLine {
  readonly time: number;
  readonly node: number;
  readonly level: string;
  readonly text: string;
}
