/**
 * The versions of one memory and how they are merged.
 *
 * A version supersedes exactly those versions of its memory whose dots its dependencies cover: that
 * is what its writer had seen. Dependencies may be single dots, which name a write and not what that had
 * seen; so "superseded" is no transitive relation between two versions, and whether a version is gone can
 * only be told from what is *known* beside what is shown: what one side shows, and the other side knows
 * without showing it, is gone. That makes merging commutative, associative and idempotent, and it needs
 * no record of removals (optimized observed-remove sets: Bieniusa et al. 2012).
 */
import type { Knowledge, MemoryVersion } from '../data.ts';
import { compareClocks } from './clock.ts';
import { coversDot } from './knowledge.ts';

/**
 * Positive where `left` is shown rather than `right`: highest (not deleted, rank, clock, node, dot). Total. A
 * tombstone is shown only where every sibling is one: it stands for what its writer had seen, and hides no other.
 */
export function compareVersions(left: MemoryVersion, right: MemoryVersion): number {
  return (
    Number(right.deleted) - Number(left.deleted) ||
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

/** What one side shows of a memory, all of it, and what that side knows. */
export interface Side {
  readonly versions: readonly MemoryVersion[];
  readonly known: Knowledge;
}

/**
 * What both sides together show, sorted like `addVersion`: what both show, and what one shows and the other does
 * not know. Returns the array of `mine` if nothing changes.
 */
export function mergeSides(mine: Side, theirs: Side): readonly MemoryVersion[] {
  const isIn = ({ versions }: Side, { dot }: MemoryVersion): boolean =>
    versions.some((each) => each.dot === dot);
  const stays = (version: MemoryVersion, other: Side): boolean =>
    isIn(other, version) || !coversDot(other.known, version.actor, version.counter);
  const kept = mine.versions.filter((version) => stays(version, theirs));
  const added = theirs.versions.filter(
    (version) => !isIn(mine, version) && !coversDot(mine.known, version.actor, version.counter),
  );
  if (added.length === 0 && kept.length === mine.versions.length) return mine.versions;
  return [...kept, ...added].sort((left, right) => compareVersions(right, left));
}

/**
 * The union without what is superseded, sorted like `addVersion`. For two sides that know the same and show
 * different versions, which no knowledge explains: nothing is dropped but what another version names.
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
export function inheritedRank(versions: readonly MemoryVersion[], deps: Knowledge): number {
  return versions.reduce((rank, version) => {
    const covered = coversDot(deps, version.actor, version.counter);
    return Math.max(rank, covered ? version.rank : version.inherited);
  }, 0);
}
