/**
 * Linearizability of a set (or list, see `list-order.ts`) to which each element is added once and that is read as a whole. Without search:
 * the contents of all reads must grow, so reads that are not ordered by inclusion exclude each other. Then
 * the order of everything but equals is known: elements that first appear in the i-th content are added before
 * the reads of that content and after those of the one before. It is a linearization iff nothing
 * completes before something that stands earlier is invoked. (In the manner of Abdulla et al., PLDI 2025.)
 */
import { Flag, type History, Kind, Status } from '../history/history.ts';
import { listOrder } from './list-order.ts';

export interface SetViolation {
  readonly pattern:
    | 'ThinAirRead'
    | 'AbortedRead'
    | 'IncomparableReads'
    | 'IncompatibleOrder'
    | 'OutOfOrder';
  /**
   * Rows: the one that had to come first, and the one that had completed before it began; or the read of an
   * element that nobody had added.
   */
  readonly rows: readonly number[];
  /** Value id of such an element. */
  readonly element?: number;
}

interface Read {
  readonly row: number;
  readonly size: number;
}

/** Rows of one key in log order. Null: linearizable. */
export function checkSet(history: History, rows: readonly number[]): SetViolation | null {
  const { kind, status, flags, value, invoke, complete } = history;
  const reads = rows.filter(
    (row) =>
      (kind[row] === Kind.ReadAll || kind[row] === Kind.ReadList) &&
      status[row] === Status.Ok &&
      (flags[row] & Flag.Stale) === 0,
  );
  if (reads.length === 0) return null;
  const { sizes, smallest, strange } = contents(history, rows);
  if (strange !== null) return strange;
  const list = listOrder(history, rows);
  if (list !== null && list.conflict !== null) {
    return { pattern: 'IncompatibleOrder', rows: [...new Set(list.conflict)] };
  }
  // Elements that are in some read of at most this size.
  const ordered: Read[] = reads.map((row) => ({ row, size: sizes.get(row)! }));
  ordered.sort((a, b) => a.size - b.size || a.row - b.row);
  const firstSizes = Float64Array.from(smallest.values(), ({ size }) => size).sort();
  let within = 0;
  for (const read of ordered) {
    while (within < firstSizes.length && firstSizes[within] <= read.size) within++;
    if (within === read.size) continue;
    // Some element is in a read of at most this size, and not in this one.
    const content = contentAt(history, read.row);
    const other = [...smallest].find(([id, { size }]) => size <= read.size && !content.has(id))!;
    return { pattern: 'IncomparableReads', rows: [other[1].row, read.row] };
  }
  // Blocks in order: elements of a size at 2 * size, reads of it at 2 * size + 1; unread ones last.
  const placed: { row: number; block: number }[] = ordered.map(({ row, size }) => ({
    row,
    block: 2 * size + 1,
  }));
  for (const row of rows) {
    if (kind[row] !== Kind.Add && kind[row] !== Kind.Append) continue;
    const first = smallest.get(value[row]);
    if (status[row] === Status.Fail || (status[row] === Status.Info && !first)) continue;
    // Of a list the place is known, of a set only the first content that has the element.
    const place = list?.place.get(value[row]);
    const size = place === undefined ? first?.size : place + 1;
    placed.push({ row, block: size === undefined ? Number.POSITIVE_INFINITY : 2 * size });
  }
  placed.sort((a, b) => a.block - b.block || a.row - b.row);
  let latest = -1;
  let open = 0;
  for (let i = 0; i < placed.length; i++) {
    // Of earlier blocks: what was invoked last.
    if (i > 0 && placed[i].block !== placed[i - 1].block) {
      for (; open < i; open++) {
        if (latest < 0 || invoke[placed[open].row] > invoke[latest]) latest = placed[open].row;
      }
    }
    const { row } = placed[i];
    const end = status[row] === Status.Info ? Number.POSITIVE_INFINITY : complete[row];
    if (latest >= 0 && end < invoke[latest]) {
      return { pattern: 'OutOfOrder', rows: [row, latest] };
    }
  }
  return null;
}

interface Contents {
  readonly sizes: ReadonlyMap<number, number>;
  /** By value id: the smallest read that has it. Only elements that were attempted. */
  readonly smallest: ReadonlyMap<number, { readonly size: number; readonly row: number }>;
  /** The first read of an element that nobody had added, or only in vain. */
  readonly strange: SetViolation | null;
}

function contents(history: History, rows: readonly number[]): Contents {
  const { session, kind, status, flags, delta, writes, writeOp } = history;
  const present = new Map<number, Set<number>>();
  /** By session: elements that it saw and that were never added. */
  const unreal = new Map<number, Set<number>>();
  let strange: SetViolation | null = null;
  /** Elements that only stale reads of the session have shown so far. */
  const unjudged = new Map<number, number[]>();
  const sizes = new Map<number, number>();
  const smallest = new Map<number, { size: number; row: number }>();
  for (const row of rows) {
    if (status[row] !== Status.Ok || !delta) continue;
    if (kind[row] !== Kind.ReadAll && kind[row] !== Kind.ReadList) continue;
    let content = present.get(session[row]);
    if (!content) present.set(session[row], (content = new Set()));
    const before = content.size;
    const appeared: number[] = [];
    for (let i = delta.off[row]; i < delta.off[row + 1]; i++) {
      const id = delta.data[i];
      if (id < 0) {
        content.delete(-id);
        unreal.get(session[row])?.delete(-id);
      } else if (id <= writes && status[writeOp[id]] !== Status.Fail) {
        content.add(id);
        appeared.push(id);
      } else {
        const seen = unreal.get(session[row]) ?? new Set();
        unreal.set(session[row], seen.add(id));
      }
    }
    const late = unjudged.get(session[row]) ?? [];
    if ((flags[row] & Flag.Stale) !== 0) {
      // A stale read may also have shrunk: then all that is left is looked at again.
      unjudged.set(session[row], content.size < before ? [...content] : [...late, ...appeared]);
      continue;
    }
    unjudged.delete(session[row]);
    const [element] = unreal.get(session[row]) ?? [];
    if (element !== undefined && strange === null) {
      const pattern = element <= writes ? 'AbortedRead' : 'ThinAirRead';
      strange = { pattern, rows: [row], element };
    }
    sizes.set(row, content.size);
    // Only a content that shrank can be the smallest one for what it had before.
    const shrank = content.size < before + appeared.length;
    for (const id of shrank ? content : [...late, ...appeared]) {
      if (!content.has(id)) continue;
      const known = smallest.get(id);
      if (!known || content.size < known.size) smallest.set(id, { size: content.size, row });
    }
  }
  return { sizes, smallest, strange };
}

function contentAt(history: History, row: number): Set<number> {
  const { session, key, kind, status, delta } = history;
  const content = new Set<number>();
  for (let i = 0; i <= row; i++) {
    if (session[i] !== session[row] || key[i] !== key[row] || status[i] !== Status.Ok) continue;
    if (kind[i] !== Kind.ReadAll && kind[i] !== Kind.ReadList) continue;
    for (let j = delta!.off[i]; j < delta!.off[i + 1]; j++) {
      if (delta!.data[j] > 0) content.add(delta!.data[j]);
      else content.delete(-delta!.data[j]);
    }
  }
  return content;
}
