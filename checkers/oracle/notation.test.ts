import { describe, expect, it } from 'vitest';
import { Flag, Kind, Status } from '../history/history.ts';
import { parseHistory, parseOperations } from './notation.ts';

describe('the notation', () => {
  it('puts steps one after another and lets the operations of one step overlap', () => {
    const [a, b, c] = parseOperations('A w x 1 || B r x 0; A r x 1');
    expect(a!.invoke).toBe(b!.invoke);
    expect(b!.complete!).toBeGreaterThan(a!.invoke);
    expect(c!.invoke).toBeGreaterThan(a!.complete!);
    expect([a!.process, b!.process, c!.process]).toEqual([0, 1, 0]);
  });

  it('knows registers, sets and lists, with and without the key', () => {
    const history = parseHistory(
      'A w x 1; A cas x 1 2; B add 3; B add t 4; B readall {3}; C readall t {4}; ' +
        'C append 5; D readlist [5]; D del x',
    );
    expect([...history.kind]).toEqual([
      Kind.Write,
      Kind.Cas,
      Kind.Add,
      Kind.Add,
      Kind.ReadAll,
      Kind.ReadAll,
      Kind.Append,
      Kind.ReadList,
      Kind.Delete,
    ]);
    expect(history.keys).toEqual(['x', 's', 't']);
  });

  it('reads outcomes, flags, spans, times and nodes', () => {
    const ops = parseOperations(
      'A w x 1 info; B w x 2 fail; C r x 0 final stale on n9; D w x 3 @1-3; E w x 4 t[5,info]',
    );
    expect(ops.map((op) => op.status)).toEqual(['info', 'fail', 'ok', 'ok', 'info']);
    expect(ops[2]).toMatchObject({ final: true, stale: true, node: 'n9', phase: 'final' });
    expect(ops[3].invoke).toBe(0);
    expect(ops[3].complete).toBeGreaterThan(20e6);
    expect(ops[4]).toMatchObject({ invoke: 5e6, complete: null });
    const history = parseHistory('C r x 0 final stale');
    expect(history.flags[0]).toBe(Flag.Final | Flag.Stale);
    expect(history.status[0]).toBe(Status.Ok);
  });

  it('refuses what it does not know', () => {
    expect(() => parseHistory('A jump x')).toThrow(SyntaxError);
    expect(() => parseHistory('A w x 1 maybe')).toThrow(/maybe/);
    expect(() => parseHistory('A w x')).toThrow(/too early/);
  });
});
