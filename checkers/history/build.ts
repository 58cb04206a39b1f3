/**
 * From plain operations to columns. This is the door for histories of any origin: the harness, files of
 * other tools, tests. It checks what every checker relies on (unique values, completions after
 * invocations, one operation of a process at a time) and refuses what breaks it, since a checker that
 * runs on nonsense gives a wrong verdict.
 */

import { buildVersions, Interner, RaggedBuilder } from './columns.ts';
import {
  type ClusterSample,
  type FaultWindow,
  Flag,
  type History,
  isWrite,
  Kind,
  type LogLine,
  PHASES,
  type Phase,
  Status,
} from './history.ts';
import { orderMoment } from './moment.ts';

export interface PlainOperation {
  /** Index in its source; its place in the list where left out. */
  readonly index?: number;
  readonly process: number | string;
  /** Name of the session; the process where left out. */
  readonly session?: string;
  readonly f: string;
  /** From `f` where left out: read, write, cas, read-all, add, read-list, append, delete. */
  readonly kind?: number;
  readonly key: string | null;
  /** Writes: the value. Reads: what was read; null or undefined is the initial value. */
  readonly value?: unknown;
  /** Cas: the value that was expected. */
  readonly expected?: unknown;
  readonly siblings?: readonly unknown[] | null;
  /** ns. */
  readonly invoke: number;
  /** ns; null where it never completed. */
  readonly complete: number | null;
  readonly status: 'ok' | 'fail' | 'info';
  readonly final?: boolean;
  readonly stale?: boolean;
  readonly warned?: boolean;
  readonly phase?: Phase;
  readonly node?: string | null;
  readonly server?: string | null;
  readonly error?: string | null;
  readonly confidence?: number | null;
  readonly hops?: number | null;
  /** ns. */
  readonly late?: number;
  /** Writes and deletes: `actor:counter`. */
  readonly dot?: string | null;
  /** Version vector of the request's context. */
  readonly context?: Readonly<Record<string, number>> | null;
  /** Single dots `actor:counter` that it covers besides. */
  readonly contextDots?: readonly string[] | null;
}

export interface Surroundings {
  readonly faults?: readonly FaultWindow[];
  readonly samples?: readonly ClusterSample[];
  readonly logs?: readonly LogLine[];
  /** Names in the order in which faults and samples refer to them. */
  readonly nodes?: readonly string[];
}

export type HistoryErrorCode =
  | 'duplicate-value'
  | 'completed-before-invoked'
  | 'process-busy'
  | 'bad-operation';

/** The history cannot be judged; the message names the operations. */
export class HistoryError extends Error {
  readonly code: HistoryErrorCode;
  readonly ops: readonly number[];
  constructor(code: HistoryErrorCode, message: string, ops: readonly number[]) {
    super(message);
    this.name = 'HistoryError';
    this.code = code;
    this.ops = ops;
  }
}

const kinds: Readonly<Record<string, number>> = {
  read: Kind.Read,
  write: Kind.Write,
  cas: Kind.Cas,
  'read-all': Kind.ReadAll,
  add: Kind.Add,
  'read-list': Kind.ReadList,
  append: Kind.Append,
  delete: Kind.Delete,
};

export function kindOf(f: string): number {
  return kinds[f] ?? Kind.Other;
}

const statuses = { ok: Status.Ok, fail: Status.Fail, info: Status.Info } as const;

/** Refuses operations that no checker could make sense of. */
function validate(ops: readonly PlainOperation[], indexOf: (i: number) => number): void {
  const free = new Map<number | string, { readonly at: number; readonly index: number }>();
  const order = ops.map((_, i) => i).sort((left, right) => ops[left].invoke - ops[right].invoke);
  for (const i of order) {
    const op = ops[i];
    const index = indexOf(i);
    if (!Number.isFinite(op.invoke)) {
      throw new HistoryError('bad-operation', `operation ${index} has no time of invocation`, [
        index,
      ]);
    }
    if (op.complete !== null && op.complete < op.invoke) {
      throw new HistoryError(
        'completed-before-invoked',
        `operation ${index} completed before it was invoked; order the history by time`,
        [index],
      );
    }
    const busy = free.get(op.process);
    if (busy && busy.at > op.invoke) {
      throw new HistoryError(
        'process-busy',
        `process ${op.process} invoked operation ${index} while its operation ${busy.index} was in ` +
          'flight; give each concurrent operation a process of its own',
        [busy.index, index],
      );
    }
    // After an indeterminate operation a process may go on: it is a fork.
    const until = op.status === 'info' ? op.invoke : (op.complete ?? op.invoke);
    free.set(op.process, { at: until, index });
  }
}

