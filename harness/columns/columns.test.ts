import { copyFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildHistory, type PlainOperation } from '../../checkers/history/build.ts';
import { Flag, Kind, Status } from '../../checkers/history/history.ts';
import { judgeRun } from '../judge/judge.ts';
import type { StoredRow } from '../store/fields.ts';
import { comparable } from '../store/testing/comparable.ts';
import { makeRun, row, temporaryFolder } from '../store/testing/made-runs.ts';
import { histories, token } from '../store/testing/random-rows.ts';
import { loadRun } from './columns.ts';

function plainOf(each: StoredRow): PlainOperation {
  const space = each.key!.split('/')[0];
  const [expected, written] = each.f === 'cas' ? (each.value as [unknown, unknown]) : [];
  const writes = ['write', 'add', 'append', 'cas'].includes(each.f);
  const known = each.outcome === 'ok' || each.outcome === 'fail';
  return {
    index: each.idx,
    process: each.process,
    session: `${each.thread} ${space}`,
    f: each.f,
    key: each.key,
    value: each.f === 'cas' ? written : each.value,
    ...(each.f === 'cas' ? { expected } : {}),
    siblings: each.siblings,
    invoke: each.invoked,
    complete: known ? each.completed! : null,
    status: each.outcome ?? 'info',
    final: each.final,
    stale: each.stale,
    warned: (each.warnings ?? 0) > 0,
    phase: each.phase,
    node: each.node,
    server: each.server,
    error: each.error,
    confidence: each.confidence,
    hops: each.hops,
    late: each.invoked - each.scheduled,
    dot: writes || each.f === 'delete' ? each.version : null,
    context: each.sentContext
      ? JSON.parse(Buffer.from(each.sentContext, 'base64url').toString()).v
      : null,
  };
}

