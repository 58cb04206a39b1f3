/** Long histories, judged by the built program in two threads, against one thread of the sources. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeRun } from '../../bench/checkers-file.ts';
import { lwwHistory } from '../../checkers/oracle/lww-store.ts';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import { header, makeRun, row } from '../store/testing/made-runs.ts';
import { judgeRun } from './judge.ts';

const dir = mkdtempSync(join(tmpdir(), 'amnesia-threads-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = join(dir, 'run.sqlite');
beforeAll(() => {
  const shape = { keys: 100, sessions: 8, replicas: 4, delay: 30, growth: 1, seed: 3 };
  writeRun(dir, lwwHistory({ ...shape, operations: 200_000, finals: true }));
}, 120_000);

it('does not load what has no room', () => {
  const { valid, verdicts } = judgeRun(run, { store: false, memoryMb: 8 });
  expect(valid).toBe('unknown');
  expect(verdicts).toMatchObject([{ checker: 'history', reason: 'checker-memory' }]);
  expect(verdicts[0].message).toMatch(/200400 operations need at least 10 MB .* --memory-mb/);
});

it('does not take a high index for a long history', () => {
  const few = [
    row(0, { f: 'write', value: 1, invoked: 1, completed: 2 }),
    row(100_000, { value: 1, invoked: 3, completed: 4 }),
  ];
  const path = makeRun(few, header());
  // Its two operations are loaded; that no process is as small as this is the checker's to say.
  const { verdicts } = judgeRun(path, { store: false, memoryMb: 1, checkers: ['stats'] });
  expect(verdicts).toMatchObject([{ checker: 'stats', reason: 'checker-memory' }]);
});

it('gives up in time, and says of each checker that it did', () => {
  const { valid, verdicts } = judgeRun(run, { store: false, timeLimitS: 1e-6 });
  expect(valid).toBe('unknown');
  const causal = verdicts.find((each) => each.checker === 'causal');
  expect(causal).toMatchObject({ valid: 'unknown', reason: 'checker-timeout' });
});

/** What the built program says, which starts a second thread for a file of this length. */
function checkBuilt() {
  const bin = fileURLToPath(new URL('../../bin/amnesia.mjs', import.meta.url));
  const argv = [bin, 'check', dir, '--json', '--no-store'];
  return JSON.parse(execFileSync(process.execPath, argv).toString()) as {
    readonly verdicts: readonly Verdict[];
    readonly notes: readonly string[];
  };
}

it('gives the same verdicts from two threads as from one', () => {
  const alone = judgeRun(run, { store: false });
  const { verdicts, notes } = checkBuilt();
  expect(notes).toEqual([]);
  expect(verdicts.map((each) => each.checker)).toEqual(alone.verdicts.map((each) => each.checker));
  for (const [i, verdict] of verdicts.entries()) {
    expect(verdict).toEqual(JSON.parse(JSON.stringify(alone.verdicts[i])));
  }
  expect(verdicts.find((each) => each.checker === 'linearizable')?.anomalies.length).toBe(8);
});

it('reads the rows where the second thread finds that they are no longer those of the columns', () => {
  const db = new Database(run);
  const triggers = db
    .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  db.exec('UPDATE op SET completed = completed + 1 WHERE idx = 1000');
  db.close();
  const { notes } = checkBuilt();
  expect(notes.join()).toMatch(/table op was changed after the run was sealed/);
});
