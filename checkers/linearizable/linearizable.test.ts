import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import { LITMUS, says } from '../oracle/litmus.ts';
import { notate } from '../oracle/notate.ts';
import { parseHistory } from '../oracle/notation.ts';
import { hasOrder } from '../oracle/orders.ts';
import { isLinearizable } from '../oracle/reference.ts';
import { operations, type Shape } from '../oracle/testing/random.ts';
import { BudgetExceeded, type CheckOptions, unlimited } from '../verdict/checker.ts';
import { Actions, observing, writing } from './calls.ts';
import { decideLinearizable, linearizable } from './linearizable.ts';
import { States } from './models.ts';

const runs = Number(process.env.RUNS ?? 300);

const options: CheckOptions = {
  maxAnomalies: 8,
  promises: ['linearizable'],
  models: ['cc', 'ccv'],
  asked: [],
  realTime: false,
  staleness: { deltaMs: 1000, share: 0.999 },
  minimumOk: { overall: 1, perFaultWindow: 0 },
  aborted: false,
};

const judge = (text: string) => linearizable.check(parseHistory(text), options, unlimited);

describe('linearizable', () => {
  for (const litmus of LITMUS) {
    it(`${litmus.id}: ${litmus.why}`, () => {
      const verdict = judge(litmus.history);
      expect(verdict.valid).toBe(says(litmus, 'LIN'));
      for (const anomaly of verdict.anomalies) {
        expect(anomaly).toMatchObject({ confirmed: true, minimal: true });
      }
    });
  }

  it('sorts many concurrent writes that took effect in the opposite order', () => {
    const writes = 300;
    const ops = Array.from({ length: writes }, (_, i): PlainOperation[] => {
      const at = 1000 + 10 * (writes - i);
      const common = { process: i, key: 'x', value: i + 1, status: 'ok' } as const;
      return [
        { ...common, f: 'write', invoke: i, complete: at },
        { ...common, f: 'read', invoke: at + 2, complete: at + 4 },
      ];
    });
    const judged = (all: PlainOperation[]) =>
      linearizable.check(buildHistory(all), options, unlimited);
    expect(judged(ops.flat())).toMatchObject({ valid: true, counts: {} });
    const again = { process: 999, key: 'x', value: 7, status: 'ok', f: 'read' } as const;
    const broken = judged([...ops.flat(), { ...again, invoke: 9000, complete: 9001 }]);
    expect(broken.valid).toBe(false);
    for (const each of broken.anomalies) {
      expect(each).toMatchObject({ confirmed: true, minimal: true });
      expect(each.summary).toContain(' 7');
    }
  });

  const literal: readonly (readonly [string, string, string | null])[] = [
    ['lets overlapping writes take effect in either order', 'A w x 1 || B w x 2; C r x 1', null],
    ['finds a value that comes back', 'A w x 1; B w x 2; C r x 1', 'BackwardZoneInside'],
    [
      'finds two values that were both in use before and after the other',
      'A w x 1 || B w x 2; C r x 1; C r x 2; C r x 1; C r x 2',
      'ForwardZonesOverlap',
    ],
    ['counts operations that touch as overlapping', 'A w x 1 t[0,5]; B r x 0 t[5,9]', null],
    [
      'lets an indeterminate write take effect late',
      'A w x 1 info; B r x 0; B r x 0; B r x 1',
      null,
    ],
    [
      'finds an indeterminate write that is gone again',
      'A w x 1 info; B r x 1; B r x 0',
      'BackwardZoneInside',
    ],
    ['finds a read of what is written later', 'A r x 1; B w x 1', 'FutureRead'],
    ['follows a chain of compare-and-set', 'A w x 1; B cas x 1 2; C cas x 2 3; A r x 3', null],
    [
      'finds two compare-and-set of one value',
      'A w x 1; B cas x 1 2 || C cas x 1 3; A r x 3',
      'NoLinearization',
    ],
    ['lets a delete take the value away', 'A w x 1; B del x; A r x 0', null],
    [
      'finds a value that a delete did not take away',
      'A w x 1; B del x; A r x 1',
      'NoLinearization',
    ],
    ['lets a set grow', 'A add 1 @1-3 || B add 2; C readall {2}; C readall {1 2}', null],
    [
      'finds two reads of a set that exclude each other',
      'A add 1 || B add 2; C readall {2} || D readall {1}',
      'IncomparableReads',
    ],
    ['finds an element whose addition had failed', 'A add 1 fail; B readall {1}', 'AbortedRead'],
    ['finds an element that nobody had added', 'A add 1; B readall {1 2}', 'ThinAirRead'],
    [
      'forgets such an element when it is gone',
      'A add 1 fail; B readall {1} stale; B readall {}',
      null,
    ],
    [
      'finds such an element that only a stale answer had shown before',
      'A add 1 fail; B readall {1} stale; B readall {1}',
      'AbortedRead',
    ],
    ['judges lists by their order', 'A append 1; B append 2; C readlist [1,2]', null],
    ['finds a list in the wrong order', 'A append 1; B append 2; C readlist [2,1]', 'OutOfOrder'],
    [
      'finds two answers that are no beginnings of one list',
      'A append 1 || B append 2; C readlist [1,2] || D readlist [2,1]',
      'IncompatibleOrder',
    ],
    ['searches where a value comes again', 'A w x 1; B w x 2; A w x 1; C r x 1', null],
    ['finds a stale one of such values', 'A w x 1; B w x 2; A w x 1; C r x 2', 'NoLinearization'],
    ['takes a write that failed for none', 'A w x 1 fail; B w x 1; C r x 1', null],
    ['finds an element that a later read lacks', 'A add 1; B readall {}', 'OutOfOrder'],
  ];
  for (const [name, text, pattern] of literal) {
    it(name, () => {
      const verdict = judge(text);
      expect(verdict.valid).toBe(pattern === null);
      expect(Object.keys(verdict.counts)).toEqual(pattern === null ? [] : [pattern]);
      for (const anomaly of verdict.anomalies) {
        expect(anomaly).toMatchObject({ confirmed: true, minimal: true });
      }
    });
  }

  /** Each value is swapped for each other one, all at once: an Euler walk, of which there are very many. */
  const swaps = (values: number): string =>
    Array.from({ length: values * values }, (_, i) => [Math.floor(i / values), i % values] as const)
      .filter(([from, to]) => from !== to)
      .map(([from, to], i) => `P${i} cas x ${from + 1} ${to + 1}`)
      .join(' || ');

  it('gives up a search that has too many orders, and says where and how far it came', () => {
    const verdict = judge(`A w x 1; ${swaps(7)} || Z cas x 50 51`);
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'checker-memory' });
    expect(verdict.message).toMatch(/^x: \d+ of 44 operations were put in order, then more orders/);
  });

  it('stops in the middle of a search when the time is up, and keeps what it found on other keys', () => {
    let looks = 0;
    const budget = {
      step() {
        if (looks++ > 20) throw new BudgetExceeded('checker-timeout', 'late');
      },
    };
    const stuck = parseHistory(`A w x 1; ${swaps(7)} || Z cas x 50 51; A w y 1`);
    expect(linearizable.check(stuck, options, budget)).toMatchObject({
      valid: 'unknown',
      reason: 'checker-timeout',
    });
    looks = 0;
    const both = parseHistory(`A w x 1; ${swaps(7)} || Z cas x 50 51; A w y 1; B r y 0`);
    const verdict = linearizable.check(both, options, budget);
    expect(verdict).toMatchObject({ valid: false, figures: { 'keys-undecided-count': 1 } });
  });
});

