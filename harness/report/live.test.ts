import { expect, test } from 'vitest';
import { LiveWindow } from './live.ts';
import { makeStyle } from './style.ts';

function windowOn(isTTY: boolean): { readonly live: LiveWindow; readonly written: string[] } {
  const written: string[] = [];
  const screen = { isTTY, write: (text: string) => void written.push(text) };
  return { live: new LiveWindow(screen, makeStyle(false), 'title'), written };
}

const counts = { invoked: 12, ok: 8, fail: 1, info: 1 };

test('without a terminal there is a line for each change, and one every few seconds', () => {
  const { live, written } = windowOn(false);
  live.phase('warm-up', 0);
  for (let atMs = 0; atMs <= 12_000; atMs += 250) live.progress(counts, atMs);
  live.event('partition halves (effective)', 'partition halves', 12_100);
  const text = written.join('');
  expect(text).not.toContain('\x1b');
  const lines = text.trim().split('\n');
  expect(lines).toHaveLength(1 + 1 + 2 + 1);
  expect(lines.at(-1)).toContain('partition halves (effective)');
  expect(lines[2]).toContain('8 ok  1 fail  1 info  2 in flight');
});

test('on a terminal the last lines are redrawn, and events stay', () => {
  const { live, written } = windowOn(true);
  live.event('partition halves', 'partition halves', 100);
  live.progress(counts, 250);
  live.progress(counts, 500);
  const erased = written.join('').split('\x1b[1A\x1b[2K').length - 1;
  expect(erased).toBe(2);
  expect(written.at(-1)).toContain('partition halves');
});

test('the rate is that of the last seconds', () => {
  const { live, written } = windowOn(true);
  for (let i = 0; i <= 40; i++) live.progress({ ...counts, ok: i * 100 }, i * 250);
  expect(written.at(-1)).toContain(' 400 op/s');
});

test('what nodes say cannot steer the terminal', () => {
  const { live, written } = windowOn(false);
  live.event('\x1b[2Jgone', null, 0);
  expect(written.join('')).not.toContain('\x1b');
});
