import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AmbiguousRunError, findRun } from './find-run.ts';
import { runDirectory } from './results.ts';
import { listRuns, updateIndex } from './run-index.ts';
import { header, makeRun, row, temporaryFolder } from './testing/made-runs.ts';
import { saveVerdicts } from './verdicts.ts';

/** A run laid out below `results`. */
function runIn(results: string, second: number, seed: number, name = 'engram'): string {
  const startedAt = `2026-01-31T12:00:${String(second).padStart(2, '0')}.000Z`;
  const changes = { name, seed, startedAt, runId: `id-${seed}-${second}` };
  const ops = [
    row(0, { process: 'nemesis', thread: -1, key: null, f: 'start', invoked: 0, completed: 1 }),
    row(1, { f: 'write', value: 1, invoked: 1, completed: 2 }),
  ];
  return makeRun(ops, changes, runDirectory(results, header(changes)));
}

const lost = {
  ...{ checker: 'lost-writes', version: '1', valid: false, message: '1 lost' },
  ...{ figures: {}, anomalies: [], counts: { lost: 1 } },
} as const;

describe('the list of runs', () => {
  it('has all runs, newest first, with what they came to', () => {
    const results = temporaryFolder();
    const first = runIn(results, 1, 11);
    runIn(results, 2, 12, 'other');
    saveVerdicts(first, [lost], {});
    expect(listRuns(results)).toMatchObject([
      { name: 'other', seed: 12, state: 'done', valid: null, ops: 1, faults: 0 },
      { name: 'engram', seed: 11, state: 'done', valid: false, ops: 1, duration: 1e9 },
    ]);
  });

  it('is made again when it is missing, damaged or does not know a run', () => {
    const results = temporaryFolder();
    runIn(results, 1, 11);
    const before = listRuns(results);
    const index = join(results, 'index.sqlite');
    rmSync(index);
    expect(listRuns(results)).toEqual(before);
    expect(existsSync(index)).toBe(true);
    writeFileSync(index, 'no database at all, but long enough to be looked at as one'.repeat(20));
    expect(listRuns(results)).toEqual(before);
  });

  it('leaves out runs that were deleted and marks those that cannot be read', () => {
    const results = temporaryFolder();
    const gone = runIn(results, 1, 11);
    const broken = runIn(results, 2, 12);
    rmSync(join(gone, '..'), { recursive: true });
    writeFileSync(broken, 'overwritten');
    rmSync(join(results, 'index.sqlite'));
    expect(listRuns(results)).toMatchObject([{ state: 'damaged', name: 'engram', ops: 0 }]);
    expect(listRuns(join(results, 'nowhere'))).toEqual([]);
  });

  it('takes notes of several processes at once', async () => {
    const results = temporaryFolder();
    const dirs = Array.from({ length: 3 }, (_, i) => join(runIn(results, i, i), '..'));
    rmSync(join(results, 'index.sqlite'));
    const script = `
      const { updateIndex } = await import(${JSON.stringify(
        fileURLToPath(new URL('run-index.ts', import.meta.url)),
      )});
      for (let i = 0; i < 20; i++) updateIndex(process.argv[1], process.argv.slice(2));`;
    const children = dirs.map((dir) =>
      spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', script, results, dir],
        { stdio: 'inherit' },
      ),
    );
    const codes = await Promise.all(children.map((child) => once(child, 'close')));
    expect(codes.map(([code]) => code)).toEqual([0, 0, 0]);
    expect(listRuns(results)).toHaveLength(3);
  });

  it('makes nothing in folders that are laid out otherwise', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'somewhere'));
    makeRun([], {}, join(folder, 'somewhere', 'run'));
    expect(readdirSync(folder)).toEqual(['somewhere']);
    updateIndex(folder, []);
    expect(listRuns(folder)[0]).toMatchObject({ name: 'engram' });
  });
});

describe('naming a run', () => {
  it('works by path, latest, name, folder, seed and the beginning of these', () => {
    const results = temporaryFolder();
    const first = runIn(results, 1, 1234);
    const other = runIn(results, 2, 77, 'other');
    expect(findRun(results)).toBe(other);
    expect(findRun(results, 'latest')).toBe(other);
    expect(findRun(results, first)).toBe(first);
    expect(findRun(results, join(first, '..'))).toBe(first);
    expect(findRun(results, 'engram')).toBe(first);
    expect(findRun(results, '12')).toBe(first);
    expect(findRun(results, 'other/2026')).toBe(other);
    expect(findRun(results, 'id-77')).toBe(other);
  });

  it('lists the candidates when it may be several', () => {
    const results = temporaryFolder();
    runIn(results, 1, 1234);
    runIn(results, 2, 1299);
    expect(() => findRun(results, '12')).toThrow(AmbiguousRunError);
    expect(() => findRun(results, '12')).toThrow(/any of 2 runs.*\n.*-1299\n.*-1234/);
    expect(findRun(results, '1234')).toContain('-1234');
  });

  it('says where to look when there is none', () => {
    const results = temporaryFolder();
    expect(() => findRun(results)).toThrow(/there is no run below .*amnesia list/);
    expect(() => findRun(results, 'nothing')).toThrow(/there is no run nothing/);
  });
});
