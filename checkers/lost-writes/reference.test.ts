/** Compares lost-writes with the definitions, written down as plainly as possible. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import {
  expectedLostOfRegisters,
  expectedLostOfSets,
  expectedLostOfVersions,
} from '../oracle/expected-loss.ts';
import {
  registerOperations,
  setOperations,
  versionedOperations,
} from '../oracle/testing/random-finals.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { lostWrites } from './lost-writes.ts';

const numRuns = Number(process.env.AMNESIA_RANDOM_RUNS ?? 1000);

/** The verdict's findings: counts, and the values of what is lost. */
function judge(ops: readonly PlainOperation[], realTime = false) {
  const options = { ...defaultCheckOptions, realTime, maxAnomalies: 100 };
  const verdict = lostWrites.check(buildHistory(ops), options, unlimited);
  const lost = verdict.anomalies
    .filter((each) => each.pattern === 'lost')
    .map((each) => Number(each.summary.split(' ')[0]));
  return { verdict, lost: lost.sort((a, b) => a - b) };
}

const sorted = (values: readonly unknown[]) => [...values].map(Number).sort((a, b) => a - b);

describe('lost-writes says what its definition says', () => {
  it('for sets', () => {
    fc.assert(
      fc.property(setOperations, (ops) => {
        const expected = expectedLostOfSets(ops);
        const { verdict, lost } = judge(ops);
        expect(lost).toEqual(sorted(expected.lost));
        expect(verdict.counts.resurrected ?? 0).toBe(expected.resurrected.length);
        expect(verdict.counts.phantom ?? 0).toBe(expected.phantom.length);
        expect((verdict.counts.duplicated ?? 0) > 0).toBe(expected.duplicated.length > 0);
      }),
      { numRuns },
    );
  });

  for (const realTime of [false, true]) {
    it(`for registers, ${realTime ? 'in real time' : 'in causal order'}`, () => {
      fc.assert(
        fc.property(registerOperations, (ops) => {
          const expected = expectedLostOfRegisters(ops, realTime);
          const { verdict, lost } = judge(ops, realTime);
          expect(lost).toEqual(sorted(expected.lost));
          expect(verdict.counts.phantom ?? 0).toBe(expected.phantom.length);
          expect(verdict.counts.resurrected ?? 0).toBe(expected.resurrected.length);
        }),
        { numRuns },
      );
    });
  }

  it('for registers with versions', () => {
    fc.assert(
      fc.property(versionedOperations, (ops) => {
        // Without a single dot there are no versions to go by.
        fc.pre(ops.some((op) => op.dot));
        expect(judge(ops).lost).toEqual(sorted(expectedLostOfVersions(ops)));
      }),
      { numRuns },
    );
  });

  it('with a witness that is confirmed and minimal', () => {
    const any = fc.oneof(setOperations, registerOperations);
    fc.assert(
      fc.property(any, (ops) => {
        for (const anomaly of judge(ops).verdict.anomalies) {
          expect(anomaly).toMatchObject({ confirmed: true, minimal: true });
        }
      }),
      { numRuns: Math.ceil(numRuns / 4) },
    );
  });
});
