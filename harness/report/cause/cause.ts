/** What is known of why: plain values, JSON in and out, for terminal, page and CI alike. */
import type { LogExcerpt } from './logs-around.ts';
import type { Relation } from './place.ts';

/** The violation of a group that is told in full. */
export interface Typical {
  /** `idx` of the operation. */
  readonly op: number;
  /** ns since the start: when its client knew. */
  readonly time: number;
  readonly steps: readonly string[];
  readonly logs: readonly LogExcerpt[];
  /** `idx` of the operations that the steps name: itself, the last read that saw it, the reads without it. */
  readonly ops: readonly number[];
  /** Position among the violations that the checker shows, from 0; null where it is not shown. */
  readonly anomaly: number | null;
}

export interface CauseGroup {
  readonly relation: Relation;
  /** Id of the fault, null in calm. */
  readonly fault: number | null;
  /** Name of the node that served; null where nobody knows. */
  readonly server: string | null;
  /** How many violations stand here. */
  readonly count: number;
  /** How many acknowledged writes stand here in all; null for violations that are no writes. */
  readonly of: number | null;
  /** Shortest and longest time before the fault, ns; only with relation `before`. */
  readonly gap: readonly [number, number] | null;
  /** How many of them somebody had read before. */
  readonly seen: number;
  /** `idx` of the operations, at most `OPS_MAX` of them. */
  readonly ops: readonly number[];
  readonly sentence: string;
  readonly typical: Typical;
}

export interface Consequence {
  readonly checker: string;
  readonly count: number;
  readonly sentence: string;
}

export interface Cause {
  readonly checker: string;
  readonly pattern: string;
  /** As the checker counted. */
  readonly total: number;
  /** Of these, the violations whose operations are known by number. */
  readonly placed: number;
  readonly sentence: string;
  /** The largest first. */
  readonly groups: readonly CauseGroup[];
  readonly consequences: readonly Consequence[];
}
