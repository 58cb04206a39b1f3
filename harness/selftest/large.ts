/**
 * Larger histories than brute force can judge, of a store that is causally convergent by construction, with
 * changes that violate by construction too: a session reads that its own write never was, or a value
 * whose write had failed. They reach what small histories do not: many windows, long clocks.
 */
import { type History, Kind, Status } from '../../checkers/history/history.ts';
import { lwwHistory } from '../../checkers/oracle/lww-store.ts';
import type { Rng } from '../world/rng.ts';

export const largeMutations = ['forget-own', 'read-failed'] as const;
export type LargeMutation = (typeof largeMutations)[number];

/** Without changes it is valid. */
export function largeHistory(rng: Rng): History {
  return lwwHistory({
    operations: 300 + rng.int(500),
    keys: 2 + rng.int(6),
    sessions: 3 + rng.int(6),
    replicas: 3,
    delay: 5 + rng.int(40),
    growth: 1 + rng.int(3),
    seed: 1 + rng.int(1e9),
    infoShare: 0.02,
  });
}

/** Null where there is nothing to be changed in this way. */
export function mutateLarge(how: LargeMutation, history: History, rng: Rng): History | null {
  const { n, kind, status, session, key, value, writeOp } = history;
  const written = new Set<number>();
  const candidates: number[] = [];
  for (let row = 0; row < n; row++) {
    const owner = session[row] * history.keys.length + key[row];
    if (kind[row] === Kind.Write && status[row] === Status.Ok) written.add(owner);
    if (kind[row] !== Kind.Read || value[row] === 0) continue;
    const isOwn = written.has(owner);
    const isKnown = status[writeOp[value[row]]] === Status.Ok;
    if (how === 'forget-own' ? isOwn : isKnown) candidates.push(row);
  }
  if (candidates.length === 0) return null;
  const row = rng.pick(candidates);
  if (how === 'forget-own') return { ...history, value: value.with(row, 0) };
  return { ...history, status: status.with(writeOp[value[row]], Status.Fail) };
}
