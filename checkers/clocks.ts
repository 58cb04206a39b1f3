/**
 * Causal clocks over a history in log order: for every session the writes in its causal past, and a copy
 * of that for every write (vector clocks; Fidge, Mattern 1988).
 *
 * Only sessions that write need a component, and sessions that share no key (transitively) never meet, so
 * a clock is as wide as the writers of one connected component. An observed indeterminate write is a
 * component of its own: session order leads into it and not out of it. Consecutive writes of a
 * session without a join in between share one snapshot and differ only in their own component.
 */
import { Flag, type History, isWrite, Kind, Status } from './history.ts';

/** Which rows take part. */
export const Role = { None: 0, Write: 1, Read: 2, ReadAll: 3 } as const;

export interface Layout {
  readonly role: Uint8Array;
  /** Component of each session. */
  readonly component: Int32Array;
  /** Width of the clocks of each component. */
  readonly width: Int32Array;
  /** By value id: the clock component that the write counts in, and its position there (from 1). */
  readonly column: Int32Array;
  readonly position: Int32Array;
}

/** Union-find with path halving. */
class Partition {
  readonly #parent: Int32Array;
  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, i) => i);
  }
  find(i: number): number {
    const parent = this.#parent;
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]!]!;
      i = parent[i]!;
    }
    return i;
  }
  union(a: number, b: number): void {
    this.#parent[this.find(a)] = this.find(b);
  }
}

/** Marks the values that some judged read returned. */
function observed(history: History): Uint8Array {
  const seen = new Uint8Array(history.values + 1);
  const { n, kind, status, flags, value, delta } = history;
  for (let row = 0; row < n; row++) {
    if (status[row] !== Status.Ok || (flags[row]! & Flag.Stale) !== 0) continue;
    if (kind[row] === Kind.Read) seen[value[row]!] = 1;
    else if (delta && (kind[row] === Kind.ReadAll || kind[row] === Kind.ReadList)) {
      for (let i = delta.off[row]!; i < delta.off[row + 1]!; i++) {
        if (delta.data[i]! > 0) seen[delta.data[i]!] = 1;
      }
    }
  }
  return seen;
}

export function layOut(history: History): Layout {
  const { n, kind, status, flags, session, key, value } = history;
  const role = new Uint8Array(n);
  const seen = observed(history);
  const sets = new Partition(history.sessions);
  const firstOfKey = new Int32Array(history.keys.length).fill(-1);
  for (let row = 0; row < n; row++) {
    if (key[row]! < 0) continue;
    if (isWrite(kind[row]!)) {
      const happened =
        status[row] === Status.Ok || (status[row] === Status.Info && seen[value[row]!] === 1);
      if (happened) role[row] = Role.Write;
    } else if (status[row] === Status.Ok && (flags[row]! & Flag.Stale) === 0) {
      if (kind[row] === Kind.Read) role[row] = Role.Read;
      else if (kind[row] === Kind.ReadAll || kind[row] === Kind.ReadList) role[row] = Role.ReadAll;
    }
    if (role[row] === Role.None) continue;
    if (firstOfKey[key[row]!] === -1) firstOfKey[key[row]!] = session[row]!;
    else sets.union(session[row]!, firstOfKey[key[row]!]!);
  }
  const component = Int32Array.from({ length: history.sessions }, (_, i) => sets.find(i));
  const width = new Int32Array(history.sessions);
  const columnOfSession = new Int32Array(history.sessions).fill(-1);
  const writesOfSession = new Int32Array(history.sessions);
  const column = new Int32Array(history.values + 1).fill(-1);
  const position = new Int32Array(history.values + 1);
  for (let row = 0; row < n; row++) {
    if (role[row] !== Role.Write) continue;
    const owner = session[row]!;
    const id = value[row]!;
    const root = component[owner]!;
    if (status[row] === Status.Info) {
      column[id] = width[root]!++;
      position[id] = 1;
      continue;
    }
    if (columnOfSession[owner] === -1) columnOfSession[owner] = width[root]!++;
    column[id] = columnOfSession[owner]!;
    position[id] = ++writesOfSession[owner]!;
  }
  return { role, component, width, column, position };
}

/** Clocks as they stand after each row of a scan. */
export class Clocks {
  readonly #layout: Layout;
  readonly #session: Int32Array;
  /** By session: its clock. */
  readonly #clock: (Int32Array | null)[];
  /** By session: the snapshot that its next write shares, or null after a join. */
  readonly #shared: (Int32Array | null)[];
  /** By value id. */
  readonly #ofWrite: (Int32Array | null)[];

  constructor(history: History, layout: Layout) {
    this.#layout = layout;
    this.#session = history.session;
    this.#clock = new Array(history.sessions).fill(null);
    this.#shared = new Array(history.sessions).fill(null);
    this.#ofWrite = new Array(history.values + 1).fill(null);
  }

  of(session: number): Int32Array {
    let clock = this.#clock[session];
    if (!clock) {
      const root = this.#layout.component[session]!;
      clock = new Int32Array(this.#layout.width[root]!);
      this.#clock[session] = clock;
    }
    return clock!;
  }

  /** A write happens. An indeterminate one does not enter its session's past. */
  write(row: number, id: number, indeterminate: boolean): void {
    const session = this.#session[row]!;
    const clock = this.of(session);
    if (indeterminate) {
      // Its component is not the session's, so what the session wrote must stand in the snapshot.
      this.#ofWrite[id] = clock.slice();
      return;
    }
    let shared = this.#shared[session] ?? null;
    if (!shared) {
      shared = clock.slice();
      this.#shared[session] = shared;
    }
    this.#ofWrite[id] = shared;
    clock[this.#layout.column[id]!] = this.#layout.position[id]!;
  }

  /** Is the write in the past of the session, as it stands? */
  inPast(id: number, session: number): boolean {
    return this.of(session)[this.#layout.column[id]!]! >= this.#layout.position[id]!;
  }

  /** Is the write `earlier` in the causal past of the write `later`? */
  before(earlier: number, later: number): boolean {
    if (earlier === later) return false;
    const { column, position } = this.#layout;
    if (column[earlier] === column[later]) return position[earlier]! < position[later]!;
    const clock = this.#ofWrite[later];
    return clock ? clock[column[earlier]!]! >= position[earlier]! : false;
  }

  /** The session reads a value of the write `id`: its past grows by the write and the write's past. */
  read(session: number, id: number): void {
    const { column, position } = this.#layout;
    const clock = this.of(session);
    if (clock[column[id]!]! >= position[id]!) return;
    const other = this.#ofWrite[id]!;
    for (let i = 0; i < clock.length; i++) if (other[i]! > clock[i]!) clock[i] = other[i]!;
    clock[column[id]!] = Math.max(clock[column[id]!]!, position[id]!);
    this.#shared[session] = null;
  }
}