describe('linearizable agrees with brute force on random histories', () => {
  const base: Shape = {
    sessions: 4,
    keys: 1,
    operations: 7,
    sets: 'none',
    future: false,
    overlapping: true,
  };
  const agree = (ops: readonly PlainOperation[]): void => {
    const found = decideLinearizable(buildHistory(ops), unlimited);
    expect(Object.keys(found.counts).length === 0, notate(ops)).toBe(
      isLinearizable(buildHistory(ops)),
    );
  };
  /** Some writes become compare-and-set of what some operation wrote. */
  const withCas = (ops: readonly PlainOperation[]): PlainOperation[] =>
    ops.map((op, i) =>
      op.f === 'write' && i % 2 === 1
        ? { ...op, f: 'cas', expected: ops.find((other) => other.f === 'write')?.value }
        : op,
    );
  for (const [name, shape] of Object.entries({
    'one register': base,
    'two registers': { ...base, keys: 2, operations: 8 },
    'registers, with reads of what is written later': { ...base, future: true },
    sets: { ...base, sets: 'all' as const },
  })) {
    it(name, () => {
      fc.assert(fc.property(operations(shape), agree), { numRuns: runs });
    }, 3_600_000);
  }

  it('the search agrees with the zones where both apply', () => {
    fc.assert(
      fc.property(operations({ ...base, operations: 8 }), (ops) => {
        const zones = decideLinearizable(buildHistory(ops), unlimited);
        // A compare-and-set that never ran sends the key to the search.
        const failed: PlainOperation = {
          process: 99,
          f: 'cas',
          key: 'x0',
          value: 999,
          expected: 1,
          invoke: 0,
          complete: 1,
          status: 'fail',
        };
        const search = decideLinearizable(buildHistory([...ops, failed]), unlimited);
        expect(search.searchedKeys).toBeGreaterThan(0);
        const ok = (counts: object): boolean => Object.keys(counts).length === 0;
        expect(ok(search.counts), notate(ops)).toBe(ok(zones.counts));
      }),
      { numRuns: runs },
    );
  }, 3_600_000);

  it('compare-and-set chains: what passes has an order, found by trying all', () => {
    fc.assert(
      fc.property(operations({ ...base, operations: 6 }).map(withCas), (ops) => {
        const history = buildHistory(ops);
        const found = decideLinearizable(history, unlimited);
        expect(Object.keys(found.counts).length === 0, notate(ops)).toBe(triesAll(ops));
      }),
      { numRuns: runs },
    );
  }, 3_600_000);
});

