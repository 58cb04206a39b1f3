/**
 * The operations of a run as compact columns, for pages: about five bytes each once they are compressed.
 * `packColumns` writes them from a history, `unpackColumns` reads them in the browser. Rows are in order of
 * invocation. Times are rounded to a tick, durations to a ratio (`bytes.ts`); exact ones stay in the run file.
 *
 * What mostly repeats is stored as the difference from what is expected: a lane keeps talking to its node,
 * a key keeps its server, a process its number.
 */
import { type History, PHASES } from '../../../checkers/history/history.ts';
import { ByteReader, ByteWriter, durationCode } from './bytes.ts';

/** What several operations have in common: f, outcome, flags and phase as one number. */
export interface OperationClass {
  readonly f: string;
  readonly outcome: Outcome;
  readonly final: boolean;
  readonly stale: boolean;
  readonly phase: string;
}

export const OUTCOMES = ['ok', 'info', 'fail'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What a reader needs beside the bytes. */
export interface ColumnsHead {
  readonly n: number;
  /** us in a tick of the invocation column. */
  readonly tickUs: number;
  /** Numbers of the processes that began each lane. */
  readonly lanes: readonly number[];
  readonly classes: readonly OperationClass[];
  /** Bytes of each stream, in order. */
  readonly sizes: readonly number[];
}

export interface Columns {
  readonly n: number;
  /** us since the start. */
  readonly invoke: Float64Array;
  /** Code of the duration (`durationOf`); 0: never ended. */
  readonly took: Uint16Array;
  /** Code of the lateness. */
  readonly late: Uint16Array;
  readonly lane: Uint16Array;
  readonly process: Int32Array;
  /** Index of the node that was asked, and of the one that served; -1: unknown. */
  readonly node: Int16Array;
  readonly server: Int16Array;
  /** Index of the key, -1: none. */
  readonly key: Int32Array;
  /** Index into `classes`. */
  readonly kind: Uint16Array;
  /** Index into OUTCOMES. */
  readonly outcome: Uint8Array;
  /** Index of the error, -1: none. */
  readonly error: Int16Array;
  /** Number of the operation in the run file. */
  readonly idx: Int32Array;
  readonly lanes: readonly number[];
  readonly classes: readonly OperationClass[];
}

const STATUS: readonly Outcome[] = ['ok', 'fail', 'info'];
const FINAL = 1;
const STALE = 2;

/**
 * `lanesOf`: how many processes a thread goes through are so far apart (the concurrency); 0 where each process
 * is a lane of its own.
 */
export function packColumns(
  history: History,
  stride: number,
  tickUs: number,
): { readonly head: ColumnsHead; readonly bytes: Uint8Array } {
  const { n } = history;
  const order = Int32Array.from({ length: n }, (_, row) => row);
  order.sort(
    (a, b) => history.invoke[a] - history.invoke[b] || history.index[a] - history.index[b],
  );
  const streams = Array.from({ length: STREAMS }, () => new ByteWriter());
  const [
    ticks,
    took,
    tookHigh,
    late,
    lanes,
    keys,
    kinds,
    kindsHigh,
    nodes,
    servers,
    errors,
    processes,
    indices,
  ] = streams;
  const laneOf = new Map<number, number>();
  const laneStart: number[] = [];
  const processNow: number[] = [];
  const nodeNow: number[] = [];
  const serverNow: number[] = [];
  const classes = new Map<string, number>();
  const listed: OperationClass[] = [];
  let tick = 0;
  for (let i = 0; i < n; i++) {
    const row = order[i];
    const at = Math.max(tick, Math.round(history.invoke[row] / 1e3 / tickUs));
    ticks.varint(at - tick);
    tick = at;
    const code = durationCode((history.complete[row] - history.invoke[row]) / 1e3);
    took.byte(code & 255);
    tookHigh.byte(code >> 8);
    const lateCode = history.late === null ? 0 : durationCode(history.late[row] / 1e3);
    late.byte(Math.min(255, Math.ceil(lateCode / LATE_STEP)));
    const process = history.process[row];
    const name = stride > 0 && process >= 0 ? process % stride : process;
    let lane = laneOf.get(name);
    if (lane === undefined) {
      lane = Math.min(laneStart.length, LANES_MAX - 1);
      laneOf.set(name, lane);
      if (lane === laneStart.length) {
        laneStart.push(process);
        processNow.push(process);
        nodeNow.push(-1);
      }
    }
    lanes.varint(lane);
    processes.signed(process - processNow[lane]);
    processNow[lane] = process;
    const node = history.node[row];
    nodes.varint(node === nodeNow[lane] ? 0 : node + 2);
    nodeNow[lane] = node;
    const key = history.key[row];
    keys.varint(key + 1);
    const server = history.server === null ? -1 : history.server[row];
    servers.varint(server === (serverNow[key + 1] ?? -1) ? 0 : server + 2);
    serverNow[key + 1] = server;
    const outcome = STATUS[history.status[row]];
    const flags = history.flags[row];
    const text = `${history.f[row]} ${outcome} ${flags & (FINAL | STALE)} ${history.phase[row]}`;
    let kind = classes.get(text);
    if (kind === undefined) {
      kind = listed.length;
      classes.set(text, kind);
      listed.push({
        f: history.fs[history.f[row]],
        outcome,
        final: (flags & FINAL) !== 0,
        stale: (flags & STALE) !== 0,
        phase: PHASES[history.phase[row]] ?? '',
      });
    }
    kinds.byte(kind & 255);
    kindsHigh.byte(kind >> 8);
    if (outcome !== 'ok') errors.varint((history.error?.[row] ?? -1) + 1);
    indices.signed(history.index[row] - i);
  }
  const parts = streams.map((stream) => stream.take());
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  const sizes = parts.map((part) => part.length);
  return { head: { n, tickUs, lanes: laneStart, classes: listed, sizes }, bytes };
}

const STREAMS = 13;
/** Lateness is told more coarsely: a byte is enough for all that can be waited for. */
const LATE_STEP = 3;
/** A history of another tool may have a process for each operation: the rest shares the last lane. */
const LANES_MAX = 4096;

/** Reads what `packColumns` wrote. */
export function unpackColumns(head: ColumnsHead, bytes: Uint8Array): Columns {
  const { n, tickUs, lanes, classes } = head;
  let offset = 0;
  const readers = head.sizes.map((size) => {
    const reader = new ByteReader(bytes.subarray(offset, offset + size));
    offset += size;
    return reader;
  });
  const [
    ticks,
    took,
    tookHigh,
    late,
    laneCodes,
    keys,
    kinds,
    kindsHigh,
    nodes,
    servers,
    errors,
    processes,
    indices,
  ] = readers;
  const columns = emptyColumns(n, lanes, classes);
  const outcomeOf = classes.map((each) => OUTCOMES.indexOf(each.outcome));
  const processNow = [...lanes];
  const nodeNow = lanes.map(() => -1);
  const serverNow: number[] = [];
  let tick = 0;
  for (let i = 0; i < n; i++) {
    tick += ticks.varint();
    columns.invoke[i] = tick * tickUs;
    columns.took[i] = took.byte() | (tookHigh.byte() << 8);
    columns.late[i] = late.byte() * LATE_STEP;
    const lane = laneCodes.varint();
    columns.lane[i] = lane;
    processNow[lane] += processes.signed();
    columns.process[i] = processNow[lane];
    const node = nodes.varint();
    if (node > 0) nodeNow[lane] = node - 2;
    columns.node[i] = nodeNow[lane];
    const key = keys.varint() - 1;
    columns.key[i] = key;
    const server = servers.varint();
    if (server > 0) serverNow[key + 1] = server - 2;
    columns.server[i] = serverNow[key + 1] ?? -1;
    const kind = kinds.byte() | (kindsHigh.byte() << 8);
    columns.kind[i] = kind;
    columns.outcome[i] = outcomeOf[kind] ?? 0;
    columns.error[i] = columns.outcome[i] === 0 ? -1 : errors.varint() - 1;
    columns.idx[i] = i + indices.signed();
  }
  return columns;
}

function emptyColumns(
  n: number,
  lanes: readonly number[],
  classes: readonly OperationClass[],
): Columns {
  return {
    n,
    invoke: new Float64Array(n),
    took: new Uint16Array(n),
    late: new Uint16Array(n),
    lane: new Uint16Array(n),
    process: new Int32Array(n),
    node: new Int16Array(n),
    server: new Int16Array(n),
    key: new Int32Array(n),
    kind: new Uint16Array(n),
    outcome: new Uint8Array(n),
    error: new Int16Array(n),
    idx: new Int32Array(n),
    lanes,
    classes,
  };
}
