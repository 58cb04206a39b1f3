/**
 * Linearizability of one key with compare-and-set or deletes, by search: Wing and Gong (1993) as Lowe tests it just
 * in time (Testing for linearizability, 2017). Going along the log, it keeps all configurations that are
 * still possible: the value of the register, and which of the pending operations have taken effect. When an
 * operation completes it must have taken effect in each of them. At quiet moments a configuration is just a
 * value, so independent stretches are never multiplied. The number of configurations is bounded.
 */

import { Flag, type History, isWrite, Kind, Status } from '../history/history.ts';
import type { Budget } from '../verdict/checker.ts';

export interface SearchResult {
  /** Null: too many configurations. */
  readonly linearizable: boolean | null;
  /** The operation at whose completion nothing was possible any more; -1 where there is none. */
  readonly row: number;
}

interface Pending {
  readonly row: number;
  /** What it needs the register to hold; -1: anything. */
  readonly needs: number;
  /** What it leaves there; -1: what was there. */
  readonly leaves: number;
  readonly optional: boolean;
}

interface Configuration {
  readonly value: number;
  /** Pending operations that have taken effect, ascending. */
  readonly done: readonly number[];
}

const configurationsMax = 20_000;

export function searchKey(history: History, rows: readonly number[], budget: Budget): SearchResult {
  const events = eventsOf(history, rows);
  const pending = new Map<number, Pending>();
  let possible = new Map<string, Configuration>([['0|', { value: 0, done: [] }]]);
  for (const { row, operation, ends } of events) {
    budget.step();
    if (!ends) {
      pending.set(row, operation);
      continue;
    }
    const next = new Map<string, Configuration>();
    const seen = new Set<string>();
    const stack = [...possible.values()].map((each) => settle(each, pending));
    while (stack.length > 0) {
      const { value, done } = stack.pop()!;
      if (done.includes(row)) {
        const without = { value, done: done.filter((each) => each !== row) };
        next.set(nameOf(without), without);
        continue;
      }
      for (const each of pending.values()) {
        if (done.includes(each.row) || (each.needs >= 0 && each.needs !== value)) continue;
        if (each.leaves < 0) continue;
        const changed = {
          value: each.leaves,
          done: [...done, each.row].sort((left, right) => left - right),
        };
        const after = settle(changed, pending);
        const name = nameOf(after);
        if (seen.has(name)) continue;
        seen.add(name);
        stack.push(after);
      }
      if (seen.size > configurationsMax) return { linearizable: null, row };
    }
    if (next.size === 0) return { linearizable: false, row };
    possible = next;
    pending.delete(row);
  }
  return { linearizable: true, row: -1 };
}

/** A pending read that finds its value may as well take effect now: it changes nothing. */
function settle(
  configuration: Configuration,
  pending: ReadonlyMap<number, Pending>,
): Configuration {
  const { value, done } = configuration;
  const reads = [...pending.values()].filter(
    (each) => each.leaves < 0 && each.needs === value && !done.includes(each.row),
  );
  if (reads.length === 0) return configuration;
  return {
    value,
    done: [...done, ...reads.map((each) => each.row)].sort((left, right) => left - right),
  };
}

const nameOf = ({ value, done }: Configuration): string => `${value}|${done.join(',')}`;

interface Event {
  readonly time: number;
  readonly row: number;
  readonly ends: boolean;
  readonly operation: Pending;
}

/** Invocations before completions at the same moment: what touches overlaps. */
function eventsOf(history: History, rows: readonly number[]): Event[] {
  const observed = new Set<number>();
  for (const row of rows) {
    if (history.status[row] === Status.Ok && history.kind[row] === Kind.Read) {
      observed.add(history.value[row]);
    }
    if (history.kind[row] === Kind.Cas) observed.add(history.expected![row]);
  }
  const events: Event[] = [];
  for (const row of rows) {
    const operation = pendingOf(history, row, observed);
    if (operation === null) continue;
    events.push({ time: history.invoke[row], row, ends: false, operation });
    if (!operation.optional) {
      events.push({ time: history.complete[row], row, ends: true, operation });
    }
  }
  return events.sort((a, b) => a.time - b.time || Number(a.ends) - Number(b.ends) || a.row - b.row);
}

function pendingOf(history: History, row: number, observed: ReadonlySet<number>): Pending | null {
  const kind = history.kind[row];
  const status = history.status[row];
  const id = history.value[row];
  if (status === Status.Fail) return null;
  const optional = status === Status.Info;
  if (kind === Kind.Read) {
    if (optional || (history.flags[row] & Flag.Stale) !== 0) return null;
    return { row, needs: id, leaves: -1, optional };
  }
  if (kind === Kind.Delete) return { row, needs: -1, leaves: 0, optional };
  if (!isWrite(kind)) return null;
  // An indeterminate write that nobody saw may never have happened.
  if (optional && !observed.has(id)) return null;
  return { row, needs: kind === Kind.Cas ? history.expected![row] : -1, leaves: id, optional };
}
