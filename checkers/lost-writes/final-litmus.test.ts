/** The columns of the litmus table that final reads decide, and the rows for sets. */
import { describe, expect, it } from 'vitest';
import { convergence } from '../convergence/convergence.ts';
import { buildHistory, type PlainOperation } from '../history/build.ts';
import { LITMUS, says } from '../oracle/litmus.ts';
import { parseOperations } from '../oracle/notation.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { lostWrites } from './lost-writes.ts';

/** Each session's last read of a key is its final read after quiescence. */
function withFinals(text: string): PlainOperation[] {
  const ops = parseOperations(text);
  const isRead = (op: PlainOperation) => ['read', 'read-all', 'read-list'].includes(op.f);
  const last = new Map<string, number>();
  ops.forEach((op, i) => {
    if (isRead(op)) last.set(`${op.process} ${op.key}`, i);
  });
  return ops.map((op, i) =>
    last.get(`${op.process} ${op.key}`) === i ? { ...op, final: true } : op,
  );
}

function decide(text: string) {
  const history = buildHistory(withFinals(text));
  const lost = (realTime: boolean) =>
    lostWrites.check(history, { ...defaultCheckOptions, realTime }, unlimited).counts.lost ?? 0;
  const { counts } = convergence.check(history, defaultCheckOptions, unlimited);
  return {
    converged: (counts.diverged ?? 0) === 0,
    'not-lost': lost(false) === 0,
    'not-lost-real-time': lost(true) === 0,
  };
}

describe('final reads of the litmus table', () => {
  const rows = LITMUS.filter((litmus) => says(litmus, 'converged') !== null);

  it('are there', () => {
    expect(rows.length).toBeGreaterThan(3);
  });

  for (const litmus of rows) {
    it(`${litmus.id}: ${litmus.why}`, () => {
      const columns = ['converged', 'not-lost', 'not-lost-real-time'] as const;
      const expected = Object.fromEntries(columns.map((each) => [each, says(litmus, each)]));
      expect(decide(litmus.history)).toEqual(expected);
    });
  }

  it('T03: an element that its writer did not see at once is not lost', () => {
    const text = 'A add 1; A readall {}; A readall {1}; B readall {1}';
    expect(decide(text)).toMatchObject({ converged: true, 'not-lost': true });
  });

  it('T06: an indeterminate element that is there is recovered', () => {
    const text = 'A add 1 info; B readall {1}; C readall {1}';
    expect(decide(text)).toMatchObject({ 'not-lost': true });
  });

  it('T09: an element that flickers is not lost', () => {
    const text = 'A add 1; B readall {1}; B readall {}; A readall {1}; B readall {1}';
    expect(decide(text)).toMatchObject({ converged: true, 'not-lost': true });
  });
});
