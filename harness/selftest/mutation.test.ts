import { describe, expect, it } from 'vitest';
import type { PlainOperation } from '../../checkers/history/build.ts';
import { notate } from '../../checkers/oracle/notate.ts';
import { parseOperations } from '../../checkers/oracle/notation.ts';
import { makeStyle } from '../report/style.ts';
import { makeRng } from '../world/rng.ts';
import { goodHistory, shapes } from './good.ts';
import { mutations } from './mutate.ts';
import { held, isSound, mutationTest } from './mutation.ts';
import { mutationLines } from './mutation-text.ts';
import { truthOf } from './truth.ts';

const rng = (seed = 1) => makeRng(seed);

/** Without times and readers' nodes. */
const brief = (ops: readonly PlainOperation[] | null): string | null =>
  ops && notate(ops).replaceAll(/ t\[[^\]]*\]/g, '');

describe('good histories', () => {
  for (const shape of shapes) {
    it(`${shape}: violate nothing, and are not all alike`, () => {
      const texts = new Set<string>();
      const seen = new Set<string>();
      for (let seed = 1; seed <= 100; seed++) {
        const ops = goodHistory(shape, rng(seed));
        texts.add(notate(ops));
        for (const op of ops) seen.add(`${op.f} ${op.status}`);
        const truth = truthOf(shape, ops);
        for (const name of held) expect(truth.get(name), notate(ops)).not.toBe(true);
      }
      expect(texts.size).toBeGreaterThan(95);
      const write = shape === 'registers' ? 'write' : 'add';
      for (const status of ['ok', 'info', 'fail']) expect(seen).toContain(`${write} ${status}`);
    });
  }
});

describe('mutations', () => {
  const change = (name: string, text: string): string | null =>
    brief(mutations[name](parseOperations(text), rng()));

  it('drop: nobody sees the effect', () => {
    expect(change('drop', 'A add s 1; B readall s {1}; C readall s {1}')).toBe(
      'A add s 1; B readall s {}; C readall s {}',
    );
  });
  it('delay: one read does not see it', () => {
    expect(change('delay', 'A w x 1; A w x 2; B r x 2')).toBe('A w x 1; A w x 2; B r x 1');
  });
  it('duplicate: a list has it twice, a register again', () => {
    expect(change('duplicate', 'A add s 1; B readall s {1}')).toBe('A add s 1; B readall s {1 1}');
    expect(change('duplicate', 'A w x 1; B r x 1; A w x 2; B r x 2')).toBe(
      'A w x 1; B r x 1; A w x 2; B r x 1',
    );
  });
  it('reorder: two reads of a session change places', () => {
    expect(change('reorder', 'A add s 1; B readall s {}; B readall s {1}')).toBe(
      'A add s 1; B readall s {1}; B readall s {}',
    );
  });
  it('resurrect: what failed, or was deleted, is seen', () => {
    expect(change('resurrect', 'A add s 1 fail; B readall s {}')).toBe(
      'A add s 1 fail; B readall s {1}',
    );
    expect(change('resurrect', 'A add s 1; A del s 1; B readall s {}')).toBe(
      'A add s 1; A delete s 1; B readall s {1}',
    );
  });
  it('change nothing where there is nothing to be changed', () => {
    for (const mutate of Object.values(mutations)) {
      expect(mutate(parseOperations('A add s 1 info; B readall s {}'), rng())).toBeNull();
    }
  });
});

describe('the test of the checkers', () => {
  const report = mutationTest({ mutants: 400, seed: 3 });

  it('finds every mutant and accuses nobody else', () => {
    expect(report.mistakes).toEqual([]);
    expect(isSound(report)).toBe(true);
    expect(report.mutants).toBeGreaterThanOrEqual(400);
    expect(report.innocents).toBeGreaterThan(100);
    expect(report.byMutation.none).toBeUndefined();
    for (const name of [...Object.keys(mutations), 'forget-own', 'read-failed']) {
      expect(report.byMutation[name], name).toBeGreaterThan(3);
    }
    for (const { violating } of report.rates) expect(violating).toBeGreaterThan(30);
  });

  it('says the same for the same seed', () => {
    expect(mutationTest({ mutants: 60, seed: 5 })).toEqual(mutationTest({ mutants: 60, seed: 5 }));
  });

  it('is not content with a checker that missed, accused, or was never asked', () => {
    const [first, ...others] = report.rates;
    for (const wrong of [{ detected: 0 }, { accused: 1 }, { violating: 0, detected: 0 }]) {
      const worse = { ...report, rates: [{ ...first!, ...wrong }, ...others] };
      expect(isSound(worse)).toBe(false);
      expect(mutationLines(worse, makeStyle(false)).join('\n')).toContain('checkers were wrong');
    }
    expect(mutationLines(report, makeStyle(false))[0]).toContain('seed 3');
  });
});
