import { describe, expect, it } from 'vitest';
import { checkHistory } from '../index.ts';
import { parseScene } from '../oracle/scene.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { stats } from './stats.ts';
import { vacuity } from './vacuity.ts';

const judge = (scene: string, options = {}) =>
  vacuity.check(parseScene(scene), { ...defaultCheckOptions, ...options }, unlimited);

const count = (scene: string) => stats.check(parseScene(scene), defaultCheckOptions, unlimited);

describe('vacuity', () => {
  it('passes a run in which enough happened', () => {
    expect(judge('A w x 1; B r x 1').valid).toBe(true);
  });

  it('is unknown where too few operations succeeded', () => {
    const options = { minimumOk: { overall: 3, perFaultWindow: 0 } };
    expect(judge('A w x 1; B r x 1', options)).toMatchObject({
      valid: 'unknown',
      reason: 'too-few-ok',
    });
    expect(judge('A w x 1; B r x 1; B r x 1', options).valid).toBe(true);
  });

  it('is unknown where nothing succeeded, whatever the minimum', () => {
    const options = { minimumOk: { overall: 0, perFaultWindow: 0 } };
    expect(judge('A w x 1 fail', options).reason).toBe('too-few-ok');
  });

  it('names and counts what no checker judges', () => {
    const operations = ['enqueue', 'write', 'dequeue'].map((f, i) => ({
      ...{ process: 0, f, key: 'k', value: i + 1, status: 'ok' as const },
      ...{ invoke: 2 * i, complete: 2 * i + 1 },
    }));
    const { valid, verdicts } = checkHistory(operations);
    expect(valid).toBe('unknown');
    expect(verdicts.find((each) => each.checker === 'vacuity')).toMatchObject({
      ...{ valid: 'unknown', reason: 'not-judged' },
      message: 'no checker judges 1 enqueue, 1 dequeue',
    });
    expect(checkHistory(operations.slice(0, 1), { checkers: ['causal'] })).toMatchObject({
      valid: 'unknown',
      verdicts: [{ checker: 'causal', valid: 'unknown', reason: 'not-judged' }],
    });
  });

  it('does not count final reads, which are the tester’s own', () => {
    expect(judge('A w x 1 fail; B r x 0 final').reason).toBe('too-few-ok');
  });

  it('wants operations to succeed within each fault', () => {
    const options = { minimumOk: { overall: 1, perFaultWindow: 2 } };
    const load = 'A w x 1 t[1500,1510]; B r x 1 t[1600,1610]; C r x 1 t[3500,3510]';
    expect(judge(`${load}\nfault partition 1-2 n1`, options).valid).toBe(true);
    const verdict = judge(`${load}\nfault partition 1-2 n1\nfault partition 3-4 n2`, options);
    expect(verdict.reason).toBe('too-few-ok');
    expect(verdict.message).toContain('partition #2 (1)');
  });

  it('asks nothing of a fault that stops every node', () => {
    const options = { minimumOk: { overall: 1, perFaultWindow: 2 } };
    expect(judge('A w x 1; B r x 1\nfault kill 1-3 n1,n2', options).valid).toBe(true);
    expect(judge('A w x 1; B r x 1\nfault kill 1-3 n1', options).valid).toBe('unknown');
  });

  it('is unknown where a fault was not proved, or only in part', () => {
    for (const proof of ['none', 'partial']) {
      const verdict = judge(`A w x 1; B r x 1\nfault kill 1-3 n1 ${proof}`);
      expect(verdict).toMatchObject({ valid: 'unknown', reason: 'fault-not-effective' });
    }
  });

  it('is unknown where a fault was not healed', () => {
    expect(judge('A w x 1; B r x 1\nfault pause 1-never n1').reason).toBe('not-healed');
  });

  it('is unknown where the run was stopped', () => {
    expect(judge('A w x 1; B r x 1', { aborted: true }).reason).toBe('aborted');
  });

  it('names all reasons and gives the gravest', () => {
    const verdict = judge('A w x 1 fail\nfault pause 1-never n1 none', { aborted: true });
    expect(verdict.reason).toBe('aborted');
    expect(verdict.message).toMatch(/stopped.*proved to be gone.*effect.*succeeded/);
  });
});

describe('stats', () => {
  it('counts operations by name and outcome, and errors by class', () => {
    const verdict = count('A w x 1; A w x 2 info error timeout; B r x 1; B r x fail error reset');
    expect(verdict.valid).toBe(true);
    expect(verdict.details).toMatchObject({
      byName: { write: { ok: 1, fail: 0, info: 1 }, read: { ok: 1, fail: 1, info: 0 } },
      byError: { timeout: 1, reset: 1 },
    });
  });

  it('is unknown where one name never succeeded', () => {
    const verdict = count('A w x 1; B r x fail; B r x fail');
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'too-few-ok' });
    expect(verdict.message).toContain('read');
  });

  it('is unknown for an empty history', () => {
    expect(count('').valid).toBe('unknown');
  });

  it('counts answers that were marked stale or carried a warning', () => {
    expect(count('A w x 1; B r x 1 stale warned').figures).toMatchObject({
      'stale-count': 1,
      'warned-count': 1,
    });
  });
});
