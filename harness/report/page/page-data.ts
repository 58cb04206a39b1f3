/**
 * What a page about a run knows beside the columns of its operations: plain values, JSON in and out. Texts in
 * here come from nodes, clients and files of others; whoever shows them shows them as text.
 */
import type { Figure, Valid } from '../../../checkers/verdict/verdict.ts';
import type { Cause } from '../cause/index.ts';
import type { ColumnsHead } from './columns.ts';

export interface PageVerdict {
  readonly checker: string;
  readonly valid: Valid;
  readonly reason: string | null;
  readonly message: string;
  readonly informational: boolean;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly anomalies: readonly PageAnomaly[];
}

export interface PageAnomaly {
  readonly pattern: string;
  readonly violates: readonly string[];
  readonly key: string | null;
  readonly ops: readonly number[];
  readonly summary: string;
  readonly steps: readonly string[];
  readonly count: number;
  readonly confirmed: boolean;
  readonly minimal: boolean;
}

/** A row of table `op`, of the operations that the page names. Times in ns. */
export interface PageOperation {
  readonly idx: number;
  readonly process: number | string;
  readonly f: string;
  readonly outcome: string | null;
  readonly invoked: number;
  readonly completed: number | null;
  readonly node: string | null;
  readonly server: string | null;
  readonly key: string | null;
  readonly value: string | null;
  readonly error: string | null;
  readonly message: string | null;
  readonly version: string | null;
  readonly hops: number | null;
}

export interface PageFault {
  readonly id: number;
  readonly kind: string;
  readonly variant: string;
  readonly description: string;
  /** ns; null: it was never proved to be gone. */
  readonly start: number;
  readonly end: number | null;
  readonly effective: string;
  readonly healed: boolean;
  /** Indices of nodes. */
  readonly targets: readonly number[];
  readonly grudge: readonly (readonly number[])[] | null;
  readonly proof: readonly string[];
}

/** How one node saw all others from `time` on: a letter for each node, or none while it did not answer. */
export interface View {
  readonly time: number;
  readonly node: number;
  /** `a`live, `s`uspect, `d`ead, `l`eft, `.` unknown, `*` itself; empty: no answer. */
  readonly states: string;
  /** connected, partitioned, healing; empty: not said. */
  readonly partition: string;
}

export interface PageLog {
  readonly time: number;
  readonly node: number;
  readonly level: string;
  readonly text: string;
}

export interface ClockOffset {
  readonly time: number;
  readonly node: number;
  readonly ms: number;
}

export interface PageData {
  readonly format: 1;
  readonly title: string;
  /** The verdict in a sentence. */
  readonly sentence: string;
  readonly valid: Valid | null;
  readonly name: string;
  readonly seed: number | null;
  readonly state: string;
  readonly startedAt: string;
  /** ns; the end of the axis. */
  readonly duration: number;
  readonly phases: Readonly<Record<string, number>>;
  readonly replay: string | null;
  readonly run: string | null;
  readonly digest: string | null;
  readonly config: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly counts: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly notes: readonly string[];
  readonly nodes: readonly string[];
  readonly keys: readonly string[];
  readonly errors: readonly string[];
  readonly verdicts: readonly PageVerdict[];
  readonly causes: readonly Cause[];
  /** By pattern the `idx` of every operation that a deciding checker complains of. */
  readonly violations: Readonly<Record<string, readonly number[]>>;
  readonly operations: readonly PageOperation[];
  readonly faults: readonly PageFault[];
  readonly views: readonly View[];
  readonly clocks: readonly ClockOffset[];
  readonly logs: readonly PageLog[];
  /** Log lines that were left out for want of room. */
  readonly logsLeftOut: number;
  /** Tables of the checkers, as they gave them. */
  readonly details: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly columns: ColumnsHead;
}
