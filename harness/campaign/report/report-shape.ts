/**
 * The shape of a campaign's report: JSON in and out, the same for one campaign and for many merged. Shares
 * are of 1; times have their unit in their name.
 */
import type { Signature } from '../run-facts.ts';
import type { CampaignSpec } from '../spec.ts';

export interface CampaignReport {
  readonly format: 'amnesia-campaign';
  readonly version: 1;
  readonly campaigns: readonly CampaignSpec[];
  readonly runs: {
    readonly planned: number;
    readonly valid: number;
    readonly invalid: number;
    readonly unknown: number;
    readonly crashed: number;
    readonly running: number;
  };
  readonly operations: Readonly<Record<'all' | 'ok' | 'fail' | 'info', number>>;
  /** Time that clusters lived under load and final reads, h. */
  readonly clusterHours: number;
  readonly faults: readonly FaultCount[];
  readonly verdicts: readonly VerdictCount[];
  readonly unknowns: readonly UnknownCount[];
  readonly violations: readonly ViolationCount[];
  readonly crashes: readonly CrashCount[];
  readonly distributions: readonly Distribution[];
  readonly availability: readonly FaultAvailability[];
  readonly never: Never;
  readonly sometimes: readonly {
    readonly name: string;
    readonly meaning: string;
    /** Runs in which it was true, and how often in all. */
    readonly runs: number;
    readonly count: number;
  }[];
}

export interface FaultCount {
  readonly kind: string;
  readonly windows: number;
  readonly effective: number;
  readonly partial: number;
  readonly none: number;
  readonly notHealed: number;
}

export interface VerdictCount {
  readonly checker: string;
  readonly informational: boolean;
  readonly valid: number;
  readonly invalid: number;
  readonly unknown: number;
  /** Share of runs with a violation, of those in which the checker decided: 95 % bounds. */
  readonly low: number;
  readonly high: number;
}

export interface UnknownCount {
  readonly checker: string;
  readonly reason: string;
  readonly runs: number;
  readonly firstSeed: number;
}

export interface ViolationCount extends Signature {
  /** Runs with it, and runs in which it could have been: same workload and faults, decided. */
  readonly runs: number;
  readonly of: number;
  readonly low: number;
  readonly high: number;
  /** Violations in all runs. */
  readonly count: number;
  readonly firstSeed: number;
  /** Operations of clients until it was first shown: least and median of the runs. */
  readonly opsBeforeMin: number | null;
  readonly opsBeforeMedian: number | null;
  /** Operations of the smallest witness, its seed, what it says, and its folder if it is still there. */
  readonly witnessOps: number | null;
  readonly witnessSeed: number;
  readonly witness: string;
  readonly witnessDir: string | null;
}

export interface CrashCount {
  readonly message: string;
  readonly runs: number;
  readonly firstSeed: number;
}

export interface Distribution {
  readonly figure: string;
  /** Value of `--nemesis`. */
  readonly nemesis: string;
  readonly runs: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface FaultAvailability {
  readonly fault: string;
  readonly windows: number;
  readonly duringShareMin: number | null;
  readonly duringShareP50: number | null;
  readonly recoveredMsP50: number | null;
  readonly recoveredMsP99: number | null;
  readonly recoveredMsMax: number | null;
  /** Windows after which availability did not come back before the load ended. */
  readonly neverRecovered: number;
}

export interface Never {
  /** Of what was asked for: kind of fault x workload x phase of the fault without an ok operation. */
  readonly cells: readonly {
    readonly kind: string;
    readonly workload: string;
    readonly phase: string;
  }[];
  readonly cellsInAll: number;
  /** Variants that never took effect though their kind was asked for. */
  readonly variants: readonly string[];
  /** What exists and was not asked for. */
  readonly kinds: readonly string[];
  readonly workloads: readonly string[];
}
