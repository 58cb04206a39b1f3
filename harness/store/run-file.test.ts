import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import { loadRun } from '../columns/columns.ts';
import { judgeRun } from '../judge/judge.ts';
import { RunFileError } from './errors.ts';
import { openRun } from './recorder.ts';
import { openRunFile, readSummary } from './run-file.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { header, makeRun, record, row, temporaryFolder } from './testing/made-runs.ts';

function codeOfOpening(path: string): string {
  try {
    openRunFile(path).db.close();
    return 'opened';
  } catch (error) {
    if (error instanceof RunFileError) return error.code;
    throw error;
  }
}

describe('a file that is no run file', () => {
  it('is refused by what it is', () => {
    const folder = temporaryFolder();
    const file = (name: string, content: string | Buffer): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const foreign = join(folder, 'foreign.sqlite');
    new Database(foreign).exec('CREATE TABLE op (idx)').close();
    expect(codeOfOpening(join(folder, 'nowhere'))).toBe('run-file-missing');
    expect(codeOfOpening(folder)).toBe('run-file-foreign');
    expect(codeOfOpening(file('empty', ''))).toBe('run-file-foreign');
    expect(codeOfOpening(file('text', 'not a database'))).toBe('run-file-foreign');
    expect(codeOfOpening(foreign)).toBe('run-file-foreign');
    const garbage = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8176, 7)]);
    expect(codeOfOpening(file('garbage', garbage))).toMatch(/foreign|damaged/);
    expect(codeOfOpening(file('head only', garbage.subarray(0, 17)))).toMatch(/foreign|damaged/);
  });

  it('is refused when it comes from a later version', () => {
    const path = makeRun([]);
    new Database(path).exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`).close();
    expect(() => openRunFile(path)).toThrow(/later version of amnesia .* update amnesia/);
  });
});

describe('a run whose control process', () => {
  it('still works on it is running', () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    const file = openRunFile(recorder.path);
    expect(readSummary(file).state).toBe('running');
    file.db.close();
    recorder.close();
  });

  it('is gone is aborted, also when its number was given to another process', () => {
    const path = makeRun([]);
    const db = new Database(path);
    db.exec("UPDATE run SET state = 'running', pid_started = '1'");
    db.close();
    const file = openRunFile(path);
    expect(readSummary(file)).toMatchObject({
      state: 'aborted',
      stateMessage: 'the control process died before the end of the run',
    });
    file.db.close();
  });
});

describe('a run file in use', () => {
  it('can be read while it is being written', () => {
    const recorder = openRun(join(temporaryFolder(), 'run'), header());
    record(recorder, [row(0, { f: 'write', value: 1, invoked: 1, completed: 2 })]);
    recorder.flush();
    expect(loadRun(recorder.path).history.n).toBe(1);
    recorder.close();
  });

  it('can be read and judged where nothing may be written', () => {
    const folder = join(temporaryFolder(), 'read-only');
    mkdirSync(folder);
    const path = join(folder, 'run.sqlite');
    copyFileSync(makeRun([row(0, { f: 'write', value: 1, invoked: 1, completed: 2 })]), path);
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    expect(loadRun(path).history.n).toBe(1);
    chmodSync(folder, 0o755);
  });

  it('says that a verdict could not be stored, and still gives it', () => {
    const path = makeRun([row(0, { f: 'write', value: 1, invoked: 1, completed: 2 })]);
    const other = new Database(path);
    other.exec('BEGIN EXCLUSIVE; UPDATE run SET name = name');
    // The lock keeps readers out as well; only the wait for it differs.
    expect(() => judgeRun(path)).toThrow(/locked by another program/);
    other.exec('ROLLBACK');
    other.close();
  }, 30_000);
});

describe('a run file that was cut off in the middle of a page', () => {
  it('is read without that page, is not written to, and leaves nothing behind', () => {
    const path = makeRun([row(0, { f: 'write', value: 1, invoked: 1, completed: 2 })]);
    truncateSync(path, statSync(path).size - 1000);
    const copies = temporaryFolder();
    vi.stubEnv('TMPDIR', copies);
    const judgement = judgeRun(path);
    vi.unstubAllEnvs();
    expect(judgement.valid).toBe('unknown');
    expect(judgement.screen.notes.join()).toMatch(
      /could not be stored: .* is damaged and not written to/,
    );
    expect(readdirSync(copies)).toEqual([]);
  });
});
