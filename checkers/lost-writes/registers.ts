/**
 * What became of each acknowledged write of registers.
 *
 * **With versions** a write is accounted for if a final read shows it or has it among its siblings, or if the
 * context of a later effective write to the same key covers its dot: somebody who had the chance to
 * see it replaced it. A read that carried a context is answered from a state at least as new, so it is
 * evidence in mid-run: a covered, unreplaced write that it does not show is gone.
 *
 * **Without versions** a write w(x,a) is lost if every final read of x returns the initial value, or a b whose
 * write is causally before w(x,a): something that a's writer knew about survives in its place. A
 * concurrent b may win, and a reader that shows it, or a itself, only diverged from the others.
 * The causal order is followed only forward from such a b to the last write of
 * its key, which is a short way where the survivor is one of the last.
 *
 * **Real time** (for stores that promise it): also lost if b's write was acknowledged before a's began.
 */

import type { FinalReads, KeyFinals } from '../history/final-reads.ts';
import { Flag, type History, Kind, Status, type Versions } from '../history/history.ts';
import { survey } from '../history/survey.ts';
import { contextCovers, DOT_NUMBERS, dotsOf } from '../history/versions.ts';
import type { Budget } from '../verdict/checker.ts';
import { followersOf } from './order.ts';

export type LossReason = 'unread-at-end' | 'unread-in-mid-run' | 'older-survived' | 'overtaken';

export interface RegisterLoss {
  /** Value id of the lost write. */
  readonly id: number;
  readonly reason: LossReason;
  /** Rows of reads that show the loss. */
  readonly reads: readonly number[];
  /** Value id that survived in its place, -1 where none did. */
  readonly survivor: number;
}

export interface RegisterFates {
  readonly losses: readonly RegisterLoss[];
  /** Writes of which nothing can be said, since a reader gave no final answer. */
  readonly unresolved: number;
  /** Acknowledged writes that a later write replaced. */
  readonly superseded: number;
  /** By value id: 1 where a final read shows it. */
  readonly shownAtEnd: Uint8Array;
}

function isRegisterWrite(kind: number): boolean {
  return kind === Kind.Write || kind === Kind.Cas;
}

/** All values that a register read showed, siblings included; 0 (initial) is no value. */
function shownValues(history: History, row: number): number[] {
  const shown = history.value[row];
  const ids = shown === 0 ? [] : [shown];
  const { siblings } = history;
  if (!siblings) return ids;
  for (let i = siblings.off[row]; i < siblings.off[row + 1]; i++) {
    const id = siblings.data[i];
    if (id !== 0 && id !== shown) ids.push(id);
  }
  return ids;
}

export function followRegisters(
  history: History,
  finals: FinalReads,
  seen: Int32Array,
  realTime: boolean,
  budget: Budget,
): RegisterFates {
  const shownAtEnd = new Uint8Array(history.values + 1);
  for (const key of finals.byKey) {
    for (const row of key?.last ?? []) {
      if (history.kind[row] !== Kind.Read) continue;
      for (const id of shownValues(history, row)) shownAtEnd[id] = 1;
    }
  }
  const covered = coveredByLater(history, seen);
  const { lastKept } = survey(history);
  const losses = new Map<number, RegisterLoss>();
  let unresolved = 0;
  let superseded = 0;
  for (const [k, key] of finals.byKey.entries()) {
    if ((k & 63) === 0) budget.step();
    if (key === null) continue;
    if (lastKept[key.key] === 0) continue;
    for (const row of history.versions === null ? [] : keptAfter(history, key.key, -1)) {
      const id = history.value[row];
      if (!hasDot(history, row) || shownAtEnd[id] === 1) continue;
      if (covered.isReplaced(row)) {
        superseded++;
        continue;
      }
      const late = key.last.filter((read) => history.invoke[read] >= history.complete[row]);
      if (key.missing.length > 0 || late.length === 0 || late.length < key.last.length) {
        unresolved++;
      } else {
        losses.set(id, { id, reason: 'unread-at-end', reads: late, survivor: -1 });
      }
    }
    for (const loss of olderSurvivors(history, key, realTime, budget)) {
      if (covered.isDeleted(history.writeOp[loss.id]) || losses.has(loss.id)) continue;
      losses.set(loss.id, loss);
    }
  }
  for (const loss of goneInMidRun(history, seen, budget)) {
    // What a final read shows again was out of sight, not lost.
    if (shownAtEnd[loss.id] === 0 && !losses.has(loss.id)) losses.set(loss.id, loss);
  }
  return { losses: [...losses.values()], unresolved, superseded, shownAtEnd };
}

