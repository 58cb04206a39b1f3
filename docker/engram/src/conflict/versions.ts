/**
 * The versions of one memory and how they are merged.
 *
 * A version supersedes exactly those versions of its memory whose dots its dependencies cover: that
 * is what its writer had seen. Contexts are causally closed (who covers a write covers what that
 * write had seen), so "superseded" is transitive, and the merge of two sets of versions is their
 * union without the superseded ones. That makes merging commutative, associative and idempotent, and
 * it needs no record of removals (compare dotted version vectors, Preguiça et al. 2012).
 */
import type { MemoryVersion, VersionVector } from '../data.ts';
import { compareClocks } from './clock.ts';
import { coversDot } from './vector.ts';

/** Positive where `left` is shown rather than `right`: highest (rank, clock, node, dot). Total. */
export function compareVersions(left: MemoryVersion, right: MemoryVersion): number {
  return (
    left.rank - right.rank ||
    compareClocks(left.hlc, right.hlc) ||
    compareText(left.node, right.node) ||
    compareText(left.dot, right.dot)
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function supersedes(later: MemoryVersion, earlier: MemoryVersion): boolean {
  return later.dot !== earlier.dot && coversDot(later.deps, earlier.actor, earlier.counter);
}

/** `versions` with one more. Sorted, the shown one first. Returns the same array if nothing changes. */
export function addVersion(
  versions: readonly MemoryVersion[],
  added: MemoryVersion,
): readonly MemoryVersion[] {
  if (versions.length === 0) return [added];
  for (const known of versions) {
    if (known.dot === added.dot || supersedes(known, added)) return versions;
  }
  const kept = versions.filter((known) => !supersedes(added, known));
  kept.push(added);
  return kept.sort((left, right) => compareVersions(right, left));
}

/**
 * The union without what is superseded, sorted like `addVersion`. Takes nothing for granted: also
 * where one side holds a version beside what supersedes it, the result does not.
 */
export function mergeVersions(
  left: readonly MemoryVersion[],
  right: readonly MemoryVersion[],
): readonly MemoryVersion[] {
  const union = new Map([...left, ...right].map((version) => [version.dot, version]));
  const all = [...union.values()];
  const kept = all.filter((version) => !all.some((other) => supersedes(other, version)));
  const same =
    kept.length === left.length && left.every(({ dot }) => kept.some((v) => v.dot === dot));
  return same ? left : kept.sort((a, b) => compareVersions(b, a));
}

/**
 * The largest rank of what a write with the dependencies `deps` supersedes, given the versions that its
 * coordinator holds of the memory. What the write supersedes may be gone there, superseded by a version
 * that the writer had not seen: that version has inherited its rank. So a version never ranks below
 * what it replaces, and the order in which versions are shown extends causality.
 */
export function inheritedRank(versions: readonly MemoryVersion[], deps: VersionVector): number {
  return versions.reduce((rank, version) => {
    const covered = coversDot(deps, version.actor, version.counter);
    return Math.max(rank, covered ? version.rank : version.inherited);
  }, 0);
}
