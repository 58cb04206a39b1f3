/** What a fault is before it happens: pure data, JSON in and out. `nemesis` makes plans and carries them out. */

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
  /** Faults of one lane come one after the other; those of different lanes may be in force at once. */
  readonly lane?: string;
  readonly grudge?: Grudge;
  readonly parameters?: Readonly<Record<string, number | string>>;
}