function hasDot({ versions }: History, row: number): boolean {
  return versions !== null && versions.dotActor[row] >= 0;
}

/** Rows of the acknowledged register writes of a key that come after a row, in log order. */
function keptAfter(history: History, key: number, row: number): number[] {
  const { lastKept, keptBefore } = survey(history);
  const rows: number[] = [];
  for (let id = lastKept[key]; id !== 0; id = keptBefore[id]) {
    const write = history.writeOp[id];
    if (write <= row) break;
    rows.push(write);
  }
  return rows.reverse();
}

/** A write or delete that took effect: acknowledged, or seen by somebody. */
function tookEffect(history: History, row: number, seen: Int32Array): boolean {
  const kind = history.kind[row];
  if (history.status[row] === Status.Ok) return isRegisterWrite(kind) || kind === Kind.Delete;
  if (history.status[row] !== Status.Info) return false;
  // Nobody can see a delete: one of unknown ending may have happened.
  return kind === Kind.Delete || (isRegisterWrite(kind) && seen[history.value[row]] >= 0);
}

/** When an operation had taken effect at the latest. */
function endOf(history: History, row: number): number {
  return history.status[row] === Status.Ok ? history.complete[row] : Number.POSITIVE_INFINITY;
}

/** What later writes to the same key replaced, as far as their contexts tell. */
function coveredByLater(
  history: History,
  seen: Int32Array,
): { isReplaced(row: number): boolean; isDeleted(row: number): boolean } {
  const { versions, key } = history;
  const keys = history.keys.length;
  const width = versions?.actors.length ?? 0;
  const most = new Int32Array(keys * width);
  /** By key: single writes that were covered, as `actor counter`. */
  const single = new Map<number, Set<string>>();
  // Writes without a context, and deletes, replaced whatever they found. When did the last and the
  // last but one of them end?
  const blindRow = new Int32Array(keys).fill(-1);
  const blindUntil = new Float64Array(keys).fill(-1);
  const blindBefore = new Float64Array(keys).fill(-1);
  const deletedUntil = new Float64Array(keys).fill(-1);
  const isAsked = versions !== null || history.kind.includes(Kind.Delete);
  for (let row = 0; isAsked && row < history.n; row++) {
    if (key[row] < 0 || !tookEffect(history, row, seen)) continue;
    const ends = endOf(history, row);
    const k = key[row];
    if (history.kind[row] === Kind.Delete) deletedUntil[k] = Math.max(deletedUntil[k], ends);
    const context = versions ? versions.context[row] : -1;
    if (context < 0) {
      if (ends > blindUntil[k]) {
        blindBefore[k] = blindUntil[k];
        blindUntil[k] = ends;
        blindRow[k] = row;
      } else if (ends > blindBefore[k]) {
        blindBefore[k] = ends;
      }
      continue;
    }
    for (let actor = 0; actor < width; actor++) {
      const counter = versions!.contexts[context * width + actor];
      if (counter > most[k * width + actor]) most[k * width + actor] = counter;
    }
    for (const [actor, counter] of dotsOf(versions!, context)) {
      const known = single.get(k) ?? new Set();
      single.set(k, known.add(`${actor} ${counter}`));
    }
  }
  const isDeleted = (row: number): boolean => deletedUntil[key[row]] > history.invoke[row];
  const isReplaced = (row: number): boolean => {
    const k = key[row];
    const { dotActor, dotCounter } = versions!;
    if (isDeleted(row) || most[k * width + dotActor[row]] >= dotCounter[row]) return true;
    if (single.get(k)?.has(`${dotActor[row]} ${dotCounter[row]}`)) return true;
    return (blindRow[k] === row ? blindBefore[k] : blindUntil[k]) > history.invoke[row];
  };
  return { isReplaced, isDeleted };
}

/**
 * Losses that surviving older values prove: causal order, and real time where it is promised. Without
 * that promise all readers have to agree: one answer that is not older shows that the write, or what
 * replaced it, is still there, and that the readers diverged.
 */
