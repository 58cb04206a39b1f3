import { describe, expect, it } from 'vitest';
import { casCalls, casHistory } from '../oracle/cas-store.ts';
import { randomOf } from '../oracle/lww-store.ts';
import { hasOrder } from '../oracle/orders.ts';
import { type RandomObject, randomCalls } from '../oracle/testing/random-calls.ts';
import { BudgetExceeded, unlimited } from '../verdict/checker.ts';
import { Actions, type Calls, type Model, moving, writing } from './calls.ts';
import { linearize } from './linearize.ts';

const runs = Number(process.env.RUNS ?? 3000);
const limits = { budget: unlimited, numbersMax: 2 ** 22 };

const search = (calls: Calls, model: Model) => linearize(calls, model, limits);

describe('the search agrees with brute force', () => {
  const objects: readonly RandomObject[] = ['register', 'cas-register', 'queue', 'lock', 'kv'];
  for (const object of objects) {
    it(`${object}: ${runs} random histories`, () => {
      let linearizable = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const { calls, model, text } = randomCalls(object, randomOf(seed));
        const expected = hasOrder(calls, model);
        if (expected) linearizable++;
        expect(search(calls, model).linearizable, `seed ${seed}: ${text}`).toBe(expected);
      }
      // Neither answer is rare, or nothing was compared.
      expect(linearizable).toBeGreaterThan(runs / 20);
      expect(linearizable).toBeLessThan(runs - runs / 20);
    }, 3_600_000);
  }
});

describe('the search on histories in the shape of published ones', () => {
  it('decides 102 logs of five clients, three values and compare-and-set', () => {
    let violations = 0;
    for (let seed = 1; seed <= 102; seed++) {
      const staleShare = seed % 3 === 0 ? 0.2 : 0;
      const shape = { operations: 170, clients: 5, values: 3, infoShare: 0.1, staleShare, seed };
      const { calls, model } = casCalls(casHistory(shape));
      const { linearizable } = search(calls, model);
      expect(linearizable).not.toBeNull();
      if (linearizable === false) violations++;
      if (staleShare === 0) expect(linearizable, `seed ${seed}`).toBe(true);
    }
    expect(violations).toBeGreaterThan(0);
  });

  it('decides 10,000 operations of 20 clients on one key, a hundredth of them indeterminate', () => {
    const shape = { operations: 10_000, clients: 20, values: 5, infoShare: 0.01, seed: 7 };
    const { calls, model } = casCalls(casHistory(shape));
    expect(search(calls, model).linearizable).toBe(true);
  }, 120_000);
});

describe('a search that has too many orders', () => {
  /** Each of some values is swapped for each other one, all at once: a walk over all edges, of which there are many. */
  const values = 7;
  const actions = new Actions();
  const calls: { invoke: number; complete: number; action: number }[] = [];
  const add = (invoke: number, complete: number, name: string, from: number, to: number): void => {
    const make = () => (from < 0 ? writing(to) : moving(from, to));
    calls.push({ invoke, complete, action: actions.id(name, make) });
  };
  add(0, 1, 'w', -1, 1);
  for (let from = 1; from <= values; from++) {
    for (let to = 1; to <= values; to++) if (from !== to) add(2, 9, `${from} ${to}`, from, to);
  }
  add(2, 9, 'impossible', 50, 51);
  const stuck: Calls = {
    n: calls.length,
    invoke: Float64Array.from(calls, (each) => each.invoke),
    complete: Float64Array.from(calls, (each) => each.complete),
    action: Int32Array.from(calls, (each) => each.action),
  };
  const model = { initial: 0, actions: actions.list };

  it('is given up when it has no more room, and says how far it came', () => {
    const given = linearize(stuck, model, { budget: unlimited, numbersMax: 2 ** 18 });
    expect(given).toMatchObject({ linearizable: null, limit: 'checker-memory' });
    expect(given.ended).toBeGreaterThan(0);
    expect(given.ended).toBeLessThan(stuck.n);
  });

  it('looks at the time in its innermost loop', () => {
    let looks = 0;
    const budget = {
      step() {
        if (looks++ > 20) throw new BudgetExceeded('checker-timeout', 'late');
      },
    };
    const given = linearize(stuck, model, { budget, numbersMax: 2 ** 24 });
    expect(given).toMatchObject({ linearizable: null, limit: 'checker-timeout' });
    expect(looks).toBe(22);
  });
});
