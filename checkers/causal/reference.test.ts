import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import { notate } from '../oracle/notate.ts';
import { decide } from '../oracle/reference.ts';
import { operations, type Shape } from '../oracle/testing/random.ts';
import { unlimited } from '../verdict/checker.ts';
import { CausalAnalysis } from './analysis.ts';

/** Set RUNS for a longer comparison: RUNS=20000 npx vitest run checkers/causal/reference.test.ts */
const runs = Number(process.env.RUNS ?? 300);

function ours(ops: readonly PlainOperation[]) {
  const analysis = new CausalAnalysis(buildHistory(ops), unlimited);
  const { sourceless } = analysis.trace;
  const broken = new Set(analysis.breaches(unlimited).map((each) => each.guarantee));
  const thin = sourceless.pattern.some((each) => each === 'ThinAirRead' || each === 'AbortedRead');
  return {
    sourceless: thin,
    future: sourceless.pattern.includes('FutureRead'),
    cyclic: sourceless.pattern.includes('CyclicCO'),
    overwritten: analysis.findings.read.length > 0,
    CCv: analysis.convergence(unlimited).cycles.length === 0,
    CM: analysis.hb('CM', unlimited).length === 0,
    PRAM: !thin && analysis.hb('PRAM', unlimited).length === 0,
    RYW: !broken.has('read-your-writes'),
    MR: !broken.has('monotonic-reads'),
    MW: !broken.has('monotonic-writes'),
    WFR: !broken.has('writes-follow-reads'),
  };
}

function agree(ops: readonly PlainOperation[]): void {
  const expected = decide(buildHistory(ops));
  const found = ours(ops);
  const text = notate(ops);
  const { sourceless, future, cyclic, RYW, MR, MW, WFR, PRAM } = found;
  const cc = !sourceless && !cyclic && !found.overwritten;
  expect({ sourceless, future, cyclic, CC: cc }, text).toEqual({
    sourceless: expected.sourceless,
    future: expected.future,
    cyclic: expected.cyclic,
    CC: expected.CC,
  });
  expect({ CCv: cc && found.CCv, CM: cc && found.CM }, text).toEqual({
    CCv: expected.CCv,
    CM: expected.CM,
  });
  // Where CO is cyclic the reads that close a cycle are left out of the rest.
  if (cyclic) return;
  expect({ RYW, MR, MW, WFR, PRAM }, text).toEqual({
    RYW: expected.RYW,
    MR: expected.MR,
    MW: expected.MW,
    WFR: expected.WFR,
    PRAM: expected.PRAM,
  });
}

const shapes: Readonly<Record<string, Shape>> = {
  'two sessions on one register': {
    sessions: 2,
    keys: 1,
    operations: 7,
    sets: 'none',
    future: false,
    overlapping: false,
  },
  'three sessions on two registers': {
    sessions: 3,
    keys: 2,
    operations: 8,
    sets: 'none',
    future: false,
    overlapping: false,
  },
  'registers, with reads of what is written later': {
    sessions: 3,
    keys: 2,
    operations: 8,
    sets: 'none',
    future: true,
    overlapping: false,
  },
  sets: {
    sessions: 3,
    keys: 2,
    operations: 7,
    sets: 'all',
    future: false,
    overlapping: true,
  },
  'sets and registers together': {
    sessions: 3,
    keys: 2,
    operations: 7,
    sets: 'mixed',
    future: false,
    overlapping: true,
  },
  'overlapping operations': {
    sessions: 4,
    keys: 2,
    operations: 8,
    sets: 'none',
    future: true,
    overlapping: true,
  },
};

describe('the causal checkers agree with brute force on random histories', () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it(name, () => {
      fc.assert(fc.property(operations(shape), agree), { numRuns: runs });
    }, 3_600_000);
  }
});
