/**
 * What reads said of each value: seen, absent, gone and back again; and which reads are final. Shared by the
 * checkers that follow values rather than causality.
 */
import type { Budget } from './checker.ts';
import { Flag, type History, isWrite, Kind, Status } from './history.ts';

/** By value id: what the reads of sets said of each element. Rows are -1 where there is none. */
export interface Sightings {
  readonly firstSeen: Int32Array;
  readonly lastSeen: Int32Array;
  /** Last read (by invocation) that should have had it and did not. */
  readonly lastAbsent: Int32Array;
  readonly disappeared: Uint8Array;
  readonly flickering: Uint8Array;
}

export function isWhole(kind: number): boolean {
  return kind === Kind.ReadAll || kind === Kind.ReadList;
}

export function sight(history: History, budget: Budget): Sightings {
  const size = history.values + 1;
  const firstSeen = new Int32Array(size).fill(-1);
  const lastSeen = new Int32Array(size).fill(-1);
  const lastAbsent = new Int32Array(size).fill(-1);
  const disappeared = new Uint8Array(size);
  const flickering = new Uint8Array(size);
  const { n, kind, status, delta, flags } = history;
  if (!delta) return { firstSeen, lastSeen, lastAbsent, disappeared, flickering };
  for (let row = 0; row < n; row++) {
    if (row % 4096 === 0) budget.step();
    if (!isWhole(kind[row]!) || status[row] !== Status.Ok) continue;
    for (let i = delta.off[row]!; i < delta.off[row + 1]!; i++) {
      const id = delta.data[i]!;
      if (id > 0) {
        if (firstSeen[id] === -1) firstSeen[id] = row;
        lastSeen[id] = row;
        if (disappeared[id]) flickering[id] = 1;
      } else if ((flags[row]! & Flag.Stale) === 0) {
        lastAbsent[-id] = row;
        disappeared[-id] = 1;
      }
    }
  }
  return { firstSeen, lastSeen, lastAbsent, disappeared, flickering };
}

/** By key: the final reads that were answered. */
export function finalReads(history: History): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let row = 0; row < history.n; row++) {
    if ((history.flags[row]! & Flag.Final) === 0 || history.status[row] !== Status.Ok) continue;
    if (isWrite(history.kind[row]!)) continue;
    const list = found.get(history.key[row]!);
    if (list) list.push(row);
    else found.set(history.key[row]!, [row]);
  }
  return found;
}

/** Of all rounds of final reads the newest one of each node counts. */
export function newestPerNode(history: History, rows: readonly number[]): number[] {
  const newest = new Map<number, number>();
  for (const row of rows)
    newest.set(history.node[row]! < 0 ? -2 - history.session[row]! : history.node[row]!, row);
  return [...newest.values()];
}

/** The elements of whole-object reads at the given rows, in one scan. */
export function contentsAt(history: History, rows: ReadonlySet<number>): Map<number, Set<number>> {
  const { n, session, key, keys, kind, status, delta } = history;
  const present = new Map<number, Set<number>>();
  const contents = new Map<number, Set<number>>();
  if (!delta) return contents;
  for (let row = 0; row < n; row++) {
    if (!isWhole(kind[row]!) || status[row] !== Status.Ok) continue;
    const cell = session[row]! * keys.length + key[row]!;
    let now = present.get(cell);
    if (!now) present.set(cell, (now = new Set()));
    for (let i = delta.off[row]!; i < delta.off[row + 1]!; i++) {
      const id = delta.data[i]!;
      if (id > 0) now.add(id);
      else now.delete(-id);
    }
    if (rows.has(row)) contents.set(row, new Set(now));
  }
  return contents;
}
