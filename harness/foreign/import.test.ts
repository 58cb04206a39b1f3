import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredRow } from '../store/fields.ts';
import { openRunFile } from '../store/run-file.ts';
import { storedRows } from '../store/stored-rows.ts';
import { makeRun, row, temporaryFolder } from '../store/testing/made-runs.ts';
import { writeEdn } from './edn.ts';
import type { HistoryEvent } from './events.ts';
import { exportRun } from './export-run.ts';
import { readForeign, storeImported } from './import.ts';
import { MalformedHistoryError } from './malformed.ts';
import { ednEvents, type Format, readEvents } from './read-events.ts';

function file(name: string, text: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

/** Rows of a file, in the words of our tables. */
function rowsIn(name: string, text: string): readonly StoredRow[] {
  return readForeign(file(name, text)).rows;
}

const brief = (rows: readonly StoredRow[]) =>
  rows.map(({ process, f, key, value, outcome }) => [process, f, key, value, outcome ?? 'flying']);

describe('histories of other tools', () => {
  it('registers in EDN, with and without independent keys', () => {
    const plain = `
      {:type :invoke, :f :write, :value 1, :process 0, :time 10, :index 0}
      {:type :invoke, :f :read, :value nil, :process 1, :time 11, :index 1}
      {:type :info, :f :write, :value 1, :process 0, :time 12, :index 2, :error :timeout}
      {:type :ok, :f :read, :value 1, :process 1, :time 13, :index 3}
      {:type :invoke, :f :cas, :value [1 2], :process 2, :time 14, :index 4}`;
    expect(brief(rowsIn('a.edn', plain))).toEqual([
      [0, 'write', 'register', 1, 'info'],
      [1, 'read', 'register', 1, 'ok'],
      [2, 'cas', 'register', [1, 2], 'flying'],
    ]);
    const keyed = `[
      {:type :invoke, :f :write, :value [7 1], :process 0}
      {:type :ok, :f :write, :value [7 1], :process 0}
      {:type :invoke, :f :read, :value ["k" nil], :process 0}
      {:type :fail, :f :read, :value ["k" nil], :process 0, :error [:unavailable "n1"]}]`;
    expect(brief(rowsIn('b.edn', keyed))).toEqual([
      [0, 'write', '7', 1, 'ok'],
      [0, 'read', 'k', null, 'fail'],
    ]);
  });

  it('sets, and lists with one operation in each transaction', () => {
    const set = `
      {:type :invoke, :f :add, :value 1, :process 0}
      {:type :ok, :f :add, :value 1, :process 0}
      {:type :invoke, :f :read, :value nil, :process 1}
      {:type :ok, :f :read, :value #{1}, :process 1}`;
    const rows = rowsIn('set.edn', set);
    expect(brief(rows)).toEqual([
      [0, 'add', 'set', 1, 'ok'],
      [1, 'read-all', 'set', [1], 'ok'],
    ]);
    expect(rows.map((each) => each.final)).toEqual([undefined, true]);
    const list = `
      {:type :invoke, :f :txn, :value [[:append 5 1]], :process 0}
      {:type :ok, :f :txn, :value [[:append 5 1]], :process 0}
      {:type :invoke, :f :txn, :value [[:r 5 nil]], :process 1}
      {:type :ok, :f :txn, :value [[:r 5 [1]]], :process 1}`;
    expect(brief(rowsIn('list.edn', list))).toEqual([
      [0, 'append', '5', 1, 'ok'],
      [1, 'read-list', '5', [1], 'ok'],
    ]);
  });

  it('the log form, JSON lines, and the nemesis', () => {
    const log = [
      'some other line of the log',
      'INFO  jepsen.util - 3\t:invoke\t:write\t4',
      '2020-01-01 10:00:00,000{GMT} INFO jepsen.util - :nemesis\t:info\t:start\tnil',
      'INFO  jepsen.util - 3\t:ok\t:write\t4',
      'INFO  jepsen.util - 2\t:invoke\t:cas\t[4 5]',
      'INFO  jepsen.util - 2\t:fail\t:cas\t:timed-out',
    ].join('\n');
    const rows = rowsIn('jepsen.log', log);
    expect(brief(rows)).toEqual([
      [3, 'write', 'register', 4, 'ok'],
      ['nemesis', 'start', null, null, 'flying'],
      [2, 'cas', 'register', [4, 5], 'fail'],
    ]);
    expect(rows[2].error).toBe('timed-out');
    const json = [
      '{"type":"invoke","process":0,"f":"write","value":["x",1],"time":5}',
      '',
      '{"type":"ok","process":0,"f":"write","value":["x",1],"time":9,"node":"n1"}',
    ].join('\r\n');
    expect(rowsIn('a.jsonl', json)).toMatchObject([
      { f: 'write', key: 'x', value: 1, outcome: 'ok', invoked: 5, completed: 9 },
    ]);
  });

  it('are ordered by their lines when they have no times, or a clock that runs backwards', () => {
    const text = (times: readonly (number | null)[]) =>
      times
        .map((time, i) => {
          const type = i % 2 === 0 ? ':invoke' : ':ok';
          const when = time === null ? '' : `, :time ${time}`;
          return `{:type ${type}, :f :write, :value ${Math.floor(i / 2)}, :process ${i % 4 < 2 ? 0 : 1}${when}}`;
        })
        .join('\n');
    const without = readForeign(file('a.edn', text([null, null, null, null])));
    expect(without.rows.map((each) => [each.invoked, each.completed])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    const backwards = readForeign(file('b.edn', text([10, 20, 15, 30])));
    expect(backwards.rows.map((each) => each.invoked)).toEqual([10, 20]);
    expect(backwards.notes.join()).toContain('runs backwards at 1 places');
  });

  it('are the same wherever the pieces of the file end', () => {
    const text =
      '[{:type :invoke, :f :write, :value "é]", :process 0} ; [\n {:type :ok, :f :write, :process 0}]';
    const whole = [...ednEvents('x', [text])].map(({ event }) => event);
    expect(whole).toHaveLength(2);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const ends = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = ends.slice(1).map((end, i) => text.slice(ends[i], end));
        expect([...ednEvents('x', pieces)].map(({ event }) => event)).toEqual(whole);
      }),
    );
  });
});

