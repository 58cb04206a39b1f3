/**
 * What tells one run from all others: from the machine's clock and the process, also in the simulator, whose runs
 * of one seed are the same in everything else. No part of a history's digest.
 */
export interface RunIdentity {
  /** Part of every label of the run's cluster. */
  readonly runId: string;
  /** RFC 3339 UTC; names the folder of the run. */
  readonly startedAt: string;
}

let runs = 0;

export function newIdentity(): RunIdentity {
  const now = new Date();
  const number = runs++ === 0 ? '' : `-${runs.toString(36)}`;
  const runId = `${now.getTime().toString(36)}-${process.pid.toString(36)}${number}`;
  return { runId, startedAt: now.toISOString() };
}
