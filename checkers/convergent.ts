/**
 * Causal convergence (CCv): CC, and one arbitration order of all writes explains every read. With unique values
 * it holds iff CC does and CO together with the conflict edges has no cycle (CyclicCF).
 *
 * The log itself is a candidate for the arbitration. Only conflict edges that point backwards in it can take
 * part in a cycle, and every cycle lies inside the span of touching backward edges (its smallest and
 * largest position are joined by them). So the graph is built inside these windows only.
 */

import type { ConflictEdge } from './causal-scan.ts';
import type { Budget } from './checker.ts';
import { Clocks, type Layout, Role } from './clocks.ts';
import { type History, Status } from './history.ts';

/** A cycle: rows in order, each leading to the next, the last to the first. */
export interface Cycle {
  readonly rows: readonly number[];
  /** Reads that prove the conflict edges on it. */
  readonly reads: readonly number[];
}

interface Window {
  readonly first: number;
  readonly last: number;
}

function windowsOf(history: History, backward: readonly ConflictEdge[]): Window[] {
  const spans = backward
    .map(({ from, to }) => ({ first: history.writeOp[to]!, last: history.writeOp[from]! }))
    .sort((left, right) => left.first - right.first);
  const windows: { first: number; last: number }[] = [];
  for (const span of spans) {
    const open = windows.at(-1);
    if (open && span.first <= open.last) open.last = Math.max(open.last, span.last);
    else windows.push({ ...span });
  }
  return windows;
}

interface Edge {
  readonly to: number;
  /** The read that proves a conflict edge; -1 for causal edges. */
  readonly read: number;
}

/** Every cycle that is needed: one for each strongly connected knot, shortest first found. */
export function findCycles(
  history: History,
  layout: Layout,
  backward: readonly ConflictEdge[],
  budget: Budget,
): Cycle[] {
  if (backward.length === 0) return [];
  const windows = windowsOf(history, backward);
  const edges = collectEdges(history, layout, backward, windows, budget);
  return windows.flatMap((window) => cyclesIn(window, edges, budget));
}

/** The window that contains a row, or -1. */
function windowOf(windows: readonly Window[], row: number): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (windows[middle]!.last < row) low = middle + 1;
    else high = middle;
  }
  return low < windows.length && windows[low]!.first <= row ? low : -1;
}

function collectEdges(
  history: History,
  layout: Layout,
  backward: readonly ConflictEdge[],
  windows: readonly Window[],
  budget: Budget,
): Map<number, Edge[]> {
  const { n, session, key, value, status, writeOp } = history;
  const edges = new Map<number, Edge[]>();
  const add = (from: number, to: number, read: number): void => {
    const list = edges.get(from);
    if (list) list.push({ to, read });
    else edges.set(from, [{ to, read }]);
  };
  for (const { from, to, read } of backward) add(writeOp[from]!, writeOp[to]!, read);
  const clocks = new Clocks(history, layout);
  const previousOfKey = new Int32Array(history.values + 1);
  const lastOfKey = new Int32Array(history.keys.length);
  const lastInWindow = new Map<number, number>();
  let current = -1;
  for (let row = 0; row < n; row++) {
    if (row % 4096 === 0) budget.step();
    const role = layout.role[row];
    if (role === Role.None) continue;
    const here = windowOf(windows, row);
    if (here !== current) {
      lastInWindow.clear();
      current = here;
    }
    const s = session[row]!;
    const info = status[row] === Status.Info;
    if (here >= 0) {
      const before = lastInWindow.get(s);
      if (before !== undefined) add(before, row, -1);
      if (!info) lastInWindow.set(s, row);
    }
    if (role === Role.Write) {
      const id: number = value[row]!;
      clocks.write(row, id, info);
      previousOfKey[id] = lastOfKey[key[row]!]!;
      lastOfKey[key[row]!] = id;
    } else if (role === Role.Read) {
      const id: number = value[row]!;
      const source = id > 0 && id <= history.writes ? writeOp[id]! : -1;
      if (source < 0 || source > row || status[source] === Status.Fail) continue;
      clocks.read(s, id);
      const home = windowOf(windows, source);
      if (home < 0) continue;
      if (home === here) add(source, row, -1);
      // Older writes that this read had seen come before its source in the arbitration.
      for (let w: number = previousOfKey[id]!; w !== 0; w = previousOfKey[w]!) {
        if (writeOp[w]! < windows[home]!.first) break;
        if (clocks.inPast(w, s) && !clocks.before(w, id)) add(writeOp[w]!, source, row);
      }
    } else if (history.delta) {
      for (let i = history.delta.off[row]!; i < history.delta.off[row + 1]!; i++) {
        const id: number = history.delta.data[i]!;
        const source = id > 0 && id <= history.writes ? writeOp[id]! : -1;
        if (source < 0 || source > row || status[source] === Status.Fail) continue;
        clocks.read(s, id);
        if (here >= 0 && windowOf(windows, source) === here) add(source, row, -1);
      }
    }
  }
  return edges;
}

/** Kahn's algorithm leaves the rows on cycles (and between them); a search finds a short cycle each. */
function cyclesIn(
  window: Window,
  edges: ReadonlyMap<number, readonly Edge[]>,
  budget: Budget,
): Cycle[] {
  const indegree = new Map<number, number>();
  for (let row = window.first; row <= window.last; row++) {
    for (const { to } of edges.get(row) ?? []) indegree.set(to, (indegree.get(to) ?? 0) + 1);
  }
  const queue: number[] = [];
  const remaining = new Set<number>();
  for (let row = window.first; row <= window.last; row++) {
    remaining.add(row);
    if (!indegree.get(row)) queue.push(row);
  }
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    remaining.delete(row);
    for (const { to } of edges.get(row) ?? []) {
      const left = indegree.get(to)! - 1;
      indegree.set(to, left);
      if (left === 0) queue.push(to);
    }
  }
  const cycles: Cycle[] = [];
  for (const row of remaining) {
    budget.step();
    if (!remaining.has(row)) continue;
    const cycle = shortestThrough(row, edges, remaining);
    if (!cycle) continue;
    cycles.push(cycle);
    for (const each of cycle.rows) remaining.delete(each);
  }
  return cycles;
}

function shortestThrough(
  start: number,
  edges: ReadonlyMap<number, readonly Edge[]>,
  allowed: ReadonlySet<number>,
): Cycle | null {
  const cameFrom = new Map<number, { readonly row: number; readonly read: number }>();
  let frontier = [start];
  while (frontier.length > 0) {
    const next: number[] = [];
    for (const row of frontier) {
      for (const { to, read } of edges.get(row) ?? []) {
        if (to === start) return unwind(start, row, read, cameFrom);
        if (!allowed.has(to) || cameFrom.has(to)) continue;
        cameFrom.set(to, { row, read });
        next.push(to);
      }
    }
    frontier = next;
  }
  return null;
}

function unwind(
  start: number,
  last: number,
  lastRead: number,
  cameFrom: ReadonlyMap<number, { readonly row: number; readonly read: number }>,
): Cycle {
  const rows: number[] = [];
  const reads = new Set<number>();
  if (lastRead >= 0) reads.add(lastRead);
  for (let row = last; row !== start; ) {
    rows.push(row);
    const from = cameFrom.get(row)!;
    if (from.read >= 0) reads.add(from.read);
    row = from.row;
  }
  rows.push(start);
  return { rows: rows.reverse(), reads: [...reads] };
}