describe('lists', () => {
  it('agree with trying all orders', () => {
    const shape: Shape = {
      sessions: 3,
      keys: 1,
      operations: 6,
      sets: 'all',
      future: false,
      overlapping: true,
    };
    const asLists = (ops: readonly PlainOperation[], turn: number): PlainOperation[] =>
      ops.map((op) => {
        if (op.f === 'add') return { ...op, f: 'append' };
        const value = op.value as number[] | null;
        const turned = value !== null && (turn >> (op.invoke % 5)) % 2 === 1;
        return { ...op, f: 'read-list', value: turned ? value.toReversed() : value };
      });
    fc.assert(
      fc.property(operations(shape), fc.nat(31), (raw, turn) => {
        const ops = asLists(raw, turn);
        const found = decideLinearizable(buildHistory(ops), unlimited);
        expect(Object.keys(found.counts).length === 0, notate(ops)).toBe(triesAllLists(ops));
      }),
      { numRuns: runs },
    );
  }, 3_600_000);
});

function triesAllLists(ops: readonly PlainOperation[]): boolean {
  const states = new States();
  const initial = states.id('');
  const actions = new Actions();
  const calls = ops.filter(
    ({ status, f }) => status === 'ok' || (status === 'info' && f === 'append'),
  );
  const action = calls.map(({ f, value }) => {
    const text =
      f === 'append' ? `${value},` : (value as number[]).map((each) => `${each},`).join('');
    return actions.id(`${f} ${text}`, () =>
      f === 'append'
        ? { ...writing(0), blind: false, step: (at) => states.id(states.texts[at] + text) }
        : observing(states.id(text)),
    );
  });
  return hasOrder(
    {
      n: calls.length,
      invoke: Float64Array.from(calls, ({ invoke }) => invoke),
      complete: Float64Array.from(calls, ({ complete }) => complete ?? Number.POSITIVE_INFINITY),
      action: Int32Array.from(action),
    },
    { initial, actions: actions.list },
  );
}

/** Every order of the operations that respects real time, with and without each indeterminate one. */
function triesAll(ops: readonly PlainOperation[]): boolean {
  const effective = ops.filter(
    (op) => op.status !== 'fail' && (op.f !== 'read' || op.status === 'ok'),
  );
  const done = new Set<PlainOperation>();
  const end = (op: PlainOperation): number =>
    op.status === 'info' ? Number.POSITIVE_INFINITY : op.complete!;
  const step = (value: unknown): boolean => {
    if (effective.every((op) => done.has(op) || op.status === 'info')) return true;
    return effective.some((op) => {
      if (done.has(op)) return false;
      if (effective.some((other) => !done.has(other) && end(other) < op.invoke)) return false;
      if (op.f === 'read' && (op.value ?? null) !== value) return false;
      if (op.f === 'cas' && (op.expected ?? null) !== value) return false;
      done.add(op);
      const found = step(op.f === 'read' ? value : op.value);
      done.delete(op);
      return found;
    });
  };
  return step(null);
}
