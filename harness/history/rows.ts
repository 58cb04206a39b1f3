/**
 * Reads table `op` into columns in the order of the table. Values stay JSON text; the rest is
 * numbers. Reads page by page, so that of a damaged file everything before the damage is had.
 */
import { Flag, PHASES, Status } from '../../checkers/history.ts';
import { jsonCell, type StoredRow } from './op-writer.ts';
import type { RunFile } from './run-file.ts';

const PAGE_ROWS = 20_000;
/** Words become numbers within SQLite: a string costs more than all the rest of a cell. */
const WANTED = `idx, process, thread,
  CASE phase ${PHASES.map((phase, i) => `WHEN '${phase}' THEN ${i}`).join(' ')} ELSE 0 END,
  f, key, value, node, invoked - scheduled, invoked, completed,
  CASE outcome WHEN 'ok' THEN ${Status.Ok} WHEN 'fail' THEN ${Status.Fail} ELSE ${Status.Info} END,
  (final IS 1) * ${Flag.Final} + (stale IS 1) * ${Flag.Stale} +
    (coalesce(warnings, 0) > 0) * ${Flag.Warned},
  error, confidence, version, siblings, server, hops, sent_context`;

type Raw = readonly [
  idx: number,
  process: number | string,
  thread: number,
  phase: number,
  f: string,
  key: string | null,
  value: string | null,
  node: string | null,
  late: number,
  invoked: number,
  completed: number | null,
  status: number,
  flags: number,
  error: string | null,
  confidence: number | null,
  version: string | null,
  siblings: string | null,
  server: string | null,
  hops: number | null,
  sentContext: string | null,
];

/** Dense numbers for names, in order of first appearance. */
export class Names {
  readonly all: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(known: readonly string[] = []) {
    for (const name of known) this.id(name);
  }

  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.all.length;
      this.all.push(name);
      this.#ids.set(name, id);
    }
    return id;
  }
}

function allocate(room: number) {
  return {
    index: new Int32Array(room),
    status: new Uint8Array(room),
    flags: new Uint8Array(room),
    phase: new Uint8Array(room),
    session: new Int32Array(room),
    process: new Int32Array(room),
    key: new Int32Array(room),
    node: new Int16Array(room),
    server: new Int16Array(room),
    invoke: new Float64Array(room),
    complete: new Float64Array(room),
    late: new Float64Array(room),
    confidence: new Float32Array(room),
    hops: new Uint8Array(room),
    error: new Int32Array(room),
    f: new Uint8Array(room),
  };
}
type Numbers = ReturnType<typeof allocate>;

/** One entry for each operation of a client, in order of `idx`. */
export interface RowColumns extends Readonly<Numbers> {
  readonly n: number;
  /** JSON, null where there was none. */
  readonly value: (string | null)[];
  readonly siblings: Map<number, string>;
  readonly version: Map<number, string>;
  readonly sentContext: Map<number, string>;
  readonly keys: Names;
  readonly nodes: Names;
  readonly errors: Names;
  readonly fs: Names;
  readonly sessions: number;
  readonly hasServer: boolean;
  readonly hasHops: boolean;
  readonly hasConfidence: boolean;
}

/** Takes rows one by one; doubles its columns when they are full. */
class RowCollector {
  n = 0;
  #room: number;
  sessions = 0;
  hasServer = false;
  hasHops = false;
  hasConfidence = false;
  readonly value: (string | null)[] = [];
  readonly siblings = new Map<number, string>();
  readonly version = new Map<number, string>();
  readonly sentContext = new Map<number, string>();
  readonly keys = new Names();
  readonly nodes: Names;
  readonly errors = new Names();
  readonly fs = new Names();
  /** Number of the space of a key. */
  readonly #spaceOfKey: number[] = [];
  readonly #spaces = new Names();
  readonly #sessionIds = new Map<number | string, number>();
  columns: Numbers;

