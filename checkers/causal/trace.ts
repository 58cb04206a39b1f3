/**
 * What the causal checkers look at: the effective operations of a history in an order that extends causal
 * order (CO), and where each write counts in the causal clocks.
 *
 * **Who takes part.** Acknowledged writes; indeterminate writes that somebody read; successful reads that
 * the server did not mark stale. Failed operations never happened. An indeterminate write that nobody
 * read may never have happened, so leaving it out accuses nobody. An acknowledged cas is a read of
 * what it expected, then a write. Once a key may have been deleted, a read of its initial value has no
 * single source and is left out.
 *
 * **Sources.** A value that nobody wrote is a `ThinAirRead`, the value of a failed write an
 * `AbortedRead`, one whose write was invoked after the read had completed a `FutureRead`. The first two
 * are reported and left out.
 *
 * **Order.** Log order extends CO unless some read returns what stands behind it in the log. Then the
 * operations are sorted topologically (`order.ts`); what cannot be sorted is a cycle of CO.
 *
 * In the inner loops an operation is a *place* (0..n-1) of these columns. A place is the row of the history
 * unless `row` says otherwise.
 */

import { Flag, type History, isWrite, Kind, type Ragged, Status } from '../history/history.ts';
import { IntList } from '../history/int-list.ts';
import { collectChains } from '../history/set-reads.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { type Layout, layOut, Op } from './layout.ts';
import { type Draft, Edge, sortCausally } from './order.ts';

export { Op };

/** Reads whose source is wrong by itself, by place. Parallel lists. */
export interface Sourceless {
  readonly pattern: ('ThinAirRead' | 'AbortedRead' | 'FutureRead' | 'CyclicCO')[];
  readonly place: number[];
  readonly value: number[];
}

export interface Trace extends Layout {
  readonly history: History;
  readonly n: number;
  readonly op: Uint8Array;
  readonly session: Int32Array;
  readonly key: Int32Array;
  /** Writes: value id. Reads: the value id that was read. */
  readonly value: Int32Array;
  /** Row in the history of each place; null where they are the same. */
  readonly row: Int32Array | null;
  /** By value id: place of its write, -1 where it takes no part. */
  readonly place: Int32Array;
  /** Changes of whole-object reads by row, stale reads folded in; only elements that somebody wrote. */
  readonly changes: Ragged | null;
  /** By key: the last place that reads its initial value, -1 where none does. */
  readonly lastInitial: Int32Array;
  /** By key, by value id: the first place from which on it may have been deleted. Null: no deletes. */
  readonly deletedKey: Int32Array | null;
  readonly deletedValue: Int32Array | null;
  readonly sourceless: Sourceless;
  readonly counts: {
    readonly reads: number;
    readonly writes: number;
    readonly staleReads: number;
    /** Reads of the initial value of a key that may have been deleted. */
    readonly undecidedReads: number;
  };
}

export function traceOf(history: History, budget: Budget): Trace {
  const draft = history.expected ? withCasReads(history) : columnsOf(history);
  const changes = collectChains(history)?.delta ?? null;
  const sourceless: Sourceless = { pattern: [], place: [], value: [] };
  const direct = classify(history, draft, changes, null, sourceless, budget);
  if (direct !== null) return direct;
  const sources = sourcesOf(history);
  const sorted = sortCausally(draft, changes, sources, history);
  const permuted = permute(draft, sorted.order);
  const again: Sourceless = { pattern: [], place: [], value: [] };
  const dropped = new Uint8Array(draft.n);
  for (let place = 0; place < draft.n; place++) {
    const verdict = sorted.verdict[sorted.order[place]];
    const note = (pattern: 'FutureRead' | 'CyclicCO'): void => {
      again.pattern.push(pattern);
      again.place.push(place);
      again.value.push(permuted.value[place]);
    };
    if ((verdict & Edge.Future) !== 0) note('FutureRead');
    if ((verdict & Edge.Cyclic) === 0) continue;
    note('CyclicCO');
    // The impossible edge is left out, and the rest is judged.
    dropped[place] = 1;
  }
  return classify(history, permuted, changes, dropped, again, budget)!;
}

