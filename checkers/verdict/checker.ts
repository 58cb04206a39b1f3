/**
 * A checker is a record of one pure function and what is to be known about it. It gets the history
 * and options, and a `Budget` that it asks now and then whether it may go on; it has no clock.
 */
import type { DataType } from '../history/data-type.ts';
import type { History } from '../history/history.ts';
import type { Verdict } from './verdict.ts';

export interface CheckOptions {
  /** Number of anomalies that are shown; all are counted. */
  readonly maxAnomalies: number;
  /** What the store promises. What it does not promise is reported as information. */
  readonly promises: readonly Property[];
  /** Promises and checkers that somebody named: their verdicts count whatever comes of them. */
  readonly asked: readonly string[];
  /** Which causal models are decided. */
  readonly models: readonly ('cc' | 'ccv' | 'cm' | 'pram')[];
  /** Lost writes and linearizability against real time instead of causal order. */
  readonly realTime: boolean;
  /** Bound of staleness: `share` of the reads must see every write older than `deltaMs`. */
  readonly staleness: { readonly deltaMs: number; readonly share: number };
  /** Minimum of ok operations, overall and in each fault window, below which nothing is said. */
  readonly minimumOk: { readonly overall: number; readonly perFaultWindow: number };
  /** The run did not come to its end by itself. */
  readonly aborted: boolean;
}

/** Names of properties that a store may promise. */
export const PROPERTIES = [
  'no-lost-writes',
  'convergence',
  'causal',
  'session',
  'linearizable',
  'staleness',
  'confidence',
  'at-least-once',
  'at-most-once',
] as const;
export type Property = (typeof PROPERTIES)[number];

/** Raised by `Budget.step`; composition turns it into `unknown` with the reason. */
export class BudgetExceeded extends Error {
  readonly reason: 'checker-timeout' | 'checker-memory';
  constructor(reason: 'checker-timeout' | 'checker-memory', message: string) {
    super(message);
    this.name = 'BudgetExceeded';
    this.reason = reason;
  }
}

/** Limits, looked at from inside a checker's loops. The clock lives with whoever made the budget. */
export interface Budget {
  /** Call every few hundred steps. Throws BudgetExceeded. */
  step(): void;
}

/**
 * `(row & STEP_MASK) === 0`: time to look at the budget. Seldom enough to cost nothing, and often enough that V8 has
 * seen the look before it optimizes the loop: otherwise it throws the optimized loop away at the first one, and
 * optimizes again, which in a short check costs more than the loop.
 */
export const STEP_MASK = 511;

export const unlimited: Budget = { step() {} };

/**
 * How far what a checker looks at reaches: each key by itself, causal order through all keys, or the run as a
 * whole with its nodes, faults and logs.
 */
export type Scope = 'key' | 'causal' | 'cluster';

export interface Checker {
  readonly name: string;
  readonly version: string;
  readonly scope: Scope;
  /** Types whose operations it judges; `any`: it asks how operations ended, not what they mean. */
  readonly types: readonly DataType[] | 'any';
  /** It judges keys, or does not ask for values, where a value was written more than once. */
  readonly takesRepeated?: true;
  /** What it can say of a history that another tool recorded, which knows no nodes and no faults. */
  readonly foreign: 'judged' | 'judged with final reads' | 'not judged';
  /** What it decides, in one or two sentences. Printed in the reference. */
  readonly decides: string;
  /** Paper and section. */
  readonly source: string;
  /** Examples in the notation of the tests: printed in the reference and run by a test. */
  readonly examples: { readonly passes: string; readonly fails: string };
  /** What it looks at need not be there (looks at nodes, say): then nothing is missing from the verdict. */
  readonly mayBeUnseen?: true;
  /** The promise that it decides: reported as information where the store does not make it. */
  readonly property?: Property;
  check(history: History, options: CheckOptions, budget: Budget): Verdict;
}
