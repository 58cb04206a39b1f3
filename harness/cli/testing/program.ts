/** The program inside a test: a command line in, what it wrote and its exit code out. Registers its own hooks. */
import { afterEach, beforeEach, vi } from 'vitest';
import { main } from '../main.ts';

/** What the last command line wrote to its standard output and error. */
export const printed = { out: '', err: '' };

beforeEach(() => {
  printed.out = printed.err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs a command line; returns its exit code, 0 where it set none. */
export async function amnesia(...argv: string[]): Promise<number> {
  printed.out = printed.err = '';
  process.exitCode = undefined;
  await main(argv);
  return Number(process.exitCode ?? 0);
}
