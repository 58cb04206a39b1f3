/** What runs give, for tests that need no run. */
import type { RunFacts, Violation } from '../run-facts.ts';

/** `bad`: with one violation. Anything else may be changed. */
export function someFacts({
  bad = false,
  ...changes
}: Partial<RunFacts> & { readonly bad?: boolean } = {}): RunFacts {
  const violation: Violation = {
    checker: 'session',
    anomaly: 'read-your-writes',
    workload: 'register',
    fault: 'partition',
    count: 3,
    witnessOps: 2,
    opsBefore: 17,
    summary: 'process 3 read 1 after it had written 2',
  };
  return {
    runId: 'r',
    state: 'done',
    message: null,
    valid: !bad,
    counts: { ok: 90, fail: 6, info: 4 },
    durationNs: 36e9,
    verdicts: [
      { checker: 'session', valid: !bad },
      { checker: 'convergence', valid: true },
    ],
    faults: [
      {
        id: 1,
        kind: 'partition',
        variant: 'halves',
        effective: 'effective',
        healed: true,
        duringShare: 0.5,
        recoveredMs: 120,
      },
    ],
    violations: bad ? [violation] : [],
    figures: { 'converged-after-heal-ms': 1500 },
    coverage: [{ kind: 'partition', workload: 'register', phase: 'in-force', ok: 7 }],
    sometimes: { promotion: 2, siblings: 0 },
    ...changes,
  };
}
