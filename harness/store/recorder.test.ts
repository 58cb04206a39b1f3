import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { loadRun } from '../columns/columns.ts';
import { judgeRun } from '../judge/judge.ts';
import { openRun } from './recorder.ts';
import { runDirectory } from './results.ts';
import { openRunFile, readSummary } from './run-file.ts';
import { storedRows } from './stored-rows.ts';
import { header, makeRun, record, row, temporaryFolder } from './testing/made-runs.ts';

function stored(path: string) {
  const file = openRunFile(path);
  try {
    return [...storedRows(file)];
  } finally {
    file.db.close();
  }
}

describe('the recorder', () => {
  it('keeps every field of an operation', () => {
    const full = row(0, {
      process: 3,
      thread: 3,
      invoked: 1,
      completed: 2,
      f: 'write',
      value: { text: 'it\'s "quoted"' },
      scheduled: 500_000,
      final: false,
      error: 'none',
      message: 'fine',
      confidence: 0.95,
      warnings: 2,
      stale: true,
      server: 'n2',
      hops: 1,
      version: 'n2:7',
      siblings: ['a', 1],
      sentContext: 'abc',
      context: 'def',
    });
    expect(stored(makeRun([full]))).toEqual([full]);
  });

  it('has an operation from its invocation on, and its end once that is known', () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    const first = row(0, { invoked: 1, f: 'write', value: 7 });
    recorder.invoke(first);
    recorder.flush();
    expect(stored(recorder.path)).toEqual([first]);
    recorder.complete({ ...first, completed: 5e6, outcome: 'info', error: 'timeout' });
    recorder.flush();
    expect(stored(recorder.path)).toEqual([
      { ...first, completed: 5e6, outcome: 'info', error: 'timeout' },
    ]);
    recorder.close();
  });

  it('writes by itself, without being asked', async () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    recorder.invoke(row(0, { invoked: 1 }));
    for (let tries = 0; tries < 500 && stored(recorder.path).length === 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(stored(recorder.path)).toHaveLength(1);
    recorder.close();
  });

  it('takes words of any kind as f, phase and workload', () => {
    const odd = row(0, { invoked: 1, completed: 2, f: "it's; drop table op --", workload: 'ü"' });
    expect(stored(makeRun([odd]))).toEqual([odd]);
  });

  it('refuses operations out of order and ends without a beginning', () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    recorder.invoke(row(3, { invoked: 1 }));
    expect(() => recorder.invoke(row(2, { invoked: 2 }))).toThrow(/out of order/);
    expect(() => recorder.complete(row(9, { invoked: 2, completed: 3 }))).toThrow(/never invoked/);
    expect(() => recorder.complete(row(3, { invoked: 1 }))).toThrow(/without time or outcome/);
    recorder.close();
  });

  it('never overwrites a run', () => {
    const path = makeRun([]);
    expect(() => openRun(join(path, '..'), header())).toThrow(/is there already/);
  });

  it('keeps faults, samples, logs, phases and the state', () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    const plan = {
      id: 4,
      kind: 'partition',
      variant: 'halves',
      atMs: 1,
      untilMs: 2,
      targets: ['n1', 'n2'],
      grudge: { n1: ['n2'], n2: ['n1'] },
    };
    recorder.phase('chaos', 5);
    recorder.fault({ id: 4, plan, description: 'cut', applied: 10 });
    recorder.fault({
      id: 4,
      plan,
      description: 'cut',
      applied: 10,
      healedAt: 30,
      effective: 'effective',
      proof: ['n1 -> n2: blocked'],
      healed: true,
    });
    recorder.sample({ time: 7, node: 'n2', path: '/cluster/health', body: { ok: [1] } });
    recorder.sample({ time: 8, node: 'n3', path: '/cluster/health', body: null });
    recorder.log({ time: 9, node: 'n1', level: 'error', text: 'ouch' });
    recorder.state('failed', 'the node died');
    recorder.close(99);
    const { history, summary } = loadRun(recorder.path);
    expect(summary).toMatchObject({ state: 'failed', stateMessage: 'the node died', duration: 99 });
    expect(summary.phases).toEqual({ chaos: 5 });
    expect(history.faults).toEqual([
      {
        id: 4,
        kind: 'partition',
        variant: 'halves',
        description: 'cut',
        start: 10,
        end: 30,
        effective: 'effective',
        healed: true,
        targets: [0, 1],
        grudge: [[1], [0]],
      },
    ]);
    expect(history.samples.map((sample) => [sample.node, sample.body])).toEqual([
      [1, { ok: [1] }],
      [2, null],
    ]);
    expect(history.logs).toEqual([{ time: 9, node: 0, level: 'error', text: 'ouch' }]);
  });

  it('calls a run that was closed before its end aborted', () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    recorder.close();
    const file = openRunFile(recorder.path);
    expect(readSummary(file).state).toBe('aborted');
    file.db.close();
  });

  it('leaves one file behind, and links to the latest run', () => {
    const results = temporaryFolder();
    const dir = runDirectory(results, header());
    const path = makeRun([row(0, { invoked: 1, completed: 2 })], {}, dir);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(existsSync(`${path}-shm`)).toBe(false);
    for (const link of [join(results, 'latest'), join(results, 'engram', 'latest')]) {
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
    }
    expect(readlinkSync(join(results, 'engram', 'latest'))).toBe('20260131T120000.000Z-42');
  });
});

