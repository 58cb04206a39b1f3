import { expect, test } from 'vitest';
import { SessionContexts, vectorOf } from './contexts.ts';

const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const seen = (...tokens: readonly unknown[]): unknown => {
  const contexts = new SessionContexts();
  for (const each of tokens) contexts.learn('space', token(each));
  return JSON.parse(Buffer.from(contexts.token('space'), 'base64url').toString('utf8'));
};

test('a session that has seen nothing says so', () => {
  expect(vectorOf(new SessionContexts().token('space'))).toEqual({});
});

test('two contexts of which neither covers the other are joined: vectors, clocks and ranks', () => {
  const left = { v: { n1: 3, n2: 1 }, t: [7, 0], r: 0.5 };
  const right = { v: { n1: 1, n2: 4 }, t: [6, 9], r: 0.75 };
  const joined = { v: { n1: 3, n2: 4 }, t: [7, 0], r: 0.75 };
  expect(seen(left, right)).toEqual(joined);
  expect(seen(right, left)).toEqual(joined);
});

test('what is known of the rank of one of them alone is not said of both', () => {
  const left = { v: { n1: 3 }, t: [7, 0], r: 0.5 };
  const right = { v: { n2: 4 }, t: [6, 9] };
  expect(seen(left, right)).toEqual({ v: { n1: 3, n2: 4 }, t: [7, 0] });
  expect(seen(right, left)).toEqual({ v: { n1: 3, n2: 4 }, t: [7, 0] });
});

test('single writes are joined too, as far as the joined vector does not cover them', () => {
  const left = { v: { n1: 3 }, d: { n1: [5], n2: [4] }, t: [7, 0], r: 0.5 };
  const right = { v: { n2: 4 }, d: { n1: [9, 5] }, t: [6, 9], r: 0.75 };
  const joined = { v: { n1: 3, n2: 4 }, d: { n1: [5, 9] }, t: [7, 0], r: 0.75 };
  expect(seen(left, right)).toEqual(joined);
  expect(seen(right, left)).toEqual(joined);
});

test('a token that covers a single write by its vector takes the place of one that names it', () => {
  const read = { v: { n1: 5 }, t: [7, 0], r: 0.5 };
  expect(seen({ v: { n1: 3 }, d: { n1: [5] }, t: [7, 0], r: 0.5 }, read)).toEqual(read);
});

test('a context that covers what was seen takes its place as it is', () => {
  const later = { v: { n1: 3, n2: 1 }, t: [7, 0], r: 0.25, more: 'of the server' };
  expect(seen({ v: { n1: 2 }, t: [5, 0], r: 0.5 }, later)).toEqual(later);
  expect(seen(later, { v: { n1: 2 }, t: [5, 0], r: 0.5 })).toEqual(later);
});
