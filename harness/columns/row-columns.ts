/**
 * Columns of the operations of clients in the order of the table, filled row by row. Values stay JSON text; the
 * rest is numbers.
 */
import { Interner } from '../../checkers/history/columns.ts';
import { Flag, Status } from '../../checkers/history/history.ts';

/** A row as `rows.ts` asks for it. */
export type Raw = readonly [
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

/** One loop that knows the type of each column: through a function for all of them a cell costs many times as much. */
export function inOrder(columns: Readonly<Numbers>, order: Uint32Array): Numbers {
  const to = allocate(order.length);
  for (let i = 0; i < order.length; i++) {
    const row = order[i];
    to.index[i] = columns.index[row];
    to.status[i] = columns.status[row];
    to.flags[i] = columns.flags[row];
    to.phase[i] = columns.phase[row];
    to.session[i] = columns.session[row];
    to.process[i] = columns.process[row];
    to.key[i] = columns.key[row];
    to.node[i] = columns.node[row];
    to.server[i] = columns.server[row];
    to.invoke[i] = columns.invoke[row];
    to.complete[i] = columns.complete[row];
    to.late[i] = columns.late[row];
    to.confidence[i] = columns.confidence[row];
    to.hops[i] = columns.hops[row];
    to.error[i] = columns.error[row];
    to.f[i] = columns.f[row];
  }
  return to;
}

/** One entry for each operation of a client, in order of `idx`. */
export interface RowColumns extends Readonly<Numbers> {
  readonly n: number;
  /** JSON, null where there was none. */
  readonly value: (string | null)[];
  readonly siblings: Map<number, string>;
  readonly version: Map<number, string>;
  readonly sentContext: Map<number, string>;
  readonly keys: Interner;
  readonly nodes: Interner;
  readonly errors: Interner;
  readonly fs: Interner;
  readonly sessions: number;
  readonly hasServer: boolean;
  readonly hasHops: boolean;
  readonly hasConfidence: boolean;
}

/** Takes rows one by one; doubles its columns when they are full. */
export class RowCollector {
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
  readonly keys = new Interner();
  readonly nodes: Interner;
  readonly errors = new Interner();
  readonly fs = new Interner();
  /** Number of the space of a key. */
  readonly #spaceOfKey: number[] = [];
  readonly #spaces = new Interner();
  readonly #sessionIds = new Map<number | string, number>();
  columns: Numbers;

  constructor(nodes: readonly string[], room: number) {
    this.nodes = new Interner(nodes);
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
    const alone = (c.flags[row] & Flag.Final) !== 0 && thread >= 0 && !this.sentContext.has(row);
    c.session[row] = alone
      ? this.#sessionNamed(`final read ${idx}`)
      : this.#session(process, thread, c.key[row]);
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
    const space = key === -1 ? 0 : this.#spaceOfKey[key] + 1;
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
      if (complete[row] < ns) continue;
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
