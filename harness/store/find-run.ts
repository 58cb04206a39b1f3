/**
 * What a person means by RUN: a folder, a run.sqlite, `latest`, the name of a test (its newest
 * run), a folder's name or the beginning of it, of a run id or of a seed.
 */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AmnesiaError } from '../world/exit-codes.ts';
import { RunFileError } from './errors.ts';
import { runFilePath } from './run-file.ts';
import { type IndexedRun, listRuns } from './run-index.ts';

/** RUN matches several runs; the message lists them. */
export class AmbiguousRunError extends AmnesiaError {
  readonly code = 'ambiguous-run';
  readonly candidates: readonly string[];
  constructor(wanted: string, candidates: readonly string[]) {
    const shown = candidates.slice(0, 8).map((each) => `  ${each}`);
    const more = candidates.length > 8 ? `\n  and ${candidates.length - 8} more` : '';
    super(
      `${wanted} may be any of ${candidates.length} runs; say more of it:\n${shown.join('\n')}${more}`,
    );
    this.name = 'AmbiguousRunError';
    this.candidates = candidates;
  }
}

/** Path of the run file that is meant. Throws RunFileError and AmbiguousRunError. */
export function findRun(results: string, wanted = 'latest'): string {
  const path = runFilePath(wanted);
  if (wanted !== 'latest' && existsSync(path)) return path;
  const runs = listRuns(results);
  if (wanted === 'latest') {
    const newest = runs[0];
    if (newest === undefined) throw noRun(`there is no run below ${results}`, results);
    return fileOf(newest);
  }
  const named = runs.find((run) => run.name === wanted);
  if (named !== undefined) return fileOf(named);
  const place = (run: IndexedRun): string => `${run.name}/${basename(run.dir)}`;
  const exact = runs.filter(
    (run) =>
      basename(run.dir) === wanted ||
      place(run) === wanted ||
      run.runId === wanted ||
      String(run.seed) === wanted,
  );
  const begins = runs.filter(
    (run) =>
      basename(run.dir).startsWith(wanted) ||
      place(run).startsWith(wanted) ||
      run.runId.startsWith(wanted) ||
      String(run.seed).startsWith(wanted),
  );
  const found = exact.length > 0 ? exact : begins;
  if (found.length === 1) return fileOf(found[0]);
  if (found.length > 1) throw new AmbiguousRunError(wanted, found.map(place));
  throw noRun(`there is no run ${wanted}, neither as a path nor below ${results}`, wanted);
}

function fileOf(run: IndexedRun): string {
  return join(run.dir, 'run.sqlite');
}

function noRun(what: string, path: string): RunFileError {
  return new RunFileError(
    'run-file-missing',
    path,
    `${what}: \`amnesia list\` shows the runs that there are, --results says where to look`,
  );
}