  constructor(nodes: readonly string[], room: number) {
    this.nodes = new Names(nodes);
    this.#room = Math.max(1024, room);
    this.columns = allocate(this.#room);
  }

  add(raw: Raw): void {
    if (this.n === this.#room) this.#grow();
    const [idx, process, thread, phase, f, key, value, node, late, invoked] = raw;
    const row = this.n++;
    const c = this.columns;
    c.index[row] = idx;
    c.process[row] = typeof process === 'number' ? process : -1;
    c.phase[row] = phase;
    c.f[row] = Math.min(255, this.fs.id(f));
    c.key[row] = key === null ? -1 : this.#key(key);
    c.node[row] = node === null ? -1 : this.nodes.id(node);
    c.invoke[row] = invoked;
    c.late[row] = late;
    this.value.push(value);
    this.#addEnd(row, raw);
    // A final read that carries no context belongs to no session: nothing was promised to it.
    const alone = (c.flags[row]! & Flag.Final) !== 0 && thread >= 0 && !this.sentContext.has(row);
    c.session[row] = alone
      ? this.#sessionNamed(`final read ${idx}`)
      : this.#session(process, thread, c.key[row]!);
  }

  #addEnd(row: number, raw: Raw): void {
    const c = this.columns;
    const completed = raw[10];
    const status = raw[11];
    c.complete[row] =
      completed === null || status === Status.Info ? Number.POSITIVE_INFINITY : completed;
    c.status[row] = status;
    c.flags[row] = raw[12];
    const error = raw[13];
    c.error[row] = error === null ? -1 : this.errors.id(error);
    const confidence = raw[14];
    c.confidence[row] = confidence ?? Number.NaN;
    if (confidence !== null) this.hasConfidence = true;
    if (raw[15] !== null) this.version.set(row, raw[15]);
    if (raw[16] !== null) this.siblings.set(row, raw[16]);
    const server = raw[17];
    c.server[row] = server === null ? -1 : this.nodes.id(server);
    if (server !== null) this.hasServer = true;
    const hops = raw[18];
    c.hops[row] = hops === null ? 255 : Math.min(254, hops);
    if (hops !== null) this.hasHops = true;
    if (raw[19] !== null) this.sentContext.set(row, raw[19]);
  }

  #key(name: string): number {
    const id = this.keys.id(name);
    if (id === this.#spaceOfKey.length) {
      const slash = name.indexOf('/');
      this.#spaceOfKey.push(this.#spaces.id(slash === -1 ? name : name.slice(0, slash)));
    }
    return id;
  }

  /** A thread within a memory space; for foreign histories, which know no threads, a process. */
  #session(process: number | string, thread: number, key: number): number {
    const space = key === -1 ? 0 : this.#spaceOfKey[key]! + 1;
    return this.#sessionNamed(thread >= 0 ? thread * 0x100000 + space : `process ${process}`);
  }

  #sessionNamed(name: number | string): number {
    let id = this.#sessionIds.get(name);
    if (id === undefined) {
      id = this.sessions++;
      this.#sessionIds.set(name, id);
    }
    return id;
  }

  /**
   * Makes this the history up to a moment: what ended then or later is in flight. It may have seen the
   * effect of an operation that is missing.
   */
  endAt(ns: number): void {
    const { complete, status } = this.columns;
    for (let row = 0; row < this.n; row++) {
      if (complete[row]! < ns) continue;
      complete[row] = Number.POSITIVE_INFINITY;
      status[row] = Status.Info;
    }
  }

  #grow(): void {
    this.#room *= 2;
    const larger = allocate(this.#room);
    for (const name of Object.keys(larger) as (keyof Numbers)[]) {
      larger[name].set(this.columns[name]);
    }
    this.columns = larger;
  }

  /** Columns cut to their length, without copying. */
  finish(): RowColumns {
    const cut = Object.fromEntries(
      Object.entries(this.columns).map(([name, column]) => [name, column.subarray(0, this.n)]),
    ) as unknown as Numbers;
    const { n, value, siblings, version, sentContext, keys, nodes, errors, fs, sessions } = this;
    const { hasServer, hasHops, hasConfidence } = this;
    return {
      ...cut,
      ...{ n, value, siblings, version, sentContext, keys, nodes, errors, fs, sessions },
      ...{ hasServer, hasHops, hasConfidence },
    };
  }
}

