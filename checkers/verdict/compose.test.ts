import { describe, expect, it } from 'vitest';
import { checkers, checkHistory, UnknownCheckerError } from '../index.ts';
import { parseHistory, parseOperations } from '../oracle/notation.ts';
import { type Checker, type CheckOptions, unlimited } from './checker.ts';
import { compose, defaultCheckOptions, limitedBudget } from './compose.ts';
import type { Verdict } from './verdict.ts';

const history = parseHistory('A w x 1; B r x 1');

function fake(name: string, answer: Partial<Verdict> | Error, property?: Checker['property']) {
  const checker: Checker = {
    name,
    version: '7',
    scope: 'key',
    types: 'any',
    foreign: 'judged',
    ...(property ? { property } : {}),
    decides: '',
    source: '',
    examples: { passes: '', fails: '' },
    check: (_history, _options, budget) => {
      for (let i = 0; i < 1000; i++) budget.step();
      if (answer instanceof Error) throw answer;
      return {
        checker: name,
        version: '7',
        valid: true,
        message: '',
        figures: {},
        anomalies: [],
        counts: {},
        ...answer,
      };
    },
  };
  return checker;
}

const run = (chosen: Checker[], options: Partial<CheckOptions> = {}, budget = unlimited) =>
  compose(history, chosen, { ...defaultCheckOptions, ...options }, () => budget);

describe('composition', () => {
  it('merges false before unknown before true', () => {
    const good = fake('good', {});
    const unsure = fake('unsure', { valid: 'unknown', reason: 'too-few-ok' });
    const bad = fake('bad', { valid: false });
    expect(run([good]).valid).toBe(true);
    expect(run([good, unsure]).valid).toBe('unknown');
    expect(run([unsure, bad, good]).valid).toBe(false);
  });

  it('makes the crash of one checker the unknown of that one', () => {
    const { valid, verdicts } = run([
      fake('broken', new Error('index out of range')),
      fake('good', {}),
    ]);
    expect(valid).toBe('unknown');
    expect(verdicts.map((each) => each.valid)).toEqual(['unknown', true]);
    expect(verdicts[0]).toMatchObject({ checker: 'broken', version: '7', reason: 'harness-error' });
    expect(verdicts[0].message).toContain('index out of range');
  });

  it('stops a checker at its time limit, by the clock that it is given', () => {
    let nowMs = 0;
    const budget = limitedBudget({ timeLimitMs: 500, now: () => nowMs++ });
    const { verdicts } = run([fake('slow', {})], {}, budget);
    expect(verdicts[0]).toMatchObject({ valid: 'unknown', reason: 'checker-timeout' });
    const enough = limitedBudget({ timeLimitMs: 2000, now: () => nowMs++ });
    expect(run([fake('slow', {})], {}, enough).valid).toBe(true);
  });

  it('stops a checker at its memory limit', () => {
    let bytes = 0;
    const limits = { timeLimitMs: 1000, now: () => 0, memoryMaxBytes: 5000 };
    const budget = limitedBudget({ ...limits, memoryBytes: () => (bytes += 1000) });
    const { verdicts } = run([fake('large', {})], {}, budget);
    expect(verdicts[0]).toMatchObject({ valid: 'unknown', reason: 'checker-memory' });
  });

  it('takes an array that could not be made for a lack of memory', () => {
    const error = new RangeError('Array buffer allocation failed');
    expect(run([fake('large', error)]).verdicts[0].reason).toBe('checker-memory');
  });

  it('reports what the store does not promise, and does not count it', () => {
    const bad = fake('bad', { valid: false }, 'linearizable');
    const { valid, verdicts } = run([bad, fake('good', {})]);
    expect(valid).toBe(true);
    expect(verdicts[0]).toMatchObject({ valid: false, informational: true });
    expect(run([bad], { promises: ['linearizable'] }).valid).toBe(false);
  });

  it('does not count what nobody could look at, unless somebody asked for it', () => {
    const unseen = { valid: 'unknown', reason: 'not-judged' } as const;
    const looks: Checker = { ...fake('looks', unseen), mayBeUnseen: true };
    const chosen = [fake('model', unseen, 'causal'), looks, fake('good', {})];
    const { valid, verdicts } = run(chosen);
    expect(valid).toBe(true);
    expect(verdicts.map((each) => each.informational === true)).toEqual([true, true, false]);
    expect(run(chosen, { asked: ['causal'] }).valid).toBe('unknown');
    expect(run(chosen, { asked: ['looks'] }).valid).toBe('unknown');
    expect(run([fake('always', unseen), fake('good', {})]).valid).toBe('unknown');
  });

  it('counts what somebody asked for, promised or not', () => {
    const bad = fake('bad', { valid: false }, 'linearizable');
    expect(run([bad, fake('good', {})], { asked: ['bad'] }).valid).toBe(false);
  });

  it('says unknown where nothing was judged', () => {
    expect(run([]).valid).toBe('unknown');
    expect(run([fake('bad', { valid: false }, 'linearizable')]).valid).toBe('unknown');
  });

  it('asks for a budget once for each checker, when its turn comes', () => {
    const asked: string[] = [];
    compose(history, [fake('a', {}), fake('b', {})], defaultCheckOptions, ({ name }) => {
      asked.push(name);
      return unlimited;
    });
    expect(asked).toEqual(['a', 'b']);
  });
});

describe('the library', () => {
  it('judges plain operations', () => {
    const operations = parseOperations('A w x 1; A r x 1 final; B r x 1 final');
    const { valid, verdicts } = checkHistory(operations);
    expect(valid).toBe(true);
    expect(verdicts.map((each) => each.checker)).toEqual(Object.keys(checkers));
  });

  it('finds in one call what each checker finds', () => {
    const { valid, verdicts } = checkHistory(
      parseOperations(
        'A w x 1; A w x 2; A w y 3; A r x 1 final; B r x 1 final; A r y 3 final; B r y 0 final',
      ),
    );
    expect(valid).toBe(false);
    const wrong = verdicts.filter((each) => each.valid === false && !each.informational);
    expect(wrong.map((each) => each.checker)).toEqual(
      expect.arrayContaining(['lost-writes', 'convergence', 'causal']),
    );
  });

  it('runs the checkers that are named, in that order', () => {
    const { verdicts } = checkHistory(history, { checkers: ['stats', 'causal'] });
    expect(verdicts.map((each) => each.checker)).toEqual(['stats', 'causal']);
  });

  it('refuses a name that it does not know, with those that it knows', () => {
    const call = () => checkHistory(history, { checkers: ['constructor'] });
    expect(call).toThrow(UnknownCheckerError);
    expect(call).toThrow(/lost-writes/);
  });

  it('never calls an empty history valid', () => {
    expect(checkHistory([]).valid).toBe('unknown');
  });

  it('gives verdicts that JSON can carry', () => {
    const { verdicts } = checkHistory(parseOperations('A add 1; B readall {} final'));
    expect(JSON.parse(JSON.stringify(verdicts))).toEqual(verdicts);
  });
});