/** Checksums of all columns, since comparing them number by number takes long. */
function bytesOf(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `${value.constructor.name} ${value.byteLength} ${crc32(bytes)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'valueText')
      .map(([name, each]) => [name, bytesOf(each)]),
  );
}

describe('columns of a run file', () => {
  it('are what the builder makes of the same operations, from rows and from chunks', () => {
    fc.assert(
      fc.property(histories, (rows) => {
        const path = makeRun(rows);
        const built = comparable(
          buildHistory(rows.map(plainOf), { nodes: ['n1', 'n2', 'n3'], recognised: 'own' }),
        );
        const fromRows = loadRun(path, { rowsOnly: true });
        const fromChunks = loadRun(path);
        expect([fromRows.from, fromChunks.from]).toEqual(['rows', 'chunks']);
        expect(comparable(fromRows.history)).toEqual(built);
        expect(comparable(fromChunks.history)).toEqual(built);
      }),
      { numRuns: 60 },
    );
  });

  it('are sealed in several chunks when there are many operations', () => {
    const rows = Array.from({ length: 70_000 }, (_, idx) =>
      row(idx, {
        invoked: idx,
        completed: idx + (idx % 7),
        process: idx % 9,
        thread: idx % 9,
        f: idx % 3 === 0 ? 'read-all' : 'add',
        key: `s-${idx % 9}`,
        value: idx % 3 === 0 ? [idx - 1, idx - 2, idx - 2] : idx,
        sentContext: token({ n1: Math.floor(idx / 1000) }),
      }),
    );
    const path = makeRun(rows);
    const sealed = loadRun(path);
    const read = loadRun(path, { rowsOnly: true });
    expect(sealed.from).toBe('chunks');
    expect(bytesOf(sealed.history)).toEqual(bytesOf(read.history));
    expect(sealed.history.valueText(5)).toBe(read.history.valueText(5));
  });

  it('give one session to each thread and space, also after a process was retired', () => {
    const path = makeRun([
      row(0, { process: 0, thread: 0, f: 'write', value: 1, key: 'a/x', invoked: 0 }),
      row(1, { process: 5, thread: 0, f: 'write', value: 2, key: 'a/y', invoked: 1, completed: 2 }),
      row(2, { process: 5, thread: 0, f: 'write', value: 3, key: 'b/x', invoked: 3, completed: 4 }),
    ]);
    const { history } = loadRun(path);
    expect([...history.session]).toEqual([0, 0, 1]);
    expect(history.status[0]).toBe(Status.Info);
    expect(history.complete[0]).toBe(Number.POSITIVE_INFINITY);
  });

  it('hold reads of sets as what has changed since the session saw that set last', () => {
    const read = (idx: number, thread: number, value: unknown[], key = 'a') =>
      row(idx, {
        process: thread,
        thread,
        f: 'read-all',
        key,
        value,
        invoked: idx,
        completed: idx,
      });
    const add = (idx: number, value: string) =>
      row(idx, { process: 9, thread: 9, f: 'add', key: 'a', value, invoked: idx, completed: idx });
    const path = makeRun([
      ...[add(0, 'x'), add(1, 'y'), add(2, 'z')],
      read(3, 0, ['x', 'y']),
      read(4, 1, ['y']),
      read(5, 0, ['z', 'y', 'z', 'never']),
      read(6, 0, ['y', 'z'], 'b'),
      read(7, 0, []),
      read(8, 0, ['x', 'y', 'z']),
    ]);
    for (const rowsOnly of [true, false]) {
      const { rows, duplicates } = comparable(loadRun(path, { rowsOnly }).history);
      expect(rows.slice(3).map((each) => each.delta)).toEqual([
        ['+"x"', '+"y"'],
        ['+"y"'],
        ['+"never"', '+"z"', '-"x"'],
        ['+"y"', '+"z"'],
        ['-"never"', '-"y"', '-"z"'],
        ['+"x"', '+"y"', '+"z"'],
      ]);
      expect(duplicates).toEqual(['5 "z"']);
    }
  });

  it('leave the nemesis out', () => {
    const path = makeRun([
      row(0, { process: 'nemesis', thread: -1, key: null, f: 'start', invoked: 0, completed: 1 }),
      row(1, { f: 'write', value: 1, invoked: 1, completed: 2, final: true, stale: true }),
    ]);
    const { history } = loadRun(path);
    expect([...history.index]).toEqual([1]);
    expect([...history.kind]).toEqual([Kind.Write]);
    expect(history.flags[0]).toBe(Flag.Final | Flag.Stale);
  });

  it('take another value for the initial one when asked', () => {
    const path = makeRun([row(0, { value: 0, invoked: 1, completed: 2 })]);
    expect(loadRun(path).history.value[0]).toBe(1);
    expect(loadRun(path, { initial: '0' }).history.value[0]).toBe(0);
  });

  it('have one id for a value that was written twice, and are not sealed', () => {
    const write = { f: 'write', value: 'same' };
    const twice = [
      row(0, { ...write, invoked: 1, completed: 2 }),
      row(1, { ...write, invoked: 3, completed: 4 }),
    ];
    const { history, from } = loadRun(makeRun(twice));
    expect(from).toBe('rows');
    expect([...history.value]).toEqual([1, 1]);
    expect(history.objects?.repeated).toEqual(Uint8Array.of(1));
  });

  it('are refused when time runs backwards', () => {
    const write = { f: 'write', value: 'same' };
    const back = [row(0, { ...write, invoked: 5, completed: 2 })];
    expect(() => loadRun(makeRun(back))).toThrow(/completed before it was invoked/);
    const busy = [
      row(0, { ...write, invoked: 1, completed: 9 }),
      row(1, { ...write, value: 2, invoked: 3, completed: 4 }),
    ];
    expect(() => loadRun(makeRun(busy))).toThrow(/while its operation 0 was in flight/);
    expect(judgeRun(makeRun(busy)).valid).toBe('unknown');
  });
});

describe('rows and chunks that disagree', () => {
  const rows = [
    row(0, { f: 'write', value: 'a', invoked: 1, completed: 2 }),
    row(1, { f: 'read', value: 'a', invoked: 3, completed: 4 }),
  ];
  const changed = (sql: string) => {
    const path = makeRun(rows);
    const db = new Database(path);
    db.exec(sql);
    db.close();
    return loadRun(path);
  };

  it.each([
    ['UPDATE op SET value = \'"b"\' WHERE idx = 1', 'changed after the run was sealed'],
    ['DROP TRIGGER op_changed_by_delete; DELETE FROM op WHERE idx = 1', 'changed after the run'],
    ['UPDATE chunk SET cols = zeroblob(length(cols))', 'fails its checksum'],
    ['DELETE FROM chunk', 'the last chunks are missing'],
    ["UPDATE seal SET header = '{}'", 'header fails its checksum'],
    ['UPDATE seal SET format = 99', 'format 99'],
  ])('are read from the rows, and it is said: %s', (sql, sentence) => {
    const { from, notes, history, damaged } = changed(sql);
    expect(from).toBe('rows');
    expect(notes.join(' ')).toContain(sentence);
    expect(damaged).toBe(false);
    const value = history.n < 2 ? '"a"' : history.valueText(history.value[1]);
    expect(value).toBe(sql.includes('"b"') ? '"b"' : '"a"');
  });
});

describe('a run file that was cut off', () => {
  const rows = Array.from({ length: 6000 }, (_, idx) =>
    row(idx, { f: 'write', value: `value ${idx}`, invoked: idx, completed: idx + 0.5 }),
  );

  it('is read up to the damage, wherever it is, and judged as unknown', () => {
    const whole = makeRun(rows);
    const size = statSync(whole).size;
    const had: number[] = [];
    for (const share of [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999]) {
      const path = join(temporaryFolder(), 'run.sqlite');
      copyFileSync(whole, path);
      truncateSync(path, Math.floor(size * share));
      const judgement = judgeRun(path);
      expect(judgement.valid).toBe('unknown');
      expect(judgement.checkNo).toBeNull();
      expect(statSync(path).size).toBe(Math.floor(size * share));
      const { ok, fail, info } = judgement.screen.counts;
      had.push(ok + fail + info);
    }
    expect(had).toEqual([...had].sort((a, b) => a - b));
    expect(had.at(-1)).toBe(6000);
    expect(had[3]).toBeGreaterThan(1000);
  });
});