const STATUS = { ok: Status.Ok, fail: Status.Fail, info: Status.Info } as const;

/** The same as WANTED says of a row of the table. */
function rawOf(row: StoredRow): Raw {
  const flags =
    (row.final === true ? Flag.Final : 0) |
    (row.stale === true ? Flag.Stale : 0) |
    ((row.warnings ?? 0) > 0 ? Flag.Warned : 0);
  return [
    row.idx,
    row.process,
    row.thread,
    Math.max(0, PHASES.indexOf(row.phase)),
    row.f,
    row.key,
    jsonCell(row.value),
    row.node,
    row.invoked - row.scheduled,
    row.invoked,
    row.completed ?? null,
    STATUS[row.outcome ?? 'info'],
    flags,
    row.error ?? null,
    row.confidence ?? null,
    row.version ?? null,
    jsonCell(row.siblings),
    row.server ?? null,
    row.hops ?? null,
    row.sentContext ?? null,
  ];
}

/** Operations of clients that are all in memory, in order of `idx`: what `readRows` would read of them. */
export function collectRows(stored: readonly StoredRow[], nodes: readonly string[]): RowColumns {
  const rows = new RowCollector(nodes, stored.length);
  for (const row of stored) if (row.process !== 'nemesis') rows.add(rawOf(row));
  return rows.finish();
}

/** Cells of `Raw` by what they hold, beside null. */
const textCells = [5, 6, 7, 13, 15, 16, 17, 19] as const;
const numberCells = [2, 10, 14, 18] as const;

/** A row of a damaged page may have anything anywhere. */
function isOperation(raw: Raw): boolean {
  for (const at of textCells) if (raw[at] !== null && typeof raw[at] !== 'string') return false;
  for (const at of numberCells) if (raw[at] !== null && typeof raw[at] !== 'number') return false;
  return (
    (typeof raw[1] === 'number' || typeof raw[1] === 'string') &&
    typeof raw[4] === 'string' &&
    typeof raw[8] === 'number' &&
    typeof raw[9] === 'number'
  );
}

/**
 * Reads the operations of all clients (not the nemesis'). Of a damaged file it is the history up to
 * the last operation before the damage, and the reason goes to `note`.
 */
export function readRows(
  file: RunFile,
  nodes: readonly string[],
  note: (text: string) => void,
): RowColumns {
  let last = -1;
  let lastInvoked = Number.NEGATIVE_INFINITY;
  let room = 0;
  try {
    room = file.db
      .prepare<[], { n: number }>('SELECT coalesce(max(idx), 0) + 1 AS n FROM op')
      .get()!.n;
  } catch {
    // The last page is gone: the columns grow as they are filled.
  }
  const rows = new RowCollector(nodes, Math.min(room, 20_000_000));
  const take = (raw: Raw): void => {
    if (!isOperation(raw)) throw new TypeError(`operation ${raw[0]} is not what was written`);
    last = raw[0];
    lastInvoked = raw[9];
    if (raw[1] !== 'nemesis') rows.add(raw);
  };
  try {
    const page = file.db
      .prepare<[number], Raw>(
        `SELECT ${WANTED} FROM op WHERE idx > ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
      )
      .raw();
    for (;;) {
      const before = last;
      let read: readonly Raw[] | null = null;
      try {
        read = page.all(last);
      } catch {
        // Row by row now, to have what stands before the damage within this page.
      }
      for (const raw of read ?? page.iterate(last)) take(raw);
      if (last === before) break;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    note(`operations after ${last} cannot be read: ${reason}`);
    // In order of invocation: whatever is missing began no earlier than the last one that is there.
    rows.endAt(lastInvoked);
  }
  return rows.finish();
}
