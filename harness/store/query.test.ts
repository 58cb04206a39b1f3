import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../checkers/verdict/verdict.ts';
import { NothingToShowError, operation, opsOfKey, opsOfProcess } from './look.ts';
import { QueryRefusedError, query } from './query.ts';
import { openRun } from './recorder.ts';
import { openRunFile } from './run-file.ts';
import { header, makeRun, record, row, temporaryFolder } from './testing/made-runs.ts';
import { readCheck, saveVerdicts } from './verdicts.ts';

const rows = [
  row(0, { f: 'write', value: 1, invoked: 1, completed: 2 }),
  row(1, { f: 'read', value: 1, invoked: 11, completed: 14 }),
  row(2, { f: 'read', invoked: 12, process: 1 }),
];

const verdict = (valid: Verdict['valid'], more: Partial<Verdict> = {}): Verdict => ({
  checker: 'causal',
  version: '1',
  valid,
  message: 'said',
  figures: { 'read-count': 2 },
  anomalies: [],
  counts: {},
  ...more,
});

describe('a query', () => {
  it('gives the rows of one statement, as many as were asked for', () => {
    const path = makeRun(rows);
    expect(query(path, 'select idx, f from op order by idx;', 2)).toEqual({
      columns: ['idx', 'f'],
      rows: [
        [0, 'write'],
        [1, 'read'],
      ],
      cut: true,
    });
    expect(query(path, 'select idx from op', 3)).toMatchObject({ cut: false });
  });

  it.each([
    ['select 1; select 2', /one statement at a time/],
    ['', /query is empty/],
    ['delete from op', /only statements that read/],
    ['update run set name = 1 returning name', /only statements that read|readonly/],
    ["attach '/tmp/elsewhere' as x", /only statements that read/],
    ['selec 1', /does not take the query/],
    ['select * from nowhere', /no such table: nowhere/],
  ])('is refused: %s', (sql, sentence) => {
    const path = makeRun(rows);
    expect(() => query(path, sql, 10)).toThrow(QueryRefusedError);
    expect(() => query(path, sql, 10)).toThrow(sentence);
    expect(query(path, 'select count(*) from op', 1).rows).toEqual([[3]]);
  });
});

describe('the views', () => {
  const plan = { id: 0, kind: 'pause', variant: 'one', atMs: 0, untilMs: 1, targets: ['n1'] };

  it('answer the questions that they promise to', () => {
    const recorder = openRun(`${temporaryFolder()}/run`, header());
    record(recorder, [...rows, row(3, { f: 'write', value: 2, invoked: 30, completed: 31 })]);
    const healed = { applied: 10e6, healedAt: 20e6, effective: 'effective', healed: true } as const;
    recorder.fault({ id: 0, plan, description: 'paused', ...healed });
    recorder.state('done');
    recorder.close();
    const all = (sql: string) => query(recorder.path, sql, 100).rows;
    expect(all('select key, ops, reads, ok, in_flight from ops_by_key')).toEqual([
      ['s-1/x', 4, 2, 3, 1],
    ]);
    expect(all('select id, start_s, end_s, ops, ok, fail, info from fault_windows')).toEqual([
      [0, 0.01, 0.02, 2, 1, 0, 1],
    ]);
    expect(
      all(
        'select fault, window, f, ops, ok, p50_ms, max_ms from latency_by_window order by f, ops',
      ),
    ).toEqual([
      [0, 'pause one', 'read', 2, 1, 3, 3],
      [null, 'calm', 'write', 2, 2, 1, 1],
    ]);
  });
});

describe('verdicts in a run file', () => {
  const anomaly = {
    pattern: 'WriteCORead',
    violates: ['CC'],
    key: 's-1/x',
    ops: [0, 1],
    summary: 'older value',
    steps: ['a', 'b'],
    lanes: [],
    count: 3,
    confirmed: true,
    minimal: true,
  };

  it('are kept beside each other, and come back as they were', () => {
    const path = makeRun(rows);
    const first = [verdict(true), verdict(false, { informational: true, checker: 'staleness' })];
    const second = [verdict(false, { version: '2', anomalies: [anomaly], counts: { x: 3 } })];
    expect(saveVerdicts(path, first, { a: 1 })).toBe(1);
    expect(saveVerdicts(path, second, {})).toBe(2);
    const file = openRunFile(path);
    expect(readCheck(file, 1)).toMatchObject({ checkNo: 1, valid: true, verdicts: first });
    expect(readCheck(file)).toMatchObject({
      checkNo: 2,
      valid: false,
      verdicts: [...second, first[1]],
    });
    file.db.close();
    expect(query(path, 'select no, pattern, violates, ops, count from anomalies', 9).rows).toEqual([
      [1, 'WriteCORead', '["CC"]', '[0,1]', 3],
    ]);
  });
});

describe('a narrower or poorer check', () => {
  const bad = verdict(false, { checker: 'lost-writes', anomalies: [], counts: { lost: 1 } });
  const checkedAgain = (...later: Verdict[]) => {
    const path = makeRun(rows);
    saveVerdicts(path, [bad, verdict(true, { checker: 'stats' })], {});
    saveVerdicts(path, later, {});
    const file = openRunFile(path);
    const check = readCheck(file)!;
    const stored = file.db.prepare('SELECT valid FROM run').pluck().get();
    file.db.close();
    expect(stored).toBe(String(check.valid));
    return check;
  };

  it('replaces nothing that it did not look at', () => {
    const { valid, verdicts } = checkedAgain(verdict(true, { checker: 'stats' }));
    expect(valid).toBe(false);
    expect(verdicts.map((each) => [each.checker, each.valid])).toEqual([
      ['lost-writes', false],
      ['stats', true],
    ]);
  });

  it('that came to no end replaces no answer', () => {
    const timeout = { valid: 'unknown', reason: 'checker-timeout', counts: {} } as const;
    expect(checkedAgain({ ...bad, ...timeout }).valid).toBe(false);
    const noRoom = { ...timeout, reason: 'checker-memory', checker: 'history' } as const;
    expect(checkedAgain({ ...bad, ...noRoom }).verdicts).toHaveLength(2);
  });

  it('that is complete replaces what the same checker said before', () => {
    expect(checkedAgain({ ...bad, valid: true, counts: {} }).valid).toBe(true);
  });
});

describe('a look at what is not there', () => {
  it('says what there is', () => {
    const file = openRunFile(makeRun(rows));
    expect(() => operation(file, 9)).toThrow(NothingToShowError);
    expect(() => operation(file, 9)).toThrow(/numbered 0 to 2/);
    expect(() => opsOfKey(file, 'x', 5)).toThrow(/there are s-1\/x/);
    expect(() => opsOfProcess(file, '12', 5)).toThrow(/numbered 0 to 1, and nemesis/);
    file.db.close();
  });
});
