import { expect, test } from 'vitest';
import { loadRun } from '../../columns/columns.ts';
import { makeRun, row, temporaryFolder } from '../../store/testing/made-runs.ts';
import { ByteReader, ByteWriter, durationCode, durationOf } from './bytes.ts';
import { OUTCOMES, packColumns, unpackColumns } from './columns.ts';
import { makeLargeRun } from './testing/large-run.ts';

test('numbers come back as they were written', () => {
  const numbers = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 7];
  const writer = new ByteWriter();
  for (const each of numbers) {
    writer.varint(each);
    writer.signed(-each);
    writer.signed(each);
  }
  const reader = new ByteReader(writer.take());
  for (const each of numbers) {
    expect(reader.varint()).toBe(each);
    expect(reader.signed() + each).toBe(0);
    expect(reader.signed()).toBe(each);
  }
});

test('beyond the end of cut bytes there are zeros, and no endless loop', () => {
  const reader = new ByteReader(new Uint8Array([255]));
  expect(reader.varint()).toBe(127);
  expect(reader.varint()).toBe(0);
});

test('durations are told within 2.2 %, and none stays none', () => {
  for (const us of [0, 1, 50, 999, 12_345, 3_600_000_000]) {
    expect(Math.abs(durationOf(durationCode(us)) - us)).toBeLessThanOrEqual(0.022 * (us + 1));
  }
  expect(durationOf(durationCode(Number.POSITIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
});

test('every column of a run comes back, in order of invocation', () => {
  const { history } = loadRun(makeLargeRun(`${temporaryFolder()}/run`, { operations: 3000 }));
  const { head, bytes } = packColumns(history, 20, 1);
  const columns = unpackColumns(JSON.parse(JSON.stringify(head)), bytes);
  const rowOf = new Map(Array.from(history.index, (idx, i) => [idx, i]));
  expect(columns.n).toBe(history.n);
  let before = 0;
  for (let i = 0; i < columns.n; i++) {
    const from = rowOf.get(columns.idx[i]) ?? -1;
    expect(from).toBeGreaterThanOrEqual(0);
    expect(Math.abs(columns.invoke[i] - history.invoke[from] / 1e3)).toBeLessThanOrEqual(0.5);
    expect(columns.invoke[i]).toBeGreaterThanOrEqual(before);
    before = columns.invoke[i];
    expect(columns.process[i]).toBe(history.process[from]);
    expect(columns.node[i]).toBe(history.node[from]);
    expect(columns.server[i]).toBe(history.server?.[from]);
    expect(columns.key[i]).toBe(history.key[from]);
    expect(columns.classes[columns.kind[i]].f).toBe(history.fs[history.f[from]]);
    expect(OUTCOMES[columns.outcome[i]]).toBe(['ok', 'fail', 'info'][history.status[from]]);
    expect(columns.error[i]).toBe(history.error?.[from] ?? -1);
  }
});

test('a process that was retired after info goes on in its lane under its new number', () => {
  const path = makeRun(
    [
      row(0, { invoked: 1, completed: 2, outcome: 'info', f: 'write', value: 1, process: 0 }),
      row(1, { invoked: 3, completed: 4, process: 2, f: 'write', value: 2 }),
      row(2, { invoked: 5, completed: 6, process: 1, thread: 1, f: 'write', value: 3 }),
    ],
    { config: { concurrency: 2 } },
  );
  const { head, bytes } = packColumns(loadRun(path).history, 2, 1);
  const columns = unpackColumns(head, bytes);
  expect([...columns.lane]).toEqual([0, 0, 1]);
  expect([...columns.process]).toEqual([0, 2, 1]);
});

test('an operation costs less than six bytes once it is compressed', async () => {
  const { deflateRawSync } = await import('node:zlib');
  const { history } = loadRun(makeLargeRun(`${temporaryFolder()}/run`, { operations: 60_000 }));
  const { bytes } = packColumns(history, 20, 10);
  expect(deflateRawSync(bytes, { level: 9 }).length / history.n).toBeLessThan(6);
});