describe('a malformed history', () => {
  it.each<[string, Format, string, number, number, RegExp]>([
    ['a bracket', 'edn', '{:type :invoke}\n  {:type ]', 1, 1, /process is undefined/],
    [
      'a bracket',
      'edn',
      ' [{:type :invoke, :f :w, :process 0}\n  {:type ]]',
      2,
      10,
      /closes nothing/,
    ],
    ['the end', 'edn', '{:type :invoke, :f :read, :process 1}\n{:type', 2, 1, /never closed/],
    [
      'the vector',
      'edn',
      '[{:type :invoke, :f :read, :process 1}\n',
      2,
      1,
      /\] at the end is missing/,
    ],
    [
      'a type',
      'edn',
      '{:type :begin, :f :read, :process 1}',
      1,
      1,
      /type is .*invoke, ok, fail, info/,
    ],
    ['no map', 'edn', '7', 1, 1, /operation map is expected/],
    ['a time', 'jsonl', '{"type":"ok","f":"r","process":1,"time":1.5}', 1, 1, /whole number/],
    ['no JSON', 'jsonl', '\n  {"type":"ok",,}', 2, 16, /no JSON/],
    ['a log value', 'log', 'INFO jepsen.util - 1 :invoke :write [4', 1, 37, /never closed/],
    ['no log', 'log', 'hello\nworld', 1, 1, /no operation was found/],
    [
      'a double',
      'jsonl',
      `${'{"type":"invoke","f":"read","process":1}\n'.repeat(2)}`,
      2,
      1,
      /in flight/,
    ],
    ['an end', 'jsonl', '{"type":"ok","f":"read","process":1}', 1, 1, /never invoked/],
    [
      'a transaction',
      'edn',
      '{:type :invoke, :f :txn, :value [[:r 1 nil] [:r 2 nil]], :process 0}',
      1,
      1,
      /exactly one/,
    ],
  ])('is refused with line and column: %s', (_, format, text, line, column, sentence) => {
    try {
      readForeign(file('history', text), format);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedHistoryError);
      const { message, ...place } = error as MalformedHistoryError;
      expect(message).toMatch(sentence);
      expect(place).toMatchObject({ line, column });
    }
  });
});

const operationsOf: Readonly<Record<string, readonly string[]>> = {
  register: ['read', 'write', 'cas', 'debug'],
  set: ['read', 'read', 'add', 'debug'],
  list: ['txn', 'txn', 'txn', 'debug'],
};

