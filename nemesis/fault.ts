/**
 * A fault is a value: planned from a seed, applied, proved, healed, proved to be gone. Plans are
 * pure data (`harness/generator/fault-plan.ts`); what touches the cluster is in `apply`, the proofs and `heal`.
 */
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Rng } from '../harness/world/rng.ts';

/** Whether a fault is there, with what was seen; kept in the run file. */
export interface Proof {
  /** On all targets, on some of them, or on none. */
  readonly effective: 'effective' | 'partial' | 'none';
  /** One line for each thing that was tried, in both directions: "n1 -> n3: blocked (expected)". */
  readonly evidence: readonly string[];
}

/** Whether a fault is gone, with what was seen; kept in the run file. */
export interface ProofOfAbsence {
  /** Nothing of the fault is left on any node. */
  readonly proved: boolean;
  readonly evidence: readonly string[];
}

/** What a planner may know. Nothing of it needs a cluster. */
export interface PlanContext {
  readonly nodes: readonly string[];
  readonly rng: Rng;
  readonly startMs: number;
  readonly durationMs: number;
}

export interface Fault {
  /** partition, kill, pause. */
  readonly kind: string;
  readonly variants: readonly string[];
  /** One sentence for reports and the reference. */
  readonly describe: string;
  /** Capabilities that the cluster must have. */
  readonly needs: readonly Capability[];
  /** Throws PlanError where the variant is impossible with these nodes. */
  plan(context: PlanContext, variant: string, id: number): FaultPlan;
  /** Fills in what only the running cluster knows, such as who is primary. */
  resolve?(cluster: Cluster, plan: FaultPlan): Promise<FaultPlan>;
  /** Resolves with what was done, where that is more than the plan says: lines of evidence. */
  apply(cluster: Cluster, plan: FaultPlan): Promise<void> | Promise<readonly string[]>;
  /** Shows that the fault is there. */
  proveActive(cluster: Cluster, plan: FaultPlan): Promise<Proof>;
  /** Shows that nothing of it is left. */
  proveGone(cluster: Cluster, plan: FaultPlan): Promise<ProofOfAbsence>;
  /** Safe to call twice, and when `apply` failed half-way. */
  heal(cluster: Cluster, plan: FaultPlan): Promise<void>;
}
