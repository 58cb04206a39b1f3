/**
 * A history in memory: one column per field, no object per operation.
 *
 * This is the only thing that a checker sees. It is made by `harness/columns/columns.ts` from a run
 * file, by `checkers/history/build.ts` from plain operations, and by the notation of
 * `checkers/oracle/notation.ts` in tests.
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

/** What an operation does. Register: Read, Write, Cas. Set: ReadAll, Add. List: ReadList, Append. */
export const Kind = {
  Read: 0,
  Write: 1,
  ReadAll: 2,
  Add: 3,
  ReadList: 4,
  Append: 5,
  Cas: 6,
  Delete: 7,
  /** Anything else (a recall, a look at the cluster): counted by `stats` and `availability` only. */
  Other: 8,
} as const;

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

/** The columns. All have length `n` unless said otherwise. Times are ns since the run began. */
export interface History {
  readonly n: number;
  /** Index of the operation in its source (the `idx` column of table `op`, the line of a file). */
  readonly index: Int32Array;
  readonly kind: Uint8Array;
  readonly status: Uint8Array;
  readonly flags: Uint8Array;
  /** Index into PHASES. */
  readonly phase: Uint8Array;
  /** Dense, 0..sessions-1. */
  readonly session: Int32Array;
  /** The process number as in the source; -1 where there is none. */
  readonly process: Int32Array;
  /** Dense, index into `keys`. A set's or list's key is the object; a register's key is the register. */
  readonly key: Int32Array;
  /** Writes: own value id. Register reads: value id read, 0 = initial. Otherwise 0. */
  readonly value: Int32Array;
  /** Index into `nodes`: the node that the client talked to; -1 where unknown. */
  readonly node: Int16Array;
  readonly invoke: Float64Array;
  /** Infinity where the operation never completed. */
  readonly complete: Float64Array;

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
  /** Cas only: the value id that was expected; 0 = initial. */
  readonly expected: Int32Array | null;
  /** Register reads of servers with versions: value ids of all siblings, the shown one included. */
  readonly siblings: Ragged | null;
  /** Causal contexts and versions, for servers that have them. */
  readonly versions: Versions | null;

  /** Confidence factor or confidence as reported, NaN where none. */
  readonly confidence: Float32Array | null;
  /** Number of forwards that the server reported, 255 where unknown. */
  readonly hops: Uint8Array | null;
  /** Index into `nodes` of the node that served the request, -1 where unknown. */
  readonly server: Int16Array | null;
  /** Index into `errors`, -1 where there was none. */
  readonly error: Int32Array | null;
  readonly errors: readonly string[];
  /** How late the operation was invoked against its open-loop schedule, ns. */
  readonly late: Float64Array | null;
  /** Name of the operation as its workload calls it (index into `fs`). */
  readonly f: Uint8Array;
  readonly fs: readonly string[];

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

/** True for operations that put a value into the history. */
export function isWrite(kind: number): boolean {
  return kind === Kind.Write || kind === Kind.Add || kind === Kind.Append || kind === Kind.Cas;
}