function columnsOf(history: History): Draft {
  const { n, kind, status, flags, session, key, value } = history;
  return { n, kind, status, flags, session, key, value, row: null };
}

/** By value id: 0 nobody wrote it, else 1 + status of its write. */
function sourcesOf(history: History): Uint8Array {
  const { writes, values, writeOp, status } = history;
  const sources = new Uint8Array(values + 1);
  for (let id = 1; id <= writes; id++) sources[id] = 1 + status[writeOp[id]];
  return sources;
}

/** An acknowledged cas becomes two operations. */
function withCasReads(history: History): Draft {
  const { n, kind, status } = history;
  const rows = new IntList(n + 16);
  const reading = new IntList(n + 16);
  for (let row = 0; row < n; row++) {
    if (kind[row] === Kind.Cas && status[row] === Status.Ok) {
      rows.push(row);
      reading.push(1);
    }
    rows.push(row);
    reading.push(0);
  }
  const draft = permute(columnsOf(history), rows.items);
  for (let place = 0; place < draft.n; place++) {
    if (reading.data[place] === 0) continue;
    draft.kind[place] = Kind.Read;
    draft.value[place] = history.expected![rows.data[place]];
  }
  return draft;
}

function permute(draft: Draft, order: Int32Array): Draft {
  const n = order.length;
  const take = <T extends Uint8Array | Int32Array>(from: T, to: T): T => {
    for (let i = 0; i < n; i++) to[i] = from[order[i]];
    return to;
  };
  return {
    n,
    kind: take(draft.kind, new Uint8Array(n)),
    status: take(draft.status, new Uint8Array(n)),
    flags: take(draft.flags, new Uint8Array(n)),
    session: take(draft.session, new Int32Array(n)),
    key: take(draft.key, new Int32Array(n)),
    value: take(draft.value, new Int32Array(n)),
    row: draft.row ? take(draft.row, new Int32Array(n)) : Int32Array.from(order),
  };
}

/** What is known of a value while the operations go by: nothing yet, or how its write ended. */
const Unseen = 0;
const Ok = 1 + Status.Ok;
const Fail = 1 + Status.Fail;
const Info = 1 + Status.Info;
/** An indeterminate write that somebody read. */
const Happened = 1 + Info;

/**
 * Decides who takes part, in one pass, and lays out the clocks. Null where a value is read before it is
 * written: then the operations must be sorted first, and the reads named in `dropped` left out.
 */
