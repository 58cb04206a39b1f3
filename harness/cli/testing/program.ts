/** The program inside a test: a command line in, what it wrote and its exit code out. Registers its own hooks. */
import { afterEach, beforeEach, vi } from 'vitest';
import { main } from '../main.ts';

/** What the last command line wrote to its standard output and error. */
export const said = { out: '', err: '' };

beforeEach(() => {
  said.out = said.err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.err += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs a command line; returns its exit code, 0 where it set none. */
export async function amnesia(...argv: string[]): Promise<number> {
  said.out = said.err = '';
  process.exitCode = undefined;
  await main(argv);
  return Number(process.exitCode ?? 0);
}
