/** Compares the staleness of each read with its definition, written down as plainly as possible. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory } from '../history/build.ts';
import { expectedStaleness, isJudged } from '../oracle/expected-staleness.ts';
import {
  registerOperations,
  setOperations,
  versionedOperations,
} from '../oracle/testing/random-finals.ts';
import { unlimited } from '../verdict/checker.ts';
import { measureStaleness } from './scan.ts';

const numRuns = Number(process.env.AMNESIA_RANDOM_RUNS ?? 1000);
describe('staleness says what its definition says', () => {
  const kinds = {
    sets: setOperations,
    registers: registerOperations,
    siblings: versionedOperations,
  };
  for (const [name, operations] of Object.entries(kinds)) {
    it(`for ${name}`, () => {
      fc.assert(
        fc.property(operations, (ops) => {
          const history = buildHistory(ops);
          const { timeNs, versions } = measureStaleness(history, unlimited);
          for (let row = 0; row < history.n; row++) {
            const op = ops[history.index[row]];
            expect(Number.isNaN(timeNs[row])).toBe(!isJudged(op));
            if (isJudged(op))
              expect([timeNs[row], versions[row]]).toEqual(expectedStaleness(ops, op));
          }
        }),
        { numRuns },
      );
    });
  }
});
