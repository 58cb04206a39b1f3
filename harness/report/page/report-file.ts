/**
 * `report.html` beside a run file: read, gathered, written at once. It never changes a verdict; what keeps it from
 * being written is said by whoever asked.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { loadOpen } from '../../columns/columns.ts';
import { openRunFile, type RunFile, readSummary } from '../../store/run-file.ts';
import { readCheck } from '../../store/verdicts.ts';
import { AmnesiaError } from '../../world/exit-codes.ts';
import type { Cause } from '../cause/index.ts';
import { gatherPage, type Page } from './gather.ts';
import type { PageData } from './page-data.ts';
import { readParts } from './page-parts.ts';
import { writePage } from './write-page.ts';

/** The history has no room on a page. */
class PageTooLargeError extends AmnesiaError {
  readonly code = 'page-too-large';
  constructor(operations: number) {
    super(
      `${operations} operations are more than a page holds (${OPERATIONS_MAX}); \`amnesia sql\` and ` +
        '`amnesia show` read them from the run file',
    );
    this.name = 'PageTooLargeError';
  }
}

/** About 40 MB of HTML, which browsers still open. */
const OPERATIONS_MAX = 6_000_000;

/** What the newest check of an open run file says, with its pictures. Throws PageTooLargeError. */
export function pageOf(file: RunFile, run: string | null): Page {
  const summary = readSummary(file);
  const row = file.db.prepare<[], { n: number | null }>('SELECT max(idx) + 1 AS n FROM op').get();
  const operations = row?.n ?? 0;
  if (operations > OPERATIONS_MAX) throw new PageTooLargeError(operations);
  const { history, notes } = loadOpen(file);
  const check = readCheck(file);
  return gatherPage({
    file,
    summary,
    history,
    verdicts: check?.verdicts ?? [],
    valid: check?.valid ?? null,
    notes: [...notes, ...endOf(summary)],
    run,
  });
}

function endOf({ state, stateMessage }: { state: string; stateMessage: string | null }): string[] {
  if (state === 'done') return [];
  if (state === 'running') return ['the run is still going on: this is what there is so far'];
  return [`the run was ${state}: ${stateMessage ?? 'no reason was recorded'}`];
}

export interface WrittenReport {
  /** Of the page. */
  readonly path: string;
  readonly causes: readonly Cause[];
}

/**
 * Writes `report.html` beside the run file. `parts`: folder of the built programs. Throws RunFileError,
 * HistoryError, PagesNotBuiltError, PageTooLargeError, and what the file system says.
 */
export function writeReport(
  path: string,
  { parts: folder }: { readonly parts?: string } = {},
): WrittenReport {
  const to = join(dirname(path), 'report.html');
  const parts = readParts('report', folder);
  const file = openRunFile(path);
  try {
    const page = pageOf(file, runName(path));
    mkdirSync(dirname(to), { recursive: true });
    const draft = `${to}.${process.pid}.part`;
    try {
      writeFileSync(draft, writePage(page, parts, textOf(page.data)));
      renameSync(draft, to);
    } finally {
      rmSync(draft, { force: true });
    }
    return { path: to, causes: page.data.causes };
  } finally {
    file.db.close();
  }
}

/** How other commands are told which run is meant. */
function runName(path: string): string {
  const folder = basename(path) === 'run.sqlite' ? dirname(path) : path;
  const near = relative(process.cwd(), folder);
  return near !== '' && near.length < folder.length ? near : folder;
}

/** The page for readers that run no scripts. */
function textOf(data: PageData): string[] {
  const word = data.valid === null ? 'not judged' : data.valid === false ? 'INVALID' : data.valid;
  return [
    `${word === true ? 'valid' : word}   ${data.title}`,
    data.sentence,
    ...data.notes,
    '',
    ...data.causes.flatMap((cause) => [
      `${cause.checker}: ${cause.sentence}`,
      ...cause.groups.flatMap(({ sentence, typical }, i) => [
        `  ${sentence}`,
        ...(i === 0 ? typical.steps.map((step) => `    ${step}`) : []),
      ]),
      ...cause.consequences.map(({ sentence }) => `  ${sentence}`),
      '',
    ]),
    ...data.verdicts.map(
      ({ checker, valid, message, informational }) =>
        `${checker}: ${valid}${informational ? ' (for information)' : ''}: ${message}`,
    ),
    '',
    ...data.faults.map(
      ({ id, description, effective }) => `fault ${id}: ${description}, ${effective}`,
    ),
    ...(data.replay === null ? [] : ['', `replay: ${data.replay}`]),
  ];
}
