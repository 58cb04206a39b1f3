import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkWhatever } from '../judge/check-file.ts';
import { temporaryFolder } from '../store/testing/made-runs.ts';
import { readForeign } from './import.ts';

function file(name: string, content: string | Buffer): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

const judge = (name: string, content: string | Buffer) => checkWhatever('', file(name, content));
const verdictOf = (checker: string, name: string, content: string | Buffer) =>
  judge(name, content).verdicts.find((each) => each.checker === checker);

/** Each line is an operation that ends at once: process, f, value asked for, value that came back. */
function edn(...ops: readonly (readonly [number, string, string, string?, string?])[]): string {
  return ops
    .flatMap(([process, f, asked, got = asked, type = 'ok']) => [
      `{:type :invoke, :f :${f}, :value ${asked}, :process ${process}}`,
      `{:type :${type}, :f :${f}, :value ${got}, :process ${process}}`,
    ])
    .join('\n');
}

const stale = [
  ['0', ':write', '41'],
  ['0', ':write', '42'],
  ['1', ':read', 'nil', '41'],
] as const;

describe('histories in other forms', () => {
  it('are read from log lines with the name of a worker, and without any beginning', () => {
    for (const before of ['INFO [2026-01-02 03:04:05,678] jepsen worker 0 - jepsen.util ', '']) {
      const lines = stale.flatMap(([process, f, asked, got = asked]) => [
        `${before}${process}\t:invoke\t${f}\t${asked}`,
        `${before}${process}\t:ok\t${f}\t${got}`,
      ]);
      const verdict = verdictOf('linearizable', 'history.log', lines.join('\n'));
      expect(verdict?.valid, before).toBe(false);
    }
  });

  it('are read from a JSON array with an operation on each line', () => {
    const text = `[{"type":"invoke","process":0,"f":"write","value":1},
      {"type":"ok","process":0,"f":"write","value":1},
      {"type":"invoke","process":1,"f":"read","value":null},
      {"type":"ok","process":1,"f":"read","value":null}]`;
    expect(verdictOf('linearizable', 'array.json', text)?.valid).toBe(false);
  });

  it('are read behind a byte order mark, and refused with the reason where they are no UTF-8', () => {
    const text = edn([0, 'write', '1'], [1, 'read', 'nil', '1']);
    expect(judge('marked.edn', `\ufeff${text}`).valid).toBe(true);
    expect(() => judge('wide.edn', Buffer.from(`\ufeff${text}`, 'utf16le'))).toThrow(/UTF-16/);
    const packed = Buffer.from([0x1f, 0x8b, 8, 0]);
    expect(() => judge('packed.edn', packed)).toThrow(/gzip/);
  });

  it('are refused by name where they are operations of Porcupine, or end twice', () => {
    const call = '{"ClientId":0,"Input":{},"Call":1,"Output":{},"Return":2}';
    expect(() => judge('calls.jsonl', call)).toThrow(/Porcupine/);
    const twice = `${edn([0, 'write', '1'])}\n{:type :ok, :f :write, :value 1, :process 0}`;
    expect(() => judge('twice.edn', twice)).toThrow(/line 3.*ends its write twice: line 2 had/s);
  });

  it('are judged by exact times also where they count nanoseconds since 1970', () => {
    const times = ['123', '124', '125', '126'].map((each) => `1790000000000000${each}`);
    const kinds = [
      ['invoke', 'write', 0],
      ['ok', 'write', 0],
      ['invoke', 'write', 1],
      ['ok', 'write', 1],
    ] as const;
    const texts = {
      'epoch.edn': kinds.map(
        ([type, f, process], i) =>
          `{:type :${type} :f :${f} :value ${process} :process ${process} :time ${times[i]}}`,
      ),
      'epoch.jsonl': kinds.map(
        ([type, f, process], i) =>
          `{"type":"${type}","f":"${f}","value":${process},"process":${process},"time":${times[i]}}`,
      ),
    };
    for (const [name, lines] of Object.entries(texts)) {
      const { rows, notes } = readForeign(file(name, lines.join('\n')));
      expect(rows.map((each) => [each.invoked, each.completed])).toEqual([
        [0, 1],
        [2, 3],
      ]);
      expect(notes.join()).toContain('counted from its first one, 1790000000000000123 ns');
    }
    expect(() => judge('half.edn', '{:type :invoke :f :read :process 0 :time 1/2}')).toThrow(
      'time is 1/2; it is a whole number',
    );
  });

  it('are registers also where the server gives versions, `[key [version value]]`', () => {
    const text = edn(
      [0, 'write', '[8 [nil 33]]', '[8 [1 33]]'],
      [1, 'cas', '[8 [nil [33 35]]]', '[8 [2 [33 35]]]'],
      [0, 'read', '[8 [nil nil]]', '[8 [2 35]]'],
    );
    const { rows } = readForeign(file('versions.edn', text));
    expect(rows.map(({ key, value }) => [key, value])).toEqual([
      ['8', 33],
      ['8', [33, 35]],
      ['8', 35],
    ]);
    expect(verdictOf('linearizable', 'versions.edn', text)?.valid).toBe(true);
    const old = edn(
      [0, 'write', '[8 [nil 33]]', '[8 [1 33]]'],
      [0, 'write', '[8 [nil 34]]', '[8 [2 34]]'],
      [0, 'read', '[8 [nil nil]]', '[8 [1 33]]'],
    );
    expect(verdictOf('session', 'old.edn', old)?.valid).toBe(false);
  });

  it('are transactions also where their operations have no f', () => {
    const text = `{:type :invoke, :value [[:append :q 1]], :process 0}
      {:type :ok, :value [[:append :q 1]], :process 0}
      {:type :invoke, :value [[:r :q nil]], :process 0}
      {:type :ok, :value [[:r :q []]], :process 0}`;
    expect(verdictOf('session', 'no-f.edn', text)?.valid).toBe(false);
  });
});

