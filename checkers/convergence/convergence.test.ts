import { describe, expect, it } from 'vitest';
import { buildHistory } from '../history/build.ts';
import type { FaultWindow } from '../history/history.ts';
import { parseHistory, parseOperations } from '../oracle/notation.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { convergence } from './convergence.ts';

const judge = (text: string) =>
  convergence.check(parseHistory(text), defaultCheckOptions, unlimited);

describe('convergence', () => {
  it('passes when the last answers of all nodes are equal', () => {
    expect(judge('A w x 1; B w x 2; A r x 1 final; B r x 1 final').valid).toBe(true);
    expect(judge('A add 1; B add 2; A readall {1 2} final; B readall {2 1} final').valid).toBe(
      true,
    );
  });

  it('finds a register that differs in the end (E02)', () => {
    const verdict = judge('A w x 1 || B w x 2; A r x 1 final; B r x 2 final');
    expect(verdict.counts).toEqual({ diverged: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ key: 'x', confirmed: true, minimal: true });
    expect(verdict.anomalies[0].summary).toContain('n1: 1; n2: 2');
  });

  it('finds an element that only some nodes have', () => {
    const verdict = judge('A add 1; B add 2; A readall {1 2} final; B readall {2} final');
    expect(verdict.counts).toEqual({ diverged: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ ops: [0, 2, 3], confirmed: true, minimal: true });
    expect(verdict.anomalies[0].summary).toContain('without 1');
  });

  it('counts each key by itself', () => {
    const verdict = judge(
      'A w x 1; A w y 1; A r x 1 final; A r y 1 final; B r x 0 final; B r y 0 final',
    );
    expect(verdict.counts).toEqual({ diverged: 2 });
    expect(verdict.figures).toMatchObject({ 'key-count': 2, 'diverged-count': 2 });
  });

  it('judges the last complete round only', () => {
    const first = 'A w x 1; A r x 1 final; B r x 0 final;';
    expect(judge(`${first} A r x 1 final; B r x 1 final`).valid).toBe(true);
    expect(judge(`${first} A r x 1 final; B r x fail final`).counts).toEqual({ diverged: 1 });
  });

  it('does not judge a key that changed after the last complete round', () => {
    const good = 'A w x 1; A r x 1 final; B r x 1 final;';
    expect(judge(`${good} A r x 1 final; B r x fail final`).valid).toBe(true);
    expect(judge(`${good} A r x 0 final; B r x fail final`).valid).toBe('unknown');
  });

  it('says when all agreed and stayed so', () => {
    const text =
      'A w x 1 t[0,10]; A r x 1 t[100,110] final; B r x 1 t[110,120] final; ' +
      'A r x 0 t[200,210] final; B r x 1 t[210,220] final; ' +
      'A r x 1 t[300,310] final; B r x 1 t[310,320] final';
    const verdict = judge(text);
    expect(verdict.figures).toMatchObject({
      'converged-at-ms': 310,
      'converged-after-last-write-ms': 300,
      'round-count': 3,
    });
  });

  it('measures from the end of the last fault', () => {
    const fault: FaultWindow = {
      id: 1,
      kind: 'partition',
      variant: 'halves',
      start: 10e6,
      end: 60e6,
      effective: 'effective',
      healed: true,
      targets: [],
      grudge: null,
      description: '',
    };
    const text = 'A w x 1 t[0,10]; A r x 1 t[100,110] final; B r x 1 t[110,120] final';
    const history = buildHistory(parseOperations(text), { faults: [fault] });
    const verdict = convergence.check(history, defaultCheckOptions, unlimited);
    expect(verdict.figures['converged-after-heal-ms']).toBe(60);
  });

  it('is unknown while a node that clients talked to gave no final answer', () => {
    const verdict = judge('A w x 1; B r x 1; A r x 1 final');
    expect(verdict).toMatchObject({ valid: 'unknown', reason: 'no-final-read' });
    expect(verdict.message).toContain('n2');
    expect(verdict.message).toContain('key x');
  });

  it('is unknown while a written key was never read finally', () => {
    const verdict = judge('A w x 1; B w y 1; A r x 1 final; B r x 1 final');
    expect(verdict.valid).toBe('unknown');
    expect(verdict.message).toContain('key y');
  });

  it('is unknown without any final read, and with a single reader', () => {
    expect(judge('A w x 1; B r x 1').reason).toBe('no-final-read');
    const lone = buildHistory([
      { process: 0, f: 'write', key: 'x', value: 1, invoke: 0, complete: 1, status: 'ok' },
      {
        process: 1,
        f: 'read',
        key: 'x',
        value: 1,
        invoke: 2,
        complete: 3,
        status: 'ok',
        final: true,
      },
    ]);
    expect(convergence.check(lone, defaultCheckOptions, unlimited).valid).toBe('unknown');
  });

  it('takes no stale answer for a final one', () => {
    expect(judge('A w x 1; A r x 1 final; B r x 0 final stale').valid).toBe('unknown');
  });

  it('does not judge a key that was still being written', () => {
    const verdict = judge('A w x 1 @1-3; A r x 1 final @4-4; B r x 0 final @2-2');
    expect(verdict.valid).toBe('unknown');
    expect(verdict.message).toContain('still changed');
  });

  it('wants the same siblings, in any order', () => {
    const read = (node: string, value: number, siblings: number[], at: number) => ({
      process: node,
      f: 'read',
      key: 'x',
      value,
      siblings,
      invoke: at,
      complete: at + 1,
      status: 'ok' as const,
      final: true,
      node,
    });
    const judgeReads = (...reads: ReturnType<typeof read>[]) =>
      convergence.check(buildHistory(reads), defaultCheckOptions, unlimited).counts;
    expect(judgeReads(read('n1', 1, [1, 2], 0), read('n2', 1, [2, 1], 2)).diverged).toBeUndefined();
    expect(judgeReads(read('n1', 1, [1, 2], 0), read('n2', 2, [2, 1], 2)).diverged).toBe(1);
    expect(judgeReads(read('n1', 1, [1, 2], 0), read('n2', 1, [1], 2)).diverged).toBe(1);
    expect(judgeReads(read('n1', 1, [1], 0), read('n2', 1, [], 2)).diverged).toBeUndefined();
  });

  it('wants the elements of a list in the same order (P03)', () => {
    const appends = 'A append 1 || B append 2;';
    const verdict = judge(`${appends} A readlist [1,2] final; B readlist [2,1] final`);
    expect(verdict.counts).toEqual({ diverged: 1 });
    expect(verdict.anomalies[0]).toMatchObject({ confirmed: true, minimal: true });
    expect(verdict.anomalies[0].summary).toContain('n1: [1, 2]; n2: [2, 1]');
    expect(judge(`${appends} A readlist [1,2] final; B readlist [1,2] final`).valid).toBe(true);
    expect(judge(`${appends} A readlist [1,2] final; B readlist [1] final`).valid).toBe(false);
  });

  it('follows a list that is rewritten', () => {
    const appends = 'A append 1; A append 2; A append 3;';
    const reads = 'A readlist [1,3,2]; A readlist [1,2,3] final; B readlist [1,2,3] final';
    expect(judge(`${appends} ${reads}`).valid).toBe(true);
    const moved = 'A readlist [1,2,3]; A readlist [3,1,2] final; B readlist [1,2,3] final';
    expect(judge(`${appends} ${moved}`).valid).toBe(false);
  });

  it('does not accept agreement on what nobody wrote', () => {
    expect(judge('A w x 1; A r x 9 final; B r x 9 final').counts).toEqual({ phantom: 1 });
    expect(judge('A w x 1 fail; A r x 1 final; B r x 1 final').counts).toEqual({ resurrected: 1 });
  });
});
