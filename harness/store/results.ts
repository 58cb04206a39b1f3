/**
 * Where runs lie: results/<name>/<time>-<seed>/run.sqlite, the `latest` links, and the list of all
 * runs in results/index.sqlite. The list is a copy: it is rebuilt from the run files when it is
 * missing, damaged or incomplete, and several processes may write it at once.
 */
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { updateIndex } from './run-index.ts';

/** Folder of a run: `<results>/<name>/<time>-<seed>`, time as 20260131T235959.123Z. */
export function runDirectory(
  results: string,
  run: { readonly name: string; readonly startedAt: string; readonly seed: number | null },
): string {
  const time = run.startedAt.replace(/[-:]/g, '');
  return join(
    resolve(results),
    run.name,
    run.seed === null ? `${time}-import` : `${time}-${run.seed}`,
  );
}

/**
 * Makes `latest` point to a run and notes it in the list of runs. What fails here is left: both
 * are conveniences and must never spoil a run. Does nothing for a folder that is not laid out as
 * `runDirectory` does. `latest: false` only brings the list up to date.
 */
export function noteRun(
  dir: string,
  name: string,
  options: { readonly latest: boolean } = { latest: true },
): void {
  const run = resolve(dir);
  const named = dirname(run);
  const results = dirname(named);
  // Anywhere else it is somebody's own folder, in which nothing is to be made.
  if (basename(named) !== name) return;
  if (options.latest) {
    try {
      pointLatest(join(named, 'latest'), run);
      pointLatest(join(results, 'latest'), run);
    } catch {
      // No links on this file system, or a person's own file of that name.
    }
  }
  try {
    updateIndex(results, [run]);
  } catch {
    // Rebuilt by the next `amnesia list`.
  }
}

/** Replaces a link in one step, so that a reader always finds one. */
function pointLatest(link: string, run: string): void {
  if (existsSync(link) && !lstatSync(link).isSymbolicLink()) return;
  mkdirSync(dirname(link), { recursive: true });
  const temporary = `${link}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(relative(dirname(link), run), temporary);
  renameSync(temporary, link);
}