/** Events of processes that do one thing after the other, over objects of one kind. */
const events = fc
  .record({
    object: fc.constantFrom('register', 'set', 'list'),
    tupled: fc.boolean(),
    timed: fc.boolean(),
    indexed: fc.boolean(),
    steps: fc.array(
      fc.record({
        process: fc.nat(3),
        f: fc.nat(3),
        key: fc.oneof(fc.nat(3), fc.constantFrom('a', '7', 'k k')),
        type: fc.constantFrom('ok', 'fail', 'info', 'none'),
        gap: fc.nat(3),
        error: fc.option(fc.constantFrom<unknown>('timeout', { $kw: 'net' }, [1, 'x'])),
        node: fc.option(fc.constantFrom<unknown>('n1', 5)),
        nemesis: fc.boolean(),
      }),
      { maxLength: 14 },
    ),
  })
  .map(({ object, tupled, timed, indexed, steps }) => {
    const made: HistoryEvent[] = [];
    let time = 0;
    const put = (event: Omit<HistoryEvent, 'more'> & { more?: HistoryEvent['more'] }): void => {
      const index = indexed ? { index: made.length } : {};
      made.push({ more: {}, ...event, ...(timed ? { time } : {}), ...index });
    };
    steps.forEach((step, i) => {
      const f = operationsOf[object][step.f];
      const wrap = (value: unknown): unknown =>
        f === 'debug' || f === 'txn' || !tupled ? value : [step.key, value];
      const asked: Record<string, unknown> = {
        read: null,
        write: i,
        cas: [i, i + 100],
        add: i,
        txn: [[{ $kw: i % 2 ? 'append' : 'r' }, step.key, i % 2 ? i : null]],
        debug: { any: i },
      };
      const process = i * 4 + step.process;
      time += step.gap;
      put({ type: 'invoke', process, f, value: wrap(asked[f]) });
      time += step.gap;
      if (step.nemesis) put({ type: 'info', process: 'nemesis', f: 'start', value: i });
      if (step.type === 'none') return;
      const read = object === 'set' ? [i - 1, i - 2] : i - 1;
      const got = f === 'read' && step.type === 'ok' ? read : asked[f];
      put({
        type: step.type as 'ok',
        process,
        f,
        value: wrap(got),
        ...(step.error === null ? {} : { error: step.error }),
        more: step.node === null ? {} : { node: step.node },
      });
    });
    return made;
  });

const lineOf: Readonly<Record<'edn' | 'jsonl', (event: HistoryEvent) => string>> = {
  jsonl: ({ more, ...event }) => JSON.stringify({ ...event, ...more }),
  edn: ({ more, type, process, f, ...event }) => {
    const who = typeof process === 'string' ? { $kw: process } : process;
    return writeEdn({ type: { $kw: type }, process: who, f: { $kw: f }, ...event, ...more });
  },
};

describe('a round trip', () => {
  it.each(['edn', 'jsonl'] as const)('through a run file loses nothing of %s', (format) => {
    fc.assert(
      fc.property(events, (made) => {
        const path = file(`in.${format}`, made.map(lineOf[format]).join('\n'));
        const before = [...readEvents(path, format)].map(({ event }) => event);
        const dir = storeImported(readForeign(path), temporaryFolder(), 'trip');
        const text = [...exportRun(join(dir, 'run.sqlite'), format)].join('\n');
        const after = [...readEvents(file(`out.${format}`, text), format)].map(
          ({ event }) => event,
        );
        expect(after).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it.each(['edn', 'jsonl'] as const)(
    'of a run of ours through %s gives the same rows',
    (format) => {
      const rows = [
        row(0, {
          process: 'nemesis',
          thread: -1,
          key: null,
          node: null,
          workload: null,
          f: 'cut',
          invoked: 0,
          completed: 2,
          outcome: 'info',
        }),
        row(1, {
          process: 1,
          thread: 1,
          f: 'add',
          key: 'set-1',
          value: 'é"',
          invoked: 1,
          completed: 4,
          version: 'n1:3',
          server: 'n2',
          hops: 1,
          confidence: 0.9,
          warnings: 0,
          sentContext: 'abc',
          context: 'def',
        }),
        row(2, {
          process: 2,
          thread: 2,
          f: 'write',
          key: 'r/1',
          value: { a: [1, null] },
          invoked: 3,
          completed: 3,
          outcome: 'fail',
          error: 'http-503',
          message: 'no\nway',
          scheduled: 1,
        }),
        row(3, {
          process: 0,
          thread: 0,
          f: 'read',
          key: 'r/1',
          value: 3,
          invoked: 5,
          completed: 6,
          stale: true,
          siblings: [3, 'x'],
          phase: 'final',
          final: true,
        }),
        row(4, {
          process: 1,
          thread: 1,
          f: 'read-all',
          key: 'set-1',
          value: ['é"'],
          invoked: 6,
          completed: 8,
          final: false,
        }),
        row(5, { process: 2, thread: 2, f: 'write', key: 'r/2', value: 9, invoked: 7 }),
        row(6, {
          process: 3,
          thread: 3,
          f: 'delete',
          key: 'set-1',
          value: null,
          invoked: 8,
          completed: 9,
        }),
      ];
      const path = makeRun(rows);
      const imported = readForeign(file(`ours.${format}`, [...exportRun(path, format)].join('\n')));
      expect(imported.rows).toEqual(rows);
      const again = openRunFile(makeRun(imported.rows));
      expect([...storedRows(again)]).toEqual([...rows]);
      again.db.close();
    },
  );

  it('as CSV has one line for each operation, quoted where needed', () => {
    const path = makeRun([row(0, { f: 'write', value: 'a "b",\nc', invoked: 1, completed: 2 })]);
    const [head, line] = [...exportRun(path, 'csv')];
    expect(head).toMatch(/^idx,process,f,outcome/);
    expect(line).toContain('"""a \\""b\\"",\\nc"""');
  });
});
