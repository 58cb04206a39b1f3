import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runDirectory } from '../store/results.ts';
import { header, makeRun, row, temporaryFolder } from '../store/testing/made-runs.ts';

const bin = fileURLToPath(new URL('../../bin/amnesia.mjs', import.meta.url));

it('amnesia check prints all that it has to say into a pipe, although it leaves at once', () => {
  const keys = 300;
  const rows = Array.from({ length: keys }, (_, k) => [
    row(3 * k, {
      f: 'write',
      key: `s-1/${k}`,
      value: 2 * k,
      invoked: 10 * k,
      completed: 10 * k + 1,
    }),
    row(3 * k + 1, {
      f: 'write',
      key: `s-1/${k}`,
      value: 2 * k + 1,
      invoked: 10 * k + 2,
      completed: 10 * k + 3,
    }),
    row(3 * k + 2, { key: `s-1/${k}`, value: 2 * k, invoked: 10 * k + 4, completed: 10 * k + 5 }),
  ]);
  const run = makeRun(rows.flat(), header(), runDirectory(temporaryFolder(), header()));
  const argv = [bin, 'check', dirname(run), '--json', '--no-store', '--max-anomalies', '1000'];
  const { status, stdout } = spawnSync(process.execPath, argv, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  expect(status).toBe(1);
  // A pipe holds 64 KiB.
  expect(stdout.length).toBeGreaterThan(2 ** 18);
  expect(JSON.parse(stdout)).toMatchObject({ valid: false });
});
