/** Small run files for tests: rows as literals, everything else filled in. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { saveRun } from '../../columns/save.ts';
import type { StoredRow } from '../fields.ts';
import { openRun, type Recorder } from '../recorder.ts';
import type { RunHeader } from '../records.ts';

const folders: string[] = [];

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'amnesia-history-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function header(changes: Partial<RunHeader> = {}): RunHeader {
  return {
    runId: 'run-1',
    name: 'engram',
    seed: 42,
    startedAt: '2026-01-31T12:00:00.000Z',
    nodes: ['n1', 'n2', 'n3'],
    config: { nodes: 3 },
    versions: {},
    environment: {},
    replay: 'amnesia test --seed 42',
    ...changes,
  };
}

/** A row with what every row has; times in ms. */
export function row(
  idx: number,
  changes: Omit<Partial<StoredRow>, 'invoked' | 'completed'> & {
    readonly invoked: number;
    readonly completed?: number;
  },
): StoredRow {
  const { invoked, completed, ...others } = changes;
  return {
    idx,
    process: 0,
    thread: 0,
    phase: 'chaos',
    workload: 'register',
    f: 'read',
    key: 's-1/x',
    value: null,
    node: 'n1',
    scheduled: invoked * 1e6,
    invoked: invoked * 1e6,
    ...(completed === undefined ? {} : { completed: completed * 1e6, outcome: 'ok' as const }),
    ...others,
  };
}

/** Records rows as a run does: invocation, then end. */
export function record(recorder: Recorder, rows: readonly StoredRow[]): void {
  for (const each of rows) {
    const { completed, outcome, ...invocation } = each;
    recorder.invoke(invocation);
    if (completed !== undefined && outcome !== undefined) recorder.complete(each);
  }
}

/** A finished run; returns the path of its file. */
export function makeRun(
  rows: readonly StoredRow[],
  changes: Partial<RunHeader> = {},
  dir = join(temporaryFolder(), 'run'),
): string {
  const recorder = openRun(dir, header(changes));
  record(recorder, rows);
  recorder.state('done');
  saveRun(recorder, 1e9);
  return recorder.path;
}