/** Reads stand at their completion, everything else at its invocation. */
function logOrder(ops: readonly PlainOperation[], kind: Uint8Array): Uint32Array {
  const n = ops.length;
  const time = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const op = ops[i];
    const atEnd = !isWrite(kind[i]) && kind[i] !== Kind.Delete && op.complete !== null;
    time[i] = atEnd ? op.complete! : op.invoke;
  }
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  order.sort((left, right) => time[left] - time[right] || left - right);
  for (let start = 0, end = 0; start < n; start = end) {
    while (end < n && time[order[end]] === time[order[start]]) end++;
    const moment = order.subarray(start, end);
    orderMoment(
      moment,
      (i) => ops[i].process,
      (i) => isWrite(kind[i]),
    );
  }
  return order;
}

function textOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'null');
}

/** Value ids, dense, by key and text. Written values come first. */
class Values {
  readonly #ids = new Map<string, number>();
  readonly texts: string[] = ['initial'];
  writes = 0;

  add(key: number, value: unknown): number | null {
    const text = textOf(value);
    const name = `${key} ${text}`;
    if (this.#ids.has(name)) return null;
    this.#ids.set(name, this.texts.length);
    this.texts.push(text);
    return this.texts.length - 1;
  }

  find(key: number, value: unknown): number {
    if (value === null || value === undefined) return 0;
    const text = textOf(value);
    const name = `${key} ${text}`;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.texts.length;
      this.#ids.set(name, id);
      this.texts.push(text);
    }
    return id;
  }
}

