import { expect, it } from 'vitest';
import { Breakers } from './breaker.ts';

it('a breaker opens after three failures in a row, and says so once', () => {
  const breakers = new Breakers();
  expect([1, 2, 3, 4].map(() => breakers.failed('n2'))).toEqual([false, false, true, false]);
  expect(breakers.allows('n2')).toBe(false);
  expect(breakers.allows('n3')).toBe(true);
});

it('a success in between starts the count anew', () => {
  const breakers = new Breakers();
  breakers.failed('n2');
  breakers.failed('n2');
  breakers.succeeded('n2');
  breakers.failed('n2');
  breakers.failed('n2');
  expect(breakers.allows('n2')).toBe(true);
});

it('a success closes an open breaker', () => {
  const breakers = new Breakers();
  for (let i = 0; i < 3; i++) breakers.failed('n2');
  breakers.succeeded('n2');
  expect(breakers.allows('n2')).toBe(true);
});