function olderSurvivors(
  history: History,
  key: KeyFinals,
  realTime: boolean,
  budget: Budget,
): RegisterLoss[] {
  let answers = 0;
  let earliest = Number.POSITIVE_INFINITY;
  for (const row of key.last) earliest = Math.min(earliest, history.invoke[row]);
  const losses = new Map<number, RegisterLoss>();
  for (const read of distinctAnswers(history, key)) {
    const survivor = history.value[read];
    const source = survivor === 0 ? -1 : history.writeOp[survivor];
    if (survivor !== 0 && source === -1) continue;
    // The value of a failed write is an accusation of its own, and nothing follows from it.
    if (source !== -1 && history.status[source] === Status.Fail) continue;
    answers++;
    // What came before it cannot follow from it.
    const rows = keptAfter(history, key.key, source);
    if (rows.length === 0) continue;
    const after = source === -1 ? null : followersOf(history, source, rows.at(-1)!, budget);
    const shown = shownValues(history, read);
    for (const row of rows) {
      const id = history.value[row];
      if (shown.includes(id) || history.complete[row] > history.invoke[read]) continue;
      const isOlder = !hasDot(history, row) && (after === null || after.has(id));
      if (!isOlder && !(realTime && isOvertaken(history, source, row))) continue;
      const reason = isOlder ? 'older-survived' : 'overtaken';
      const reads = losses.get(id)?.reads ?? [];
      losses.set(id, { id, reason, reads: [...reads, read], survivor });
    }
  }
  if (realTime) return [...losses.values()];
  return [...losses.values()].filter(
    ({ id, reads }) =>
      reads.length === answers && history.complete[history.writeOp[id]] <= earliest,
  );
}

/** Was the source of what survived acknowledged before the write began? The initial value always was. */
function isOvertaken({ status, complete, invoke }: History, source: number, row: number): boolean {
  return source === -1 || (status[source] === Status.Ok && complete[source] < invoke[row]);
}

/** The final answers about a register; of those that show one value alone, the last one. */
function distinctAnswers(history: History, key: KeyFinals): number[] {
  const reads = key.last.filter((row) => history.kind[row] === Kind.Read);
  if (history.siblings !== null) return reads;
  const lastOf = new Map<number, number>();
  for (const row of reads) {
    const known = lastOf.get(history.value[row]);
    if (known === undefined || history.invoke[row] > history.invoke[known]) {
      lastOf.set(history.value[row], row);
    }
  }
  return [...lastOf.values()];
}

/** Reads whose own context covers a write that is neither shown nor replaced. */
function* goneInMidRun(
  history: History,
  seen: Int32Array,
  budget: Budget,
): Generator<RegisterLoss> {
  const { versions, key, kind, status, flags } = history;
  if (!versions) return;
  const width = versions.actors.length;
  const covers = (context: number, row: number): boolean =>
    contextCovers(versions, context, versions.dotActor[row], versions.dotCounter[row]);
  const empty = emptyContexts(versions, width);
  const live: number[][] = history.keys.map(() => []);
  const blindUntil = new Float64Array(history.keys.length).fill(-1);
  for (let row = 0; row < history.n; row++) {
    if ((row & 1023) === 0) budget.step();
    const k = key[row];
    if (k < 0) continue;
    const context = versions.context[row];
    if (tookEffect(history, row, seen)) {
      const blind = context < 0 || kind[row] === Kind.Delete;
      if (blind) live[k] = [];
      else if (empty[context] === 0) live[k] = live[k].filter((each) => !covers(context, each));
      // What overlaps with a blind write may have been replaced by it.
      // A delete has a dot too, and leaves nothing to be read.
      const isOwed =
        isRegisterWrite(kind[row]) && status[row] === Status.Ok && hasDot(history, row);
      if (isOwed && blindUntil[k] <= history.invoke[row]) live[k].push(row);
      if (blind) blindUntil[k] = Math.max(blindUntil[k], endOf(history, row));
      continue;
    }
    if (kind[row] !== Kind.Read || status[row] !== Status.Ok || context < 0) continue;
    if ((flags[row] & Flag.Stale) !== 0 || empty[context] === 1 || live[k].length === 0) continue;
    const shown = new Set(shownValues(history, row));
    const gone = live[k].filter((each) => covers(context, each) && !shown.has(history.value[each]));
    if (gone.length === 0) continue;
    live[k] = live[k].filter((each) => !gone.includes(each));
    const survivor = history.value[row] || -1;
    for (const each of gone) {
      yield { id: history.value[each], reason: 'unread-in-mid-run', reads: [row], survivor };
    }
  }
}

function emptyContexts({ contexts, dots }: Versions, width: number): Uint8Array {
  const empty = new Uint8Array(width === 0 ? 0 : contexts.length / width).fill(1);
  for (let i = 0; i < contexts.length; i++) {
    if (contexts[i] !== 0) empty[Math.floor(i / width)] = 0;
  }
  for (let i = 0; i < dots.length; i += DOT_NUMBERS) empty[dots[i]] = 0;
  return empty;
}