/** Throws HistoryError. */
export function buildHistory(
  ops: readonly PlainOperation[],
  surroundings: Surroundings = {},
): History {
  const n = ops.length;
  const indexOf = (i: number): number => ops[i].index ?? i;
  validate(ops, indexOf);
  const kindBySource = Uint8Array.from(ops, (op) => op.kind ?? kindOf(op.f));
  const order = logOrder(ops, kindBySource);
  const keys = new Interner();
  const sessions = new Interner();
  const nodes = new Interner(surroundings.nodes);
  const fs = new Interner();
  const errors = new Interner();
  const values = new Values();

  const column = {
    index: new Int32Array(n),
    kind: new Uint8Array(n),
    status: new Uint8Array(n),
    flags: new Uint8Array(n),
    phase: new Uint8Array(n),
    session: new Int32Array(n),
    process: new Int32Array(n),
    key: new Int32Array(n),
    value: new Int32Array(n),
    expected: new Int32Array(n),
    node: new Int16Array(n),
    server: new Int16Array(n),
    invoke: new Float64Array(n),
    complete: new Float64Array(n),
    confidence: new Float32Array(n),
    hops: new Uint8Array(n),
    error: new Int32Array(n),
    late: new Float64Array(n),
    f: new Uint8Array(n),
  };

  for (let row = 0; row < n; row++) {
    const source = order[row];
    const op = ops[source];
    column.index[row] = indexOf(source);
    column.kind[row] = kindBySource[source];
    column.status[row] = statuses[op.status];
    column.flags[row] =
      (op.final ? Flag.Final : 0) | (op.stale ? Flag.Stale : 0) | (op.warned ? Flag.Warned : 0);
    column.phase[row] = Math.max(0, PHASES.indexOf(op.phase ?? 'chaos'));
    column.session[row] = sessions.id(op.session ?? String(op.process));
    column.process[row] = typeof op.process === 'number' ? op.process : sessions.id(op.process);
    column.key[row] = op.key === null ? -1 : keys.id(op.key);
    column.node[row] = op.node ? nodes.id(op.node) : -1;
    column.server[row] = op.server ? nodes.id(op.server) : -1;
    column.invoke[row] = op.invoke;
    column.complete[row] = op.complete ?? Number.POSITIVE_INFINITY;
    column.confidence[row] = op.confidence ?? Number.NaN;
    column.hops[row] = op.hops ?? 255;
    column.error[row] = op.error ? errors.id(op.error) : -1;
    column.late[row] = op.late ?? 0;
    column.f[row] = fs.id(op.f);
  }

  // Written values first, so that their ids are 1..writes.
  const writeRows: number[] = [-1];
  for (let row = 0; row < n; row++) {
    if (!isWrite(column.kind[row])) continue;
    const id = values.add(column.key[row], ops[order[row]].value);
    if (id === null) {
      const text = textOf(ops[order[row]].value);
      const index = column.index[row];
      throw new HistoryError(
        'duplicate-value',
        `operation ${index} writes ${text} to ${keys.names[column.key[row]]}, which was written ` +
          'before; written values must be unique',
        [index],
      );
    }
    column.value[row] = id;
    writeRows.push(row);
  }
  values.writes = values.texts.length - 1;

  const delta = new RaggedBuilder(n);
  const siblings = new RaggedBuilder(n);
  const duplicates: number[] = [];
  const previous = new Map<string, Set<number>>();
  let hasDelta = false;
  for (let row = 0; row < n; row++) {
    const op = ops[order[row]];
    const kind = column.kind[row];
    const key = column.key[row];
    if (kind === Kind.Cas) column.expected[row] = values.find(key, op.expected);
    // What a delete is about is known however it ended.
    if (kind === Kind.Delete) column.value[row] = values.find(key, op.value);
    if (column.status[row] !== Status.Ok) continue;
    if (kind === Kind.Read) {
      column.value[row] = values.find(key, op.value);
      if (op.siblings)
        siblings.set(
          row,
          op.siblings.map((each) => values.find(key, each)),
        );
    } else if (kind === Kind.ReadAll || kind === Kind.ReadList) {
      hasDelta = true;
      if (!Array.isArray(op.value)) {
        const index = column.index[row];
        const message = `operation ${index} (${op.f}) did not return a list`;
        throw new HistoryError('bad-operation', message, [index]);
      }
      const now = new Set<number>();
      for (const element of op.value) {
        const id = values.find(key, element);
        if (now.has(id)) duplicates.push(row, id);
        now.add(id);
      }
      const name = `${column.session[row]} ${key}`;
      const before = previous.get(name);
      delta.set(row, kind === Kind.ReadList ? rewrite(before, now) : difference(before, now));
      previous.set(name, now);
    }
  }

  const writeOp = new Int32Array(values.texts.length).fill(-1);
  writeOp.set(writeRows);
  const some = (column_: Int16Array | Int32Array): boolean => column_.some((each) => each !== -1);
  return {
    n,
    ...column,
    sessions: sessions.names.length,
    keys: keys.names,
    nodes: nodes.names,
    writes: values.writes,
    values: values.texts.length - 1,
    writeOp,
    valueText: (id) => values.texts[id] ?? `value ${id}`,
    delta: hasDelta ? delta.build() : null,
    duplicates: duplicates.length > 0 ? Int32Array.from(duplicates) : null,
    expected: column.kind.includes(Kind.Cas) ? column.expected : null,
    siblings: siblings.empty ? null : siblings.build(),
    versions: buildVersions(n, (row) => ops[order[row]]),
    server: some(column.server) ? column.server : null,
    error: some(column.error) ? column.error : null,
    errors: errors.names,
    fs: fs.names,
    faults: surroundings.faults ?? [],
    samples: surroundings.samples ?? [],
    logs: surroundings.logs ?? [],
  };
}

/** +id for what appeared, -id for what disappeared. */
function difference(before: ReadonlySet<number> | undefined, now: ReadonlySet<number>): number[] {
  const changes: number[] = [];
  for (const id of now) if (!before?.has(id)) changes.push(id);
  if (before) for (const id of before) if (!now.has(id)) changes.push(-id);
  return changes;
}

/** For lists: -id for what follows the common beginning, from the end; then +id for what follows now. */
function rewrite(before: ReadonlySet<number> = new Set(), now: ReadonlySet<number>): number[] {
  const old = [...before];
  const next = [...now];
  let same = 0;
  while (same < old.length && old[same] === next[same]) same++;
  return [
    ...old
      .slice(same)
      .reverse()
      .map((id) => -id),
    ...next.slice(same),
  ];
}
