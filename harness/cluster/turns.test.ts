import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Turns } from './turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function recorded(): { readonly done: string[]; on(): Promise<void>; off(): Promise<void> } {
  const done: string[] = [];
  return { done, on: async () => void done.push('on'), off: async () => void done.push('off') };
}

test('a change without turns comes once and stays', async () => {
  const { done, ...change } = recorded();
  await new Turns().begin(null, change);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(done).toEqual(['on']);
});

test('a change with turns goes and comes again until it is ended', async () => {
  const { done, ...change } = recorded();
  const turns = new Turns();
  await turns.begin(100, change);
  await vi.advanceTimersByTimeAsync(350);
  expect(done).toEqual(['on', 'off', 'on', 'off']);
  await turns.end(change.off);
  await vi.advanceTimersByTimeAsync(1000);
  expect(done).toEqual(['on', 'off', 'on', 'off', 'off']);
});

test('a slow turn that is under way ends before the end is made', async () => {
  const done: string[] = [];
  const change = {
    on: async () => void done.push('on'),
    off: async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      done.push('slow off');
    },
  };
  const turns = new Turns();
  await turns.begin(100, change);
  await vi.advanceTimersByTimeAsync(110);
  const ended = turns.end(async () => void done.push('end'));
  await vi.advanceTimersByTimeAsync(100);
  await ended;
  expect(done).toEqual(['on', 'slow off', 'end']);
});

test('a turn that fails is not the last one', async () => {
  const done: string[] = [];
  let tries = 0;
  const turns = new Turns();
  await turns.begin(100, {
    on: async () => void done.push('on'),
    off: async () => {
      if (++tries === 1) throw new Error('the engine is busy');
      done.push('off');
    },
  });
  await vi.advanceTimersByTimeAsync(350);
  expect(done).toEqual(['on', 'on', 'off']);
});