describe('a recorder on a full disk', () => {
  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) =>
      row(from + i, { invoked: from + i, completed: from + i, f: 'write', value: 'x'.repeat(400) }),
    );

  it('says so once in one sentence, loses nothing that is in the file, and can be judged', () => {
    const dir = join(temporaryFolder(), 'run');
    const recorder = openRun(dir, header(), { fileBytesMax: 900_000 });
    const failures: string[] = [];
    recorder.onFailure((failure) => failures.push(failure.code));
    record(recorder, many(0, 500));
    recorder.flush();
    record(recorder, many(500, 3000));
    expect(() => recorder.flush()).toThrow(/no space left .* free some space/);
    expect(() => recorder.flush()).toThrow(/no space left/);
    expect(recorder.failure?.code).toBe('disk-full');
    expect(failures).toEqual(['disk-full']);
    recorder.state('done');
    expect(() => recorder.close()).toThrow(/no space left/);
    const rows = stored(recorder.path);
    expect(rows.length).toBeGreaterThanOrEqual(500);
    expect(rows.map((each) => each.idx)).toEqual(rows.map((_, i) => i));
    // The control process is this one and lives, so the state is what the file says.
    const judgement = judgeRun(recorder.path, { store: false });
    expect(judgement.valid).toBe('unknown');
  });

  it('writes what it kept as soon as there is room', () => {
    const dir = join(temporaryFolder(), 'run');
    const recorder = openRun(dir, header(), { fileBytesMax: 4_000_000 });
    // Another program takes most of the room that the file may have, and gives it back.
    const other = new Database(recorder.path);
    other.exec('CREATE TABLE filler AS SELECT zeroblob(3500000) AS bytes');
    record(recorder, many(0, 3000));
    expect(() => recorder.flush()).toThrow(/no space left/);
    other.exec('DROP TABLE filler');
    other.close();
    recorder.flush();
    expect(recorder.failure).toBeNull();
    recorder.state('done');
    recorder.close();
    expect(stored(recorder.path)).toHaveLength(3000);
  });
});

describe('a killed control process', () => {
  it('loses at most 50 ms of history, and the run is judged as aborted', async () => {
    const dir = join(temporaryFolder(), 'run');
    const progress = join(temporaryFolder(), 'progress');
    const script = fileURLToPath(new URL('testing/record-until-killed.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, dir, progress], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const closed = once(child, 'close');
    const far = () => (statSync(progress, { throwIfNoEntry: false })?.size ?? 0) > 100_000;
    while (!far() && child.exitCode === null) await new Promise((done) => setTimeout(done, 5));
    child.kill('SIGKILL');
    await closed;
    const text = readFileSync(progress, 'utf8');
    const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
    const invokedAt = new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
    const [lastIdx, lastInvoked] = [...invokedAt].at(-1)!;
    const rows = stored(join(dir, 'run.sqlite'));
    const last = rows.at(-1)!;
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.length).toBe(last.idx + 1);
    // The one that was being recorded may be in the file and not be printed yet.
    expect(lastIdx).toBeGreaterThanOrEqual(last.idx - 1);
    // By the child's own times: how long the oldest one that is lost was waiting when the child said its last word. A
    // machine that lets the child wait between two operations makes nothing wait in the recorder.
    const oldestLost = invokedAt.get(last.idx + 1) ?? lastInvoked;
    expect((lastInvoked - oldestLost) / 1e6).toBeLessThan(50);
    expect(rows.filter((each) => each.idx % 3 === 0).every((each) => !each.outcome)).toBe(true);
    const judgement = judgeRun(join(dir, 'run.sqlite'));
    expect(judgement.valid).toBe('unknown');
    expect(judgement.screen.notes.join(' ')).toContain('the control process died');
  });
});
