/** Compares convergence with its definition, written down as plainly as possible. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory } from '../history/build.ts';
import { expectedConvergence } from '../oracle/expected-convergence.ts';
import {
  registerOperations,
  setOperations,
  versionedOperations,
} from '../oracle/testing/random-finals.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { convergence } from './convergence.ts';

const numRuns = Number(process.env.AMNESIA_RANDOM_RUNS ?? 1000);

describe('convergence says what its definition says', () => {
  const kinds = {
    sets: setOperations,
    registers: registerOperations,
    siblings: versionedOperations,
  };
  for (const [name, operations] of Object.entries(kinds)) {
    it(`for ${name}`, () => {
      fc.assert(
        fc.property(operations, (ops) => {
          const expected = expectedConvergence(ops);
          const options = { ...defaultCheckOptions, maxAnomalies: 100 };
          const verdict = convergence.check(buildHistory(ops), options, unlimited);
          const found = verdict.anomalies.filter((each) => each.pattern === 'diverged');
          expect(found.map((each) => each.key).sort()).toEqual(expected.diverged.sort());
          // What nobody wrote is an accusation of its own.
          if (verdict.counts.phantom || verdict.counts.resurrected) return;
          expect(verdict.valid).toBe(expected.valid);
          if (expected.valid === true) {
            expect(verdict.figures['converged-at-ms']).toBe(Math.round(expected.at / 1e3) / 1e3);
          }
          for (const anomaly of found) {
            expect(anomaly).toMatchObject({ confirmed: true, minimal: true });
          }
        }),
        { numRuns },
      );
    });
  }
});
