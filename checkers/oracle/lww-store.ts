/**
 * Generated histories of a store in which the last writer wins, straight into columns: replicas with Lamport
 * clocks, replication in causal order, sessions that stay at one replica. Such a store is causally convergent
 * (CCv), so every violation in its histories was put there. Used by tests and benchmarks.
 */
import { NO_OPTIONAL_COLUMNS } from '../history/columns.ts';
import { Flag, type History, Kind, PHASES, Status } from '../history/history.ts';

export interface StoreShape {
  readonly operations: number;
  readonly keys: number;
  readonly sessions: number;
  readonly replicas: number;
  /** How far replication is behind, in operations; at the end of the run `growth` times as far. */
  readonly delay: number;
  readonly growth: number;
  readonly seed: number;
  /** Share of writes that are indeterminate, though they took effect. */
  readonly infoShare?: number;
  /** At the end every key is read through every replica, when all have applied everything. */
  readonly finals?: boolean;
}

/** xorshift32: the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
  for (let i = 0; i < 8; i++) next();
  return next;
}

export function lwwHistory(shape: StoreShape): History {
  const { operations, keys, sessions, replicas } = shape;
  const n = operations + (shape.finals ? replicas * keys : 0);
  const random = randomOf(shape.seed);
  const columns = {
    kind: new Uint8Array(n),
    status: new Uint8Array(n),
    session: new Int32Array(n),
    key: new Int32Array(n),
    value: new Int32Array(n),
    invoke: new Float64Array(n),
    complete: new Float64Array(n),
  };
  const { kind, status, session, key, value, invoke, complete } = columns;
  const writeOp = new Int32Array(n + 1).fill(-1);
  const stamp = new Float64Array(n + 1);
  const current = Array.from({ length: replicas }, () => new Int32Array(keys));
  const clock = new Float64Array(replicas);
  // A replica applies all writes in the order in which they were made: causes come before effects.
  const applied = new Int32Array(replicas).fill(1);
  let writes = 0;
  const apply = (replica: number, id: number): void => {
    const k = key[writeOp[id]];
    const shown = current[replica][k];
    if (shown === 0 || stamp[id] > stamp[shown]) current[replica][k] = id;
    clock[replica] = Math.max(clock[replica], Math.floor(stamp[id] / replicas));
  };
  for (let i = 0; i < operations; i++) {
    const s = Math.floor(random() * sessions);
    const replica = s % replicas;
    const behind = shape.delay * (1 + (i / operations) * (shape.growth - 1)) * (0.5 + random());
    while (applied[replica] <= writes && writeOp[applied[replica]] + behind <= i) {
      const id = applied[replica]++;
      if (session[writeOp[id]] % replicas !== replica) apply(replica, id);
    }
    session[i] = s;
    key[i] = Math.floor(random() * keys);
    invoke[i] = i * 1000;
    complete[i] = i * 1000 + 500;
    if (random() < 0.5) {
      kind[i] = Kind.Read;
      value[i] = current[replica][key[i]];
      continue;
    }
    kind[i] = Kind.Write;
    value[i] = ++writes;
    writeOp[writes] = i;
    stamp[writes] = ++clock[replica] * replicas + replica;
    apply(replica, writes);
    if (shape.infoShare && random() < shape.infoShare) {
      status[i] = Status.Info;
      complete[i] = Number.POSITIVE_INFINITY;
    }
  }
  const history = historyOf({
    n,
    ...columns,
    writes,
    writeOp: writeOp.slice(0, writes + 1),
    keys,
    sessions,
  });
  return shape.finals ? withFinals(history, shape, current, applied, apply) : history;
}

/** Each replica catches up and is read, by a session that has always been its own. */
function withFinals(
  history: History,
  { operations, keys, replicas }: StoreShape,
  current: readonly Int32Array[],
  applied: Int32Array,
  apply: (replica: number, id: number) => void,
): History {
  const { n, kind, session, key, value, invoke, complete, flags, phase, writeOp } = history;
  const node = new Int16Array(n);
  for (let i = 0; i < n; i++) node[i] = session[i] % replicas;
  let i = operations;
  for (let replica = 0; replica < replicas; replica++) {
    for (let id = applied[replica]; id <= history.writes; id++) {
      if (session[writeOp[id]] % replicas !== replica) apply(replica, id);
    }
    for (let k = 0; k < keys; k++, i++) {
      kind[i] = Kind.Read;
      session[i] = node[i] = replica;
      key[i] = k;
      value[i] = current[replica][k];
      invoke[i] = i * 1000;
      complete[i] = i * 1000 + 500;
      flags[i] = Flag.Final;
      phase[i] = PHASES.indexOf('final');
    }
  }
  return { ...history, node, nodes: Array.from({ length: replicas }, (_, r) => `n${r + 1}`) };
}

export interface Parts {
  readonly n: number;
  readonly kind: Uint8Array;
  readonly status?: Uint8Array;
  readonly session: Int32Array;
  readonly key: Int32Array;
  readonly value: Int32Array;
  readonly invoke: Float64Array;
  readonly complete: Float64Array;
  readonly writes: number;
  readonly writeOp: Int32Array;
  readonly keys: number;
  readonly sessions: number;
}

/** A history of registers; the columns that nobody named are empty. */
function historyOf(parts: Parts): History {
  const { n } = parts;
  const index = new Int32Array(n);
  for (let i = 0; i < n; i++) index[i] = i;
  return {
    ...NO_OPTIONAL_COLUMNS,
    ...parts,
    index,
    status: parts.status ?? new Uint8Array(n).fill(Status.Ok),
    flags: new Uint8Array(n),
    phase: new Uint8Array(n).fill(1),
    process: parts.session,
    node: new Int16Array(n).fill(-1),
    keys: Array.from({ length: parts.keys }, (_, k) => `k${k}`),
    nodes: [],
    values: parts.writes,
    valueText: (id) => String(id),
    delta: null,
    duplicates: null,
    siblings: null,
    versions: null,
    errors: [],
    f: new Uint8Array(n),
    fs: ['op'],
    objects: null,
    faults: [],
    samples: [],
    logs: [],
  };
}

/** One operation after another: `[session, key, write]`, or `[session, key, value that is read]`. */
export function historyFrom(
  n: number,
  keys: number,
  sessions: number,
  at: (i: number) => readonly [session: number, key: number, read: number | null],
  status: number = Status.Ok,
): History {
  const kind = new Uint8Array(n);
  const statuses = new Uint8Array(n);
  const session = new Int32Array(n);
  const key = new Int32Array(n);
  const value = new Int32Array(n);
  const writeOp = [-1];
  for (let i = 0; i < n; i++) {
    const [s, k, read] = at(i);
    session[i] = s;
    key[i] = k;
    kind[i] = read === null ? Kind.Write : Kind.Read;
    statuses[i] = read === null ? status : Status.Ok;
    if (read === null) {
      value[i] = writeOp.length;
      writeOp.push(i);
    } else {
      value[i] = read;
    }
  }
  return historyOf({
    n,
    kind,
    status: statuses,
    session,
    key,
    value,
    invoke: Float64Array.from({ length: n }, (_, i) => i * 1000),
    complete: Float64Array.from({ length: n }, (_, i) =>
      statuses[i] === Status.Info ? Number.POSITIVE_INFINITY : i * 1000 + 500,
    ),
    writes: writeOp.length - 1,
    writeOp: Int32Array.from(writeOp),
    keys,
    sessions,
  });
}
