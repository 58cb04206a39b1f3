import { describe, expect, it } from 'vitest';
import { logs } from '../cluster/logs.ts';
import { routing } from '../cluster/routing.ts';
import { parseScene } from '../oracle/scene.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { outcomes } from './outcomes.ts';

const judge = (scene: string) => outcomes.check(parseScene(scene), defaultCheckOptions, unlimited);
const route = (scene: string) => routing.check(parseScene(scene), defaultCheckOptions, unlimited);
const read = (scene: string) => logs.check(parseScene(scene), defaultCheckOptions, unlimited);

describe('outcomes', () => {
  it('passes where nothing contradicts the table', () => {
    const text = 'A w x 1 info error timeout; A w x 2 fail error refused; A w x 3; B r x 3';
    expect(judge(text).valid).toBe(true);
  });

  it('finds a failure that took effect, and names the row', () => {
    const verdict = judge('A w x 1 fail error not-applied; B r x 1');
    expect(verdict.valid).toBe(false);
    expect(verdict.counts).toEqual({ 'fail-took-effect': 1 });
    expect(verdict.anomalies[0].violates).toEqual(['outcome table, row not-applied']);
  });

  it('finds an acknowledged addition that nobody ever saw', () => {
    const finals = 'A readall {2} final; B readall {2} final';
    expect(judge(`A add 1; A add 2; ${finals}`).counts).toEqual({ 'ok-without-effect': 1 });
    expect(judge(`A add 1; C readall {1}; A add 2; ${finals}`).valid).toBe(true);
    expect(judge('A add 1; A readall {}').valid).toBe(true);
  });

  it('doubts itself where a refused connection is called indeterminate', () => {
    const verdict = judge('A w x 1 info error refused');
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'harness-error' });
  });

  it('doubts itself where one error has two outcomes', () => {
    const verdict = judge('A w x 1 info error reset; B w x 2 fail error reset');
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'harness-error' });
  });

  it('lets reads end otherwise than writes', () => {
    expect(judge('A w x 1 info error reset; B r x fail error reset').valid).toBe(true);
  });
});

describe('routing', () => {
  it('tells how far answers went', () => {
    const verdict = route('A w x 1 hops 0; A r x 1 hops 1; A r x 1 hops 1; A r x 1 hops 2');
    expect(verdict.valid).toBe(true);
    expect(verdict.figures).toMatchObject({
      'local-share': 0.25,
      'one-hop-share': 0.5,
      'stale-route-share': 0.25,
      'hops-max': 2,
    });
  });

  it('accuses what goes round in circles', () => {
    const verdict = route('A w x 1 hops 0; A r x 1 hops 3; A r x 1 hops 7');
    expect(verdict.counts).toEqual({ 'route-loop': 2 });
    expect(verdict.anomalies).toHaveLength(1);
    expect(verdict.anomalies[0].count).toBe(2);
  });

  it('has nothing to say, and no doubt, where answers tell no hops', () => {
    expect(route('A w x 1')).toMatchObject({ valid: 'unknown', reason: 'not-judged' });
  });
});

describe('logs', () => {
  it('passes what is not a crash', () => {
    expect(read('A w x 1\nlog 1 n1 warn {"event":"rpc.failed"}').valid).toBe(true);
    expect(read('A w x 1').valid).toBe(true);
  });

  it('finds panics, failed assertions and exhausted memory', () => {
    const verdict = read(
      'A w x 1\n' +
        'log 1 n1 text thread main panicked at src/main.rs:7\n' +
        'log 2 n1 text AssertionError [ERR_ASSERTION]: owners are sorted\n' +
        'log 3 n1 text FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n' +
        'log 4 n1 error Uncaught exception: boom',
    );
    expect(verdict.counts).toEqual({ panic: 2, assertion: 1, 'out-of-memory': 1 });
  });

  const ready = '{"event":"node.ready"}';

  it('finds a start that no fault explains', () => {
    const twice = `A w x 1\nlog 1 n1 info ${ready}\nlog 5 n1 info ${ready}`;
    expect(read(twice).counts).toEqual({ 'unexplained-restart': 1 });
    expect(read(`${twice}\nfault kill 3-4 n1`).valid).toBe(true);
    expect(read(`${twice}\nfault kill 3-4 n2`).valid).toBe(false);
    expect(read(`${twice}\nfault partition 3-4 n1`).valid).toBe(false);
    expect(read(`${twice}\nfault pause 3-4 n1`).valid).toBe(false);
  });

  it('finds a node that gives up on a disk to which nothing was done', () => {
    const end = 'A w x 1\nlog 5 n1 error {"event":"node.cannot-go-on","reason":"a torn tail"}';
    const verdict = read(end);
    expect(verdict.counts).toEqual({ 'gave-up': 1 });
    expect(verdict.anomalies[0].summary).toContain('n1 gave up');
    expect(read(`${end}\nfault power 3-4 n1`).valid).toBe(false);
    expect(read(`${end}\nfault disk-full 3-6 n1`).valid).toBe(true);
    expect(read(`${end}\nfault disk-full 3-6 n2`).valid).toBe(false);
  });

  it('lets each kill explain one start', () => {
    const thrice = `A w x 1\nlog 1 n1 info ${ready}\nlog 5 n1 info ${ready}\nlog 6 n1 info ${ready}`;
    expect(read(`${thrice}\nfault kill 3-4 n1`).counts).toEqual({ 'unexplained-restart': 1 });
  });
});