function classify(
  history: History,
  draft: Draft,
  allChanges: Ragged | null,
  dropped: Uint8Array | null,
  sourceless: Sourceless,
  budget: Budget,
): Trace | null {
  const { n, kind, status, flags, session, key, value, row } = draft;
  const op = new Uint8Array(n);
  const place = row ? new Int32Array(history.values + 1).fill(-1) : history.writeOp;
  const state = new Uint8Array(history.values + 1);
  const lastInitial = new Int32Array(history.keys.length).fill(-1);
  const deletes = deletesOf(history, n);
  const infos = new IntList();
  let reads = 0;
  let writes = 0;
  let staleReads = 0;
  let undecidedReads = 0;
  /** How the write of a value ended; Unseen where nobody wrote it. Looks ahead for what is not written yet. */
  const fate = (id: number): number => {
    if (state[id] !== Unseen || id > history.writes) return state[id];
    return 1 + history.status[history.writeOp[id]];
  };
  const refuse = (at: number, id: number): void => {
    sourceless.pattern.push(fate(id) === Fail ? 'AbortedRead' : 'ThinAirRead');
    sourceless.place.push(at);
    sourceless.value.push(id);
  };
  for (let at = 0; at < n; at++) {
    if ((at & STEP_MASK) === 0) budget.step();
    const k = kind[at];
    const s = status[at];
    if (key[at] < 0) continue;
    if (isWrite(k)) {
      const id = value[at];
      // Where CO is cyclic an indeterminate write may have been read already.
      if (state[id] !== Happened) state[id] = 1 + s;
      if (row !== null) place[id] = at;
      if (s === Status.Ok) {
        op[at] = Op.Write;
        writes++;
      } else if (s === Status.Info) {
        infos.push(at);
      }
      continue;
    }
    if (k === Kind.Delete) {
      noteDelete(deletes!, s, key[at], value[at], at);
      continue;
    }
    if (s !== Status.Ok || k === Kind.Other) continue;
    if ((flags[at] & Flag.Stale) !== 0) {
      staleReads++;
      continue;
    }
    reads++;
    if (k === Kind.Read) {
      const id = value[at];
      if (dropped !== null && dropped[at] === 1) continue;
      if (id === 0) {
        if (deletes !== null && deletes.key[key[at]] < at) {
          undecidedReads++;
        } else {
          op[at] = Op.ReadInitial;
          lastInitial[key[at]] = at;
        }
        continue;
      }
      const source = state[id];
      if (source === Ok || source === Happened) {
        op[at] = Op.Read;
      } else if (source === Info) {
        op[at] = Op.Read;
        state[id] = Happened;
      } else if (source === Fail || fate(id) === Unseen || fate(id) === Fail) {
        refuse(at, id);
      } else {
        return null;
      }
    } else {
      op[at] = Op.ReadAll;
      const from = row ? row[at] : at;
      for (let i = allChanges!.off[from]; i < allChanges!.off[from + 1]; i++) {
        const id = allChanges!.data[i];
        if (id < 0) continue;
        const source = fate(id);
        if (source === Unseen || source === Fail) refuse(at, id);
        else if (state[id] === Unseen && dropped === null) return null;
        else if (source === Info) state[id] = Happened;
      }
    }
  }
  for (const at of infos.items) {
    if (state[value[at]] !== Happened) continue;
    op[at] = Op.InfoWrite;
    writes++;
  }
  const changes = allChanges ? attempted(allChanges, sourcesOf(history)) : null;
  const columns = { n, op, session, key, value, row, place, changes };
  return {
    history,
    ...columns,
    lastInitial,
    deletedKey: deletes?.key ?? null,
    deletedValue: deletes?.value ?? null,
    sourceless,
    counts: { reads, writes, staleReads, undecidedReads },
    ...layOut(history, columns, infos.length > 0),
  };
}

/** By key and by value id: the first place from which on it may have been deleted. */
interface Deletes {
  readonly key: Int32Array;
  readonly value: Int32Array;
}

function deletesOf(history: History, n: number): Deletes | null {
  if (!history.kind.includes(Kind.Delete)) return null;
  return {
    key: new Int32Array(history.keys.length).fill(n),
    value: new Int32Array(history.values + 1).fill(n),
  };
}

function noteDelete(deletes: Deletes, status: number, key: number, id: number, at: number): void {
  if (status === Status.Fail) return;
  if (id !== 0) deletes.value[id] = Math.min(deletes.value[id], at);
  else deletes.key[key] = Math.min(deletes.key[key], at);
}

/** Without elements that nobody wrote or whose write failed. The same object where there are none. */
function attempted(changes: Ragged, sources: Uint8Array): Ragged {
  const { off, data } = changes;
  const real = (id: number): boolean =>
    sources[id] === 1 + Status.Ok || sources[id] === 1 + Status.Info;
  let all = true;
  for (let i = 0; i < data.length && all; i++) all = real(Math.abs(data[i]));
  if (all) return changes;
  const kept = new IntList(data.length);
  const newOff = new Int32Array(off.length);
  for (let at = 0; at + 1 < off.length; at++) {
    for (let i = off[at]; i < off[at + 1]; i++) {
      if (real(Math.abs(data[i]))) kept.push(data[i]);
    }
    newOff[at + 1] = kept.length;
  }
  return { off: newOff, data: kept.items.slice() };
}
