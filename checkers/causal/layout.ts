/**
 * Where each write counts in the causal clocks (vector clocks; Fidge, Mattern 1988).
 *
 * A clock has one column for each *chain* of writes that are ordered by CO: then "write w is in the past of
 * o" is one comparison. The acknowledged writes of a session are a chain. An indeterminate write is not
 * before its session's next operation, so it stands in a chain of its own; but whoever has read the
 * last write of a chain that its owner will never extend may go on with that chain, so that timeouts and retired
 * processes do not widen the clocks for ever.
 *
 * Sessions that share no key, directly or through others, never meet: each connected component has
 * columns of its own.
 */
import type { History } from '../history/history.ts';

export const Op = { Skip: 0, ReadInitial: 1, Read: 2, Write: 3, InfoWrite: 4, ReadAll: 5 } as const;

export interface Layout {
  /** By session: a session that stands for its component. */
  readonly root: Int32Array;
  /** By session: number of columns of its component. */
  readonly width: Int32Array;
  readonly widthMax: number;
  /** By session: the column of its acknowledged writes, -1 where it has none. */
  readonly columnOf: Int32Array;
  /** By value id: the column that the write counts in, and its number there, from 1. */
  readonly column: Int32Array;
  readonly count: Int32Array;
  /** By session: an upper bound of the snapshots that its writes need. */
  readonly snapshots: Int32Array;
}

interface Columns {
  readonly n: number;
  readonly op: Uint8Array;
  readonly session: Int32Array;
  readonly key: Int32Array;
  readonly value: Int32Array;
}

/** Above this many writing sessions chains of sessions that ended are used again. */
const widthWanted = 24;

export function layOut(history: History, columns: Columns, infos: boolean): Layout {
  const root = components(history, columns);
  let layout = infos ? null : assign(history, columns, root, null);
  if (layout === null || Math.max(0, ...distinct(layout.width)) > widthWanted) {
    layout = assign(history, columns, root, lastWrites(history, columns));
  }
  let widthMax = 0;
  for (let s = 0; s < history.sessions; s++) widthMax = Math.max(widthMax, layout.width[s]);
  return { ...layout, root, widthMax };
}

const distinct = (items: Int32Array): Set<number> => new Set(items);

/** By session: its last acknowledged write, 0 for none. */
function lastWrites(history: History, { n, op, session, value }: Columns): Int32Array {
  const last = new Int32Array(history.sessions);
  for (let at = 0; at < n; at++) if (op[at] === Op.Write) last[session[at]] = value[at];
  return last;
}

/** By session: the representative of its component (union-find with path halving). */
function components(history: History, { n, op, session, key }: Columns): Int32Array {
  const parent = Int32Array.from({ length: history.sessions }, (_, s) => s);
  const owner = new Int32Array(history.keys.length).fill(-1);
  const find = (s: number): number => {
    while (parent[s] !== s) {
      parent[s] = parent[parent[s]];
      s = parent[s];
    }
    return s;
  };
  let parts = history.sessions;
  for (let at = 0; at < n && parts > 1; at++) {
    if (op[at] === Op.Skip) continue;
    const known = owner[key[at]];
    const s = session[at];
    if (known === s) continue;
    if (known === -1) {
      owner[key[at]] = s;
      continue;
    }
    const left = find(known);
    const right = find(s);
    if (left !== right) {
      parent[left] = right;
      parts--;
    }
  }
  return parent.map((_, s) => find(s));
}

function assign(
  history: History,
  { n, op, session, value }: Columns,
  root: Int32Array,
  /** By session: its last acknowledged write. Null: every session has a column of its own. */
  lastWrite: Int32Array | null,
): Omit<Layout, 'root' | 'widthMax'> {
  const { sessions, values } = history;
  const widthOf = new Int32Array(sessions);
  const columnOf = new Int32Array(sessions).fill(-1);
  const lastCount = new Int32Array(sessions);
  const column = new Int32Array(values + 1).fill(-1);
  const count = new Int32Array(values + 1);
  const snapshots = new Int32Array(sessions);
  const joined = new Uint8Array(sessions).fill(1);
  // Of chains that their owner leaves: may the write be followed by somebody else's?
  const open = lastWrite ? new Uint8Array(values + 1) : null;
  const candidate = lastWrite ? new Int32Array(sessions) : null;
  for (let at = 0; at < n; at++) {
    const o = op[at];
    const s = session[at];
    if (o === Op.Read) {
      const id = value[at];
      joined[s] = 1;
      if (open !== null && open[id] === 1) candidate![s] = id;
    } else if (o === Op.ReadAll) {
      joined[s] = 1;
    } else if (o === Op.Write) {
      const id = value[at];
      if (columnOf[s] === -1) {
        const before = candidate === null ? 0 : candidate[s];
        if (before !== 0 && open![before] === 1) {
          open![before] = 0;
          columnOf[s] = column[before];
          lastCount[s] = count[before];
        } else {
          columnOf[s] = widthOf[root[s]]++;
        }
      }
      column[id] = columnOf[s];
      count[id] = ++lastCount[s];
      if (lastWrite !== null && lastWrite[s] === id) open![id] = 1;
      if (joined[s] === 1) {
        snapshots[s]++;
        joined[s] = 0;
      }
    } else if (o === Op.InfoWrite) {
      const id = value[at];
      const before = candidate![s];
      if (before !== 0 && open![before] === 1) {
        open![before] = 0;
        column[id] = column[before];
        count[id] = count[before] + 1;
      } else {
        column[id] = widthOf[root[s]]++;
        count[id] = 1;
      }
      open![id] = 1;
      snapshots[s]++;
    }
  }
  const width = new Int32Array(sessions);
  for (let s = 0; s < sessions; s++) width[s] = widthOf[root[s]];
  return { width, columnOf, column, count, snapshots };
}
