/**
 * What somebody knows of the writes of a space: of each actor all up to a counter (`v`), and single ones
 * beyond it (`d`), as in dotted version vectors (Preguiça et al. 2012). A single dot stands for that one
 * write, never for earlier ones of its actor: so the answer to a write can name it without claiming anything
 * else that its coordinator knew. Pure; nothing is ever changed in place.
 *
 * Invariant: the counters of an actor in `d` are sorted, without repetition, and all above `v[actor] + 1`.
 */
import type { Dots, Knowledge, VersionVector } from '../data.ts';
import * as vectors from './vector.ts';

export const noDots: Dots = Object.freeze({});
export const nothingKnown: Knowledge = Object.freeze({ v: Object.freeze({}), d: noDots });

export function isEmptyDots(dots: Dots): boolean {
  for (const _ in dots) return false;
  return true;
}

export function knowledgeOf(v: VersionVector): Knowledge {
  return { v, d: noDots };
}

export function coversDot({ v, d }: Knowledge, actor: string, counter: number): boolean {
  return (v[actor] ?? 0) >= counter || (d[actor]?.includes(counter) ?? false);
}

/** Does `left` know everything that `right` knows? */
export function covers(left: Knowledge, right: Knowledge): boolean {
  for (const actor in right.v) {
    if ((left.v[actor] ?? 0) < right.v[actor]) return false;
  }
  for (const actor in right.d) {
    for (const counter of right.d[actor]) if (!coversDot(left, actor, counter)) return false;
  }
  return true;
}

export function equals(left: Knowledge, right: Knowledge): boolean {
  return covers(left, right) && covers(right, left);
}

export function withDot(known: Knowledge, actor: string, counter: number): Knowledge {
  if (coversDot(known, actor, counter)) return known;
  const { v, d } = known;
  if (d[actor] === undefined && (v[actor] ?? 0) + 1 === counter) {
    return { v: vectors.withDot(v, actor, counter), d };
  }
  return normal(v, { ...d, [actor]: [...(d[actor] ?? []), counter] }, [actor]);
}

/** With all of an actor up to a counter. */
export function withAll(known: Knowledge, actor: string, counter: number): Knowledge {
  if ((known.v[actor] ?? 0) >= counter) return known;
  return normal(vectors.withDot(known.v, actor, counter), known.d, [actor]);
}

/** The smallest knowledge that covers both. The same object where one of them covers the other. */
export function join(left: Knowledge, right: Knowledge): Knowledge {
  if (covers(left, right)) return left;
  const v = vectors.join(left.v, right.v);
  if (isEmptyDots(left.d) && isEmptyDots(right.d)) return { v, d: noDots };
  const d: Record<string, readonly number[]> = { ...left.d };
  for (const actor in right.d) d[actor] = [...(d[actor] ?? []), ...right.d[actor]];
  return normal(v, d, Object.keys(d));
}

/** Sorts the single dots of `actors`, and lets those that follow on the vector go into it. */
function normal(v: VersionVector, d: Dots, actors: readonly string[]): Knowledge {
  const vector: Record<string, number> = { ...v };
  const dots: Record<string, readonly number[]> = { ...d };
  for (const actor of actors) {
    let all = vector[actor] ?? 0;
    const beyond: number[] = [];
    for (const counter of [...(dots[actor] ?? [])].sort((left, right) => left - right)) {
      if (counter <= all || counter === beyond.at(-1)) continue;
      if (counter === all + 1) all = counter;
      else beyond.push(counter);
    }
    if (all > 0) vector[actor] = all;
    if (beyond.length > 0) dots[actor] = beyond;
    else delete dots[actor];
  }
  return { v: vector, d: isEmptyDots(dots) ? noDots : dots };
}

/** Actors that are named, in the vector or by single dots. */
function actorsOf({ v, d }: Knowledge): string[] {
  return [...new Set([...Object.keys(v), ...Object.keys(d)])];
}

/** Actors of which `wanted` covers something that `known` does not. */
export function lacking(known: Knowledge, wanted: Knowledge): string[] {
  return actorsOf(wanted).filter((actor) => {
    if ((known.v[actor] ?? 0) < (wanted.v[actor] ?? 0)) return true;
    return (wanted.d[actor] ?? []).some((counter) => !coversDot(known, actor, counter));
  });
}

/** The largest counter of an actor that is known. */
export function lastOf({ v, d }: Knowledge, actor: string): number {
  return d[actor]?.at(-1) ?? v[actor] ?? 0;
}
