import { describe, expect, it } from 'vitest';
import { COLUMNS, LITMUS, says } from '../oracle/litmus.ts';
import { parseHistory } from '../oracle/notation.ts';
import { decide } from '../oracle/reference.ts';
import { type CheckOptions, unlimited } from '../verdict/checker.ts';
import { CausalAnalysis } from './analysis.ts';
import { causal } from './causal.ts';
import { session } from './session.ts';

const options: CheckOptions = {
  maxAnomalies: 8,
  promises: ['causal', 'session', 'linearizable'],
  models: ['cc', 'ccv', 'cm', 'pram'],
  asked: [],
  realTime: false,
  staleness: { deltaMs: 1000, share: 0.999 },
  minimumOk: { overall: 1, perFaultWindow: 0 },
  aborted: false,
};

describe('litmus tests', () => {
  for (const litmus of LITMUS) {
    const history = parseHistory(litmus.history);
    const verdict = causal.check(history, options, unlimited);
    const guarantees = session.check(history, options, unlimited);

    it(`${litmus.id}: ${litmus.why}`, () => {
      const { figures } = verdict;
      const named = guarantees.figures;
      const found = {
        RYW: named['read-your-writes'],
        MR: named['monotonic-reads'],
        MW: named['monotonic-writes'],
        WFR: named['writes-follow-reads'],
        PRAM: named.PRAM,
        CC: figures.CC,
        CM: figures.CM,
        CCv: figures.CCv,
      };
      const expected = Object.fromEntries(
        Object.keys(found).map((c) => [c, says(litmus, c as 'CC')]),
      );
      expect(found).toEqual(expected);
    });

    it(`${litmus.id}: the reference says the same`, () => {
      const decision = decide(history);
      for (const column of COLUMNS.slice(0, 10)) {
        expect([column, decision[column as 'CC']]).toEqual([column, says(litmus, column)]);
      }
    });

    it(`${litmus.id}: each anomaly is confirmed, minimal, and one of the published patterns`, () => {
      const all = [...verdict.anomalies, ...guarantees.anomalies];
      for (const anomaly of all) {
        expect([anomaly.pattern, anomaly.confirmed, anomaly.minimal]).toEqual([
          anomaly.pattern,
          true,
          true,
        ]);
        expect(anomaly.steps).toHaveLength(anomaly.ops.length);
        expect(anomaly.lanes.length).toBeGreaterThan(0);
      }
      const ours = ['MonotonicReadFlip', 'FutureRead'];
      for (const { pattern } of verdict.anomalies) {
        expect([...litmus.patterns, ...ours]).toContain(pattern);
      }
      expect(verdict.anomalies.length > 0).toBe(
        ['CC', 'CM', 'CCv'].some((c) => says(litmus, c as 'CC') === false),
      );
    });
  }
});

describe('the order of lists', () => {
  const rows: readonly (readonly [string, string, boolean, boolean, boolean])[] = [
    // name, history, CC, CCv, monotonic writes
    ['P01 session order', 'A append 1; A append 2; B readlist [1,2]', true, true, true],
    ['P02 against session order', 'A append 1; A append 2; B readlist [2,1]', false, false, false],
    [
      'P03 two orders of concurrent appends',
      'A append 1 || B append 2; C readlist [1,2]; D readlist [2,1]',
      true,
      false,
      true,
    ],
    [
      'P05 an element appears in the middle',
      'A append 1 || B append 2 || D append 3; C readlist [1,3]; C readlist [1,2,3]',
      true,
      false,
      true,
    ],
    [
      'against a reply, over two sessions',
      'A append 1; B readlist [1]; B append 2; C readlist [2,1]',
      false,
      false,
      true,
    ],
    [
      'longer and shorter beginnings',
      'A append 1; A append 2; B readlist [1,2]; C readlist [1]',
      true,
      true,
      true,
    ],
  ];
  for (const [name, text, cc, ccv, mw] of rows) {
    it(name, () => {
      const history = parseHistory(text);
      const verdict = causal.check(history, options, unlimited);
      const guarantees = session.check(history, options, unlimited);
      expect([verdict.figures.CC, verdict.figures.CCv]).toEqual([cc, ccv]);
      expect(guarantees.figures['monotonic-writes']).toBe(mw);
      for (const anomaly of [...verdict.anomalies, ...guarantees.anomalies]) {
        expect(anomaly).toMatchObject({ confirmed: true, minimal: true });
      }
    });
  }
});

describe('sets and lists', () => {
  const broken = (text: string): string[] => {
    const analysis = new CausalAnalysis(parseHistory(text), unlimited);
    const names: string[] = analysis.breaches(unlimited).map((each) => each.guarantee);
    if (!analysis.cc) names.push('CC');
    if (analysis.hb('PRAM', unlimited).length > 0) names.push('PRAM');
    return [...new Set(names)].sort();
  };
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ['T02 a stale read without a causal link', 'A add 1; B readall {} final', []],
    ['T03 an own element is missing', 'A add 1; A readall {}', ['CC', 'PRAM', 'read-your-writes']],
    ['T06 an indeterminate element took effect', 'A add 1 info; B readall {1}; C readall {1}', []],
    [
      'T09 an element seen before is missing',
      'A add 1; B readall {1}; B readall {}; C readall {1}',
      ['CC', 'PRAM', 'monotonic-reads'],
    ],
    [
      'T10 the second of two elements without the first',
      'A add 1; A add 2; B readall {2}',
      ['CC', 'PRAM', 'monotonic-writes'],
    ],
    [
      'T11 the reply without what it replied to',
      'A add 1; B readall {1}; B add 2; C readall {2}',
      ['CC', 'writes-follow-reads'],
    ],
    ['P01 a list in session order', 'A append 1; A append 2; B readlist [1,2]', []],
    ['a deleted element may be missing', 'A add 1; B readall {1}; C del s 1; B readall {}', []],
    [
      'an element is missing before it may have been deleted',
      'A add 1; B readall {1}; B readall {}; C del s 1',
      ['CC', 'PRAM', 'monotonic-reads'],
    ],
    [
      'a stale answer is left out, and what it showed comes with the next',
      'A add 1; A readall {} stale; B readall {1} stale; C readall {1}; B readall {}',
      [],
    ],
    [
      'what a stale answer showed counts from the next answer on',
      'A add 1; B readall {1} stale; B readall {1}; B readall {}',
      ['CC', 'PRAM', 'monotonic-reads'],
    ],
  ];
  for (const [name, text, expected] of rows) {
    it(name, () => {
      expect(broken(text)).toEqual(expected);
    });
  }
});
