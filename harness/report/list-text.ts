/** The list of runs as a table for the terminal. */
import { basename } from 'node:path';
import type { IndexedRun } from '../store/run-index.ts';
import { durationText, numberText } from './figures.ts';
import type { Style } from './style.ts';
import { tableLines } from './table.ts';

/** `total`: how many runs there are, of which `runs` are shown. */
export function listLines(
  runs: readonly IndexedRun[],
  total: number,
  results: string,
  style: Style,
): string[] {
  if (total === 0) return [`no runs below ${results}; \`amnesia test\` makes one`];
  const rows = runs.map((run) => [
    run.startedAt.replace('T', ' ').slice(0, 19),
    run.name,
    run.seed,
    verdictOf(run),
    numberText(run.ops),
    run.faults,
    run.duration === null ? '' : durationText(run.duration),
    `${run.name}/${basename(run.dir)}`,
  ]);
  const head = ['time (UTC)', 'name', 'seed', 'verdict', 'ops', 'faults', 'took', 'run'];
  const lines = tableLines(head, rows).map((line, i) => {
    const run = runs[i - 2];
    if (run === undefined) return style.faint(line);
    if (run.valid === false) return style.bad(line);
    return run.valid === true ? line : style.doubtful(line);
  });
  const more = total - runs.length;
  return more > 0 ? [...lines, style.faint(`and ${more} older; --limit shows more`)] : lines;
}

function verdictOf(run: IndexedRun): string {
  const judged = run.valid === null ? 'not judged' : run.valid === false ? 'INVALID' : run.valid;
  const word = judged === true ? 'valid' : judged;
  return run.state === 'done' ? word : `${word} (${run.state})`;
}
