/**
 * Version vectors: for each actor the number of its writes that are known (Parker et al. 1983). A dot
 * is one write, `actor:counter`. Pure; vectors are never changed in place.
 */
import type { VersionVector } from '../data.ts';

function counterOf(vector: VersionVector, actor: string): number {
  return vector[actor] ?? 0;
}

/** Does `vector` know the write `actor:counter`? */
function coversDot(vector: VersionVector, actor: string, counter: number): boolean {
  return counterOf(vector, actor) >= counter;
}

/** Does `left` know everything that `right` knows? */
export function covers(left: VersionVector, right: VersionVector): boolean {
  for (const actor in right) {
    if (counterOf(left, actor) < right[actor]) return false;
  }
  return true;
}

/** The smallest vector that knows what either knows. */
export function join(left: VersionVector, right: VersionVector): VersionVector {
  if (covers(left, right)) return left;
  const joined: Record<string, number> = { ...left };
  for (const actor in right) {
    if (counterOf(joined, actor) < right[actor]) joined[actor] = right[actor];
  }
  return joined;
}

export function withDot(vector: VersionVector, actor: string, counter: number): VersionVector {
  if (coversDot(vector, actor, counter)) return vector;
  // Not `[actor]` in the literal: where the actor is known, the copy has its place already.
  const next: Record<string, number> = { ...vector };
  next[actor] = counter;
  return next;
}

export function formatDot(actor: string, counter: number): string {
  return `${actor}:${counter}`;
}

/** The actor as which a node writes; `life` names its log. */
export function actorOf(node: string, life: string): string {
  return `${node}.${life}`;
}

/** The actor under which the same node writes what waits for its dependencies. */
export function deferredActorOf(actor: string): string {
  return `${actor}+`;
}

export function isDeferredActor(actor: string): boolean {
  return actor.endsWith('+');
}

/** The life of an actor: that of `n1.k3x9q` and `n1.k3x9q+` is `k3x9q`. */
export function lifeOfActor(actor: string): string {
  return actor.slice(actor.indexOf('.') + 1).replace('+', '');
}

/** The node behind an actor: `n1.k3x9q` and `n1.k3x9q+` are both n1. */
export function nodeOfActor(actor: string): string {
  const dot = actor.indexOf('.');
  return dot < 0 ? actor : actor.slice(0, dot);
}
