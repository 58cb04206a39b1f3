/** Long histories, judged by the built program in two threads, against one thread of the sources. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { writeRun } from '../../bench/checkers-file.ts';
import { lwwHistory } from '../../checkers/testing/lww-store.ts';
import type { Verdict } from '../../checkers/verdict.ts';
import { judgeRun } from './judge.ts';
import { SHARED_FROM } from './sealed.ts';

const dir = mkdtempSync(join(tmpdir(), 'amnesia-threads-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('gives the same verdicts from two threads as from one', () => {
  const shape = { keys: 100, sessions: 8, replicas: 4, delay: 30, growth: 1, seed: 3 };
  writeRun(dir, lwwHistory({ ...shape, operations: SHARED_FROM, finals: true }));
  const run = join(dir, 'run.sqlite');
  const alone = judgeRun(run, { store: false });
  const bin = fileURLToPath(new URL('../../bin/amnesia.mjs', import.meta.url));
  const argv = [bin, 'check', dir, '--json'];
  const { verdicts } = JSON.parse(execFileSync(process.execPath, argv).toString()) as {
    readonly verdicts: readonly Verdict[];
  };
  expect(verdicts.map((each) => each.checker)).toEqual(alone.verdicts.map((each) => each.checker));
  for (const [i, verdict] of verdicts.entries()) {
    expect(verdict).toEqual(JSON.parse(JSON.stringify(alone.verdicts[i])));
  }
  expect(verdicts.find((each) => each.checker === 'linearizable')?.anomalies.length).toBe(8);
});
