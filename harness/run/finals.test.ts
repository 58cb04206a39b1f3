import { expect, test } from 'vitest';
import type { Completion } from '../generator/operation.ts';
import { FinalReads } from './finals.ts';

const nodes = ['n1', 'n2'];
const ok = (value: unknown, siblings?: unknown[]): Completion => ({
  outcome: 'ok',
  value,
  ...(siblings ? { siblings } : {}),
});

function afterAdds(): FinalReads {
  const finals = new FinalReads();
  for (const value of [1, 2]) finals.note('set', { f: 'add', key: 's', value }, 'n1', ok(value));
  const unknown: Completion = { outcome: 'info', value: 3 };
  finals.note('set', { f: 'add', key: 's', value: 3 }, 'n1', unknown);
  return finals;
}

function answer(finals: FinalReads, node: string, end: Completion): void {
  const f = Array.isArray(end.value) ? 'read-all' : 'read';
  finals.note('set', { f, key: 's', value: null, final: true, node }, node, end);
}

test('a key is settled when all nodes gave the same answer, in whatever order', () => {
  const finals = afterAdds();
  expect(finals.unsettled('set', nodes)).toEqual(['s']);
  answer(finals, 'n1', ok([1, 2]));
  expect(finals.unsettled('set', nodes)).toEqual(['s']);
  answer(finals, 'n2', ok([2, 1]));
  expect(finals.unsettled('set', nodes)).toEqual([]);
});

test('agreement without an acknowledged element is none; an indeterminate one may be missing', () => {
  const finals = afterAdds();
  for (const node of nodes) answer(finals, node, ok([1]));
  expect(finals.unsettled('set', nodes)).toEqual(['s']);
  for (const node of nodes) answer(finals, node, ok([1, 2]));
  expect(finals.unsettled('set', nodes)).toEqual([]);
  for (const node of nodes) answer(finals, node, ok([1, 2, 3]));
  expect(finals.unsettled('set', nodes)).toEqual([]);
});

test('what may have been deleted may be missing, and may be there', () => {
  for (const outcome of ['ok', 'info', 'fail'] as const) {
    const finals = afterAdds();
    finals.note('set', { f: 'delete', key: 's', value: 2 }, 'n1', { outcome, value: 2 });
    for (const node of nodes) answer(finals, node, ok([1]));
    expect(finals.unsettled('set', nodes)).toEqual(outcome === 'fail' ? ['s'] : []);
    for (const node of nodes) answer(finals, node, ok([1, 2]));
    expect(finals.unsettled('set', nodes)).toEqual([]);
  }
});

test('a node that does not answer, or answers no longer, keeps its key unsettled', () => {
  const finals = afterAdds();
  for (const node of nodes) answer(finals, node, ok([1, 2]));
  answer(finals, 'n2', { outcome: 'fail', value: null, error: 'refused' });
  expect(finals.unsettled('set', nodes)).toEqual(['s']);
});

test('siblings are part of the answer', () => {
  const finals = new FinalReads();
  finals.note('register', { f: 'write', key: 's', value: 1 }, 'n1', ok(1));
  answer(finals, 'n1', ok(1, [1, 2]));
  answer(finals, 'n2', ok(1, [1]));
  expect(finals.unsettled('register', nodes)).toEqual(['s']);
  answer(finals, 'n2', ok(1, [2, 1]));
  expect(finals.unsettled('register', nodes)).toEqual([]);
});

test('a key that was only tried is read too', () => {
  const finals = new FinalReads();
  const refused: Completion = { outcome: 'fail', value: 1, error: 'refused' };
  finals.note('register', { f: 'write', key: 'a/r1', value: 1 }, 'n1', refused);
  expect(finals.keys('register')).toEqual(['a/r1']);
});
