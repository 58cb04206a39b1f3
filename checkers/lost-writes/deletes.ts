/**
 * Deletes of elements that did not last.
 *
 * A delete *knew* the element if its own session had added it before, or if the context of its request covers
 * the dot of the addition: then it superseded the addition (observed-remove: Shapiro et al., 2011), and
 * after its acknowledgement the element must be gone,
 *   1. in the end: not in all of the last final answers (in some of them, the readers *diverged*);
 *   2. with versions, also in mid-run: a read whose request carried a context that covers the dot of the
 *      delete is answered from a state that has it.
 * A delete that did not know the element is concurrent with its addition, and owes nothing.
 */

import type { FinalReads } from '../history/final-reads.ts';
import { type History, Kind, Status } from '../history/history.ts';
import { type Chains, SparseSet } from '../history/set-reads.ts';
import { contextCovers } from '../history/versions.ts';
import type { Budget } from '../verdict/checker.ts';
import type { ElementFates } from './elements.ts';

export interface BrokenDelete {
  /** Value id of the element. */
  readonly id: number;
  readonly reason: 'deleted' | 'deleted-in-mid-run';
  /** The addition, the delete, the reads. */
  readonly rows: readonly number[];
}

/** One for each element; the end weighs more than what was seen in between. */
export function brokenDeletes(
  history: History,
  chains: Chains,
  fates: ElementFates,
  finals: FinalReads,
  budget: Budget,
): BrokenDelete[] {
  const deletes = knowingDeletes(history);
  if (deletes.size === 0) return [];
  const broken = new Map<number, BrokenDelete>();
  for (const [id, rows] of deletes) {
    const write = history.writeOp[id];
    const answers = finals.byKey[history.key[write]]?.last ?? [];
    if (answers.length === 0 || fates.finalCount[id] !== answers.length) continue;
    const done = rows.find((row) =>
      answers.every((each) => history.invoke[each] >= history.complete[row]),
    );
    if (done === undefined) continue;
    broken.set(id, { id, reason: 'deleted', rows: [write, done, ...answers] });
  }
  for (const each of seenInMidRun(history, chains, deletes, budget)) {
    if (!broken.has(each.id)) broken.set(each.id, each);
  }
  return [...broken.values()].sort((a, b) => a.rows[1] - b.rows[1]);
}

/** Acknowledged deletes that knew what they deleted: value id to rows. */
function knowingDeletes(history: History): Map<number, number[]> {
  const { n, kind, status, value, writeOp } = history;
  const deletes = new Map<number, number[]>();
  for (let row = 0; row < n; row++) {
    const id = value[row];
    if (kind[row] !== Kind.Delete || status[row] !== Status.Ok || id === 0) continue;
    const write = writeOp[id];
    if (write < 0 || status[write] !== Status.Ok || !knew(history, row, write)) continue;
    const known = deletes.get(id);
    if (known) known.push(row);
    else deletes.set(id, [row]);
  }
  return deletes;
}

function knew(history: History, row: number, write: number): boolean {
  const { session, complete, invoke } = history;
  const isOwn = session[write] === session[row] && complete[write] <= invoke[row];
  return isOwn || coversDot(history, row, write);
}

/** Does the context of the request at `row` cover the dot that the server gave at `dotRow`? */
function coversDot({ versions }: History, row: number, dotRow: number): boolean {
  if (versions === null) return false;
  const { context, dotActor, dotCounter } = versions;
  return contextCovers(versions, context[row], dotActor[dotRow], dotCounter[dotRow]);
}

/** The first sighting of each element by a read that had to know its delete. */
function* seenInMidRun(
  history: History,
  { count, off, rows, delta }: Chains,
  deletes: ReadonlyMap<number, readonly number[]>,
  budget: Budget,
): Generator<BrokenDelete> {
  if (history.versions === null) return;
  const seen = new Set<number>();
  const present = new SparseSet(history.values);
  for (let chain = 0; chain < count; chain++) {
    present.clear();
    for (let at = off[chain]; at < off[chain + 1]; at++) {
      if ((at & 1023) === 0) budget.step();
      const row = rows[at];
      for (let d = delta.off[row]; d < delta.off[row + 1]; d++) {
        const change = delta.data[d];
        if (change < 0) present.delete(-change);
        else if (deletes.has(change)) present.add(change);
      }
      for (let m = 0; m < present.size; m++) {
        const id = present.members[m];
        if (seen.has(id)) continue;
        const known = deletes.get(id)!.find((each) => coversDot(history, row, each));
        if (known === undefined) continue;
        seen.add(id);
        yield { id, reason: 'deleted-in-mid-run', rows: [history.writeOp[id], known, row] };
      }
    }
  }
}
