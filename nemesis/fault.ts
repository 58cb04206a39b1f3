/**
 * A fault is a value: planned from a seed, applied, proved, healed, proved to be gone. Plans are
 * pure and JSON in and out; everything that touches the cluster is in `apply`, `prove` and `heal`.
 */
import type { Capability, Cluster } from '../harness/cluster/cluster.ts';
import type { Rng } from '../harness/world/rng.ts';

/** For each node the peers whose packets it drops. One-way cuts are the same thing. */
export type Grudge = Readonly<Record<string, readonly string[]>>;

/** One fault as planned: what, whom, and when (ms since the start of the chaos phase). */
export interface FaultPlan {
  readonly id: number;
  readonly kind: string;
  readonly variant: string;
  readonly atMs: number;
  readonly untilMs: number;
  readonly targets: readonly string[];
  readonly grudge?: Grudge;
  readonly parameters?: Readonly<Record<string, number | string>>;
}

/** What was seen when a fault was proved; kept in the run file. */
export interface Proof {
  readonly effective: 'effective' | 'partial' | 'none';
  /** One line for each thing that was tried, in both directions: "n1 -> n3: blocked (expected)". */
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
  /** Colour in plots, as #rrggbb. */
  readonly colour: string;
  /** Capabilities that the cluster must have. */
  readonly needs: readonly Capability[];
  /** Throws PlanError where the variant is impossible with these nodes. */
  plan(context: PlanContext, variant: string, id: number): FaultPlan;
  /** Fills in what only the running cluster knows, such as who is primary. */
  resolve?(cluster: Cluster, plan: FaultPlan): Promise<FaultPlan>;
  apply(cluster: Cluster, plan: FaultPlan): Promise<void>;
  /** `present`: shows that the fault is there. `!present`: shows that it is gone. */
  prove(cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Proof>;
  /** Safe to call twice, and when `apply` failed half-way. */
  heal(cluster: Cluster, plan: FaultPlan): Promise<void>;
}
