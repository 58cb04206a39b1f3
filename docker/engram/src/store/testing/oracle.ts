/**
 * What a correct cluster may show. The state of a space is a function of its version vector: of each
 * memory, the versions that the vector covers and that no covered version supersedes. So every answer
 * can be checked exactly, whatever node gave it and whatever had happened to that node.
 */
import { compareClocks } from '../../conflict/clock.ts';
import { covers, coversDot } from '../../conflict/vector.ts';
import { compareVersions, supersedes } from '../../conflict/versions.ts';
import type { Context, MemoryState, MemoryVersion, VersionVector } from '../../data.ts';

interface Seen {
  readonly space: string;
  readonly what: string;
  /** Null: the whole space. */
  readonly id: string | null;
  readonly context: Context;
  readonly memories: readonly MemoryState[];
}

export class Oracle {
  /** By space, memory and dot: every version that anybody has ever seen. */
  readonly #versions = new Map<string, Map<string, Map<string, MemoryVersion>>>();
  readonly #acknowledged: { readonly space: string; readonly version: MemoryVersion }[] = [];
  readonly #seen: Seen[] = [];
  readonly problems: string[] = [];

  get reads(): number {
    return this.#seen.length;
  }

  get writes(): number {
    return this.#acknowledged.length;
  }

  note(space: string, version: MemoryVersion): void {
    let ids = this.#versions.get(space);
    if (!ids) this.#versions.set(space, (ids = new Map()));
    let dots = ids.get(version.id);
    if (!dots) ids.set(version.id, (dots = new Map()));
    const known = dots.get(version.dot);
    if (known && known.content !== version.content) {
      this.problems.push(`${space}: ${version.dot} is two different writes`);
    }
    dots.set(version.dot, version);
  }

  acknowledged(space: string, version: MemoryVersion): void {
    this.note(space, version);
    this.#acknowledged.push({ space, version });
  }

  answered(
    what: string,
    space: string,
    id: string | null,
    asked: Context | null,
    answer: { readonly context: Context; readonly stale: boolean },
    memories: readonly MemoryState[],
  ): void {
    if (asked && !answer.stale && !covers(answer.context.v, asked.v)) {
      this.problems.push(`${what}: not marked stale and older than its context`);
    }
    for (const memory of memories) {
      for (const version of memory.siblings) this.note(space, version);
    }
    this.#seen.push({ space, what, id, context: answer.context, memories });
  }

  /** All that was wrong, once everything is known. */
  verdict(): string[] {
    for (const seen of this.#seen) this.#checkSeen(seen);
    for (const [space, ids] of this.#versions) {
      for (const dots of ids.values()) this.#checkOrder(space, [...dots.values()]);
    }
    return this.problems;
  }

  expected(space: string, id: string, vector: VersionVector): MemoryVersion[] {
    const all = [...(this.#versions.get(space)?.get(id)?.values() ?? [])];
    const known = all.filter((version) => coversDot(vector, version.actor, version.counter));
    return known.filter((version) => !known.some((other) => supersedes(other, version)));
  }

  #checkSeen({ space, what, id, context, memories }: Seen): void {
    const vector = context.v;
    this.#checkContext(space, what, context);
    const ids = id === null ? [...(this.#versions.get(space)?.keys() ?? [])] : [id];
    for (const each of ids) {
      const expected = this.expected(space, each, vector).sort((a, b) => compareVersions(b, a));
      const found = memories.find((memory) => memory.id === each);
      if (id === null && (expected.length === 0 || expected[0].deleted) && !found) continue;
      const want = expected.map((version) => version.dot).join(' ');
      const got = (found?.siblings ?? []).map((version) => version.dot).join(' ');
      if (want !== got) {
        this.problems.push(`${what}: ${space}/${each} shows [${got}], ought to show [${want}]`);
      } else if (found && found.shown.dot !== expected[0].dot) {
        this.problems.push(`${what}: ${space}/${each} shows ${found.shown.dot} first`);
      }
    }
  }

  /** Its clock and its rank are at least those of all that it covers. */
  #checkContext(space: string, what: string, { v, t, r }: Context): void {
    for (const dots of this.#versions.get(space)?.values() ?? []) {
      for (const { dot, actor, counter, hlc, rank } of dots.values()) {
        if (!coversDot(v, actor, counter) || (compareClocks(hlc, t) <= 0 && rank <= r)) continue;
        this.problems.push(
          `${what}: the context for ${space} covers ${dot} and is before or below it`,
        );
      }
    }
  }

  /** The order by which the shown version is chosen extends causality. */
  #checkOrder(space: string, versions: readonly MemoryVersion[]): void {
    for (const later of versions) {
      for (const earlier of versions) {
        if (supersedes(later, earlier) && compareVersions(later, earlier) <= 0) {
          this.problems.push(`${space}: ${later.dot} supersedes ${earlier.dot} and ranks below it`);
        }
      }
    }
  }

  /** What a vector lacks of all that was acknowledged. */
  missing(space: string, vector: VersionVector): string[] {
    return this.#acknowledged
      .filter((each) => each.space === space)
      .filter(({ version }) => !coversDot(vector, version.actor, version.counter))
      .map(({ version }) => version.dot);
  }
}
