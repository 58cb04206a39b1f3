/**
 * From a causal violation to the operations that prove it: paths of session order and reads-from, then
 * shrunk and confirmed by `witness.ts`.
 */

import { type CausalPattern, scanCausal, type Violation } from './causal-scan.ts';
import { unlimited } from './checker.ts';
import { type Layout, Role } from './clocks.ts';
import { type Cycle, findCycles } from './convergent.ts';
import { type History, Status } from './history.ts';
import { shrink, type Witness } from './witness.ts';

/** How far back a path is searched for before the witness is given as it is. */
const visitedMax = 200_000;

/** Rows of a causal path from `from` to `to`: each step is session order or reads-from. */
export function causalPath(
  history: History,
  layout: Layout,
  from: number,
  to: number,
): number[] | null {
  const { session, writeOp, value, status } = history;
  const before = predecessors(history, layout, from, to);
  const next = new Map<number, number>();
  let frontier = [to];
  let visited = 0;
  while (frontier.length > 0 && visited < visitedMax) {
    const further: number[] = [];
    for (const row of frontier) {
      const candidates: number[] = [];
      const previous = before.get(row);
      if (previous !== undefined) candidates.push(previous);
      if (layout.role[row] === Role.Read) {
        const source =
          value[row]! > 0 && value[row]! <= history.writes ? writeOp[value[row]!]! : -1;
        if (source >= 0) candidates.push(source);
      } else if (layout.role[row] === Role.ReadAll) {
        for (const id of appearing(history, row)) candidates.push(writeOp[id]!);
      }
      for (const candidate of candidates) {
        if (candidate < from || next.has(candidate) || candidate === to) continue;
        visited++;
        next.set(candidate, row);
        if (candidate === from) return follow(next, from, to);
        // A write of the same session is reached by session order all the way.
        if (session[candidate] === session[from] && status[from] === Status.Ok) {
          next.set(from, candidate);
          return follow(next, from, to);
        }
        further.push(candidate);
      }
    }
    frontier = further;
  }
  return null;
}

function appearing(history: History, row: number): number[] {
  const { off, data } = history.delta!;
  const ids: number[] = [];
  for (let i = off[row]!; i < off[row + 1]!; i++) {
    if (data[i]! > 0 && data[i]! <= history.writes) ids.push(data[i]!);
  }
  return ids;
}

/** By row between `from` and `to`: the row before it in its session (indeterminate ones lead nowhere). */
function predecessors(
  history: History,
  layout: Layout,
  from: number,
  to: number,
): Map<number, number> {
  const last = new Map<number, number>();
  const before = new Map<number, number>();
  for (let row = from; row <= to; row++) {
    if (layout.role[row] === Role.None) continue;
    const session = history.session[row]!;
    const previous = last.get(session);
    if (previous !== undefined) before.set(row, previous);
    if (history.status[row] !== Status.Info) last.set(session, row);
  }
  return before;
}

function follow(next: ReadonlyMap<number, number>, from: number, to: number): number[] {
  const path = [from];
  for (let row = from; row !== to; ) {
    row = next.get(row)!;
    path.push(row);
  }
  return path;
}

const sameAs = (pattern: CausalPattern) => (reduced: History) =>
  scanCausal(reduced, unlimited).violations.some((each) => each.pattern === pattern);

export function witnessOf(history: History, layout: Layout, violation: Violation): Witness {
  const { writeOp, writes } = history;
  const rows = new Set<number>([violation.read]);
  const { read, value, newer } = violation;
  if (value > 0 && value <= writes) rows.add(writeOp[value]!);
  if (newer > 0) {
    rows.add(writeOp[newer]!);
    for (const row of causalPath(history, layout, writeOp[newer]!, read) ?? []) rows.add(row);
    if (value > 0 && value <= writes) {
      const path = causalPath(history, layout, writeOp[value]!, writeOp[newer]!);
      for (const row of path ?? []) rows.add(row);
    }
  }
  if (violation.pattern === 'MonotonicReadFlip') addFlip(history, layout, violation, rows);
  addSources(history, layout, rows);
  return shrink(history, [...rows], sameAs(violation.pattern));
}

/** The first read of the value, and the read of another one in between. */
function addFlip(history: History, layout: Layout, { read, value }: Violation, rows: Set<number>) {
  let between = -1;
  for (let row = read - 1; row >= 0; row--) {
    if (layout.role[row] !== Role.Read || history.session[row] !== history.session[read]) continue;
    if (history.key[row] !== history.key[read]) continue;
    if (between < 0 && history.value[row] !== value) between = row;
    if (between >= 0 && history.value[row] === value) {
      rows.add(between);
      rows.add(row);
      return;
    }
  }
}

/** A register read without the write that it returns would be read from nowhere. */
function addSources(history: History, layout: Layout, rows: Set<number>): void {
  for (const row of [...rows]) {
    const id = history.value[row]!;
    if (layout.role[row] === Role.Read && id > 0 && id <= history.writes) {
      rows.add(history.writeOp[id]!);
    }
  }
}

export function hasCycle(reduced: History): boolean {
  const { layout, backward } = scanCausal(reduced, unlimited);
  return findCycles(reduced, layout, backward, unlimited).length > 0;
}

export function witnessOfCycle(history: History, layout: Layout, cycle: Cycle): Witness {
  const rows = new Set<number>([...cycle.rows, ...cycle.reads]);
  addSources(history, layout, rows);
  // A conflict edge holds because its read had seen the other write: the paths belong to the proof.
  for (const read of cycle.reads) {
    for (const row of cycle.rows) {
      if (layout.role[row] !== Role.Write || history.key[row] !== history.key[read]) continue;
      if (row >= read) continue;
      for (const each of causalPath(history, layout, row, read) ?? []) rows.add(each);
    }
  }
  addSources(history, layout, rows);
  return shrink(history, [...rows], hasCycle);
}