describe('what is done to one object without a key', () => {
  it('is judged as a queue, a counter or a lock by the names of its operations', () => {
    const queue = edn(
      [0, 'enqueue', '1'],
      [0, 'enqueue', '2'],
      [1, 'dequeue', 'nil', '2'],
      [1, 'drain', 'nil', '[]'],
    );
    expect(verdictOf('queue', 'queue.edn', queue)).toMatchObject({
      valid: false,
      counts: { lost: 1 },
    });
    const counter = edn([0, 'add', '3'], [1, 'add', '-1'], [0, 'read', 'nil', '2']);
    expect(verdictOf('counter', 'counter.edn', counter)).toMatchObject({
      valid: true,
      figures: { 'judged-count': 3 },
    });
    const lock = edn([0, 'acquire', 'nil'], [1, 'acquire', 'nil'], [0, 'release', 'nil']);
    expect(verdictOf('lock', 'lock.edn', lock)).toMatchObject({
      valid: false,
      counts: { 'held-twice': 1 },
    });
  });

  it('is not judged, and nobody is accused, where nobody knows one of its operations', () => {
    const broadcast = edn(
      [0, 'broadcast', '1'],
      [0, 'broadcast', '2'],
      [1, 'read', 'nil', '[1 2]'],
    );
    const { valid, verdicts } = judge('broadcast.edn', broadcast);
    expect(valid).toBe('unknown');
    expect(verdicts.filter((each) => each.valid === false)).toEqual([]);
    expect(verdicts.find((each) => each.checker === 'lost-writes')?.reason ?? 'not-judged').toBe(
      'not-judged',
    );
  });

  it('is out of sight key by key, where an unknown name writes one of several', () => {
    const other = edn(
      [0, 'write', '[1 5]'],
      [0, 'upsert', '[2 7]'],
      [1, 'read', '[2 nil]', '[2 7]'],
    );
    const { verdicts } = judge('upsert.edn', other);
    expect(verdicts.filter((each) => each.valid === false)).toEqual([]);
  });

  it('is searched where values come again, which is no fault of the tester', () => {
    const again = edn(
      [0, 'write', '2'],
      [1, 'write', '0'],
      [0, 'write', '2'],
      [3, 'read', 'nil', '0'],
    );
    expect(verdictOf('linearizable', 'again.edn', again)).toMatchObject({ valid: false });
    const fine = edn(
      [0, 'write', '2'],
      [1, 'write', '0'],
      [0, 'write', '2'],
      [1, 'cas', '[2 0]'],
      [3, 'read', 'nil', '0'],
    );
    expect(verdictOf('linearizable', 'fine.edn', fine)).toMatchObject({ valid: true });
  });
});
