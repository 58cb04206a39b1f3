/**
 * What is written into a run file beside the operations: the header, faults, looks at the cluster,
 * lines of logs, and how the run ended. Plain values, JSON in and out.
 */
import type { Phase } from '../../checkers/history/history.ts';
import type { FaultPlan } from '../generator/fault-plan.ts';

/** Everything that is known when a run begins. */
export interface RunHeader {
  /** Unique; part of every label of the run's cluster. */
  readonly runId: string;
  /** The folder under results/. */
  readonly name: string;
  /** Null for imported histories. */
  readonly seed: number | null;
  /** Wall clock at time 0 of the run, RFC 3339 UTC. */
  readonly startedAt: string;
  /** n1, n2 ... in the order of the cluster. */
  readonly nodes: readonly string[];
  /** Every option of the run. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** Minimum of ok operations below which nothing is said: the largest of the workloads'. */
  readonly minimumOk?: { readonly overall: number; readonly perFaultWindow: number };
  /** The command that runs this again. */
  readonly replay: string;
  /** Imported histories: where they came from. */
  readonly source?: Readonly<Record<string, unknown>>;
}

/** `failed`: the tester or the cluster broke. A dead process leaves `running` behind. */
export type RunState = 'running' | 'done' | 'aborted' | 'failed';

/** A fault, as far as it has come. Recording the same id again replaces what was there. */
export interface FaultRecord {
  readonly id: number;
  readonly plan: FaultPlan;
  /** One sentence. */
  readonly description: string;
  /** Resolved when it was applied, where the plan leaves that open. */
  readonly targets?: readonly string[];
  readonly grudge?: FaultPlan['grudge'];
  /** Times: ns since the start. When applying began. */
  readonly applied?: number;
  /** When the proof that it is there was complete. */
  readonly inForce?: number;
  readonly healBegan?: number;
  /** When the proof that it is gone was complete. */
  readonly healedAt?: number;
  readonly effective?: 'effective' | 'partial' | 'none';
  readonly proof?: readonly string[];
  /** Proved to be gone. */
  readonly healed?: boolean;
  readonly healProof?: readonly string[];
  /** What went wrong while it was applied, proved or healed. */
  readonly error?: string;
}

/** A look at the cluster. `body` is the parsed JSON answer, null where the node did not answer. */
export interface SampleRecord {
  /** ns since the start. */
  readonly time: number;
  readonly node: string;
  readonly path: string;
  readonly body: unknown;
}

export interface LogRecord {
  /** ns since the start. */
  readonly time: number;
  readonly node: string;
  readonly level: string;
  readonly text: string;
}

/** When each phase began, ns since the start. */
export type PhaseTimes = Partial<Record<Phase, number>>;
