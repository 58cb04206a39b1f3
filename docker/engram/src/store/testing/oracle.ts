/**
 * What a correct cluster may show. The state of a space is a function of what it knows: of each
 * memory, the versions that this covers and that no covered version supersedes. So every answer
 * can be checked exactly, whatever node gave it and whatever had happened to that node.
 */
import { compareClocks } from '../../conflict/clock.ts';
import { covers, coversDot } from '../../conflict/knowledge.ts';
import { compareVersions, supersedes } from '../../conflict/versions.ts';
import type { Context, Knowledge, MemoryState, MemoryVersion } from '../../data.ts';

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
    if (asked && !answer.stale && !covers(answer.context, asked)) {
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

  expected(space: string, id: string, known: Knowledge): MemoryVersion[] {
    const all = [...(this.#versions.get(space)?.get(id)?.values() ?? [])];
    const covered = all.filter(({ actor, counter }) => coversDot(known, actor, counter));
    return covered.filter((version) => !covered.some((other) => supersedes(other, version)));
  }

  #checkSeen({ space, what, id, context, memories }: Seen): void {
    this.#checkContext(space, what, context);
    const ids = id === null ? [...(this.#versions.get(space)?.keys() ?? [])] : [id];
    for (const each of ids) {
      const expected = this.expected(space, each, context).sort((a, b) => compareVersions(b, a));
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
  #checkContext(space: string, what: string, context: Context): void {
    const { t, r } = context;
    for (const dots of this.#versions.get(space)?.values() ?? []) {
      for (const { dot, actor, counter, hlc, rank } of dots.values()) {
        if (!coversDot(context, actor, counter) || (compareClocks(hlc, t) <= 0 && rank <= r))
          continue;
        this.problems.push(
          `${what}: the context for ${space} covers ${dot} and is before or below it`,
        );
      }
    }
  }

  /** The order by which the shown version is chosen extends causality, where nothing is deleted. */
  #checkOrder(space: string, versions: readonly MemoryVersion[]): void {
    for (const later of versions) {
      for (const earlier of versions) {
        if (later.deleted || earlier.deleted) continue;
        if (supersedes(later, earlier) && compareVersions(later, earlier) <= 0) {
          this.problems.push(`${space}: ${later.dot} supersedes ${earlier.dot} and ranks below it`);
        }
      }
    }
  }

  /** What a vector lacks of all that was acknowledged. */
  missing(space: string, known: Knowledge): string[] {
    return this.#acknowledged
      .filter((each) => each.space === space)
      .filter(({ version }) => !coversDot(known, version.actor, version.counter))
      .map(({ version }) => version.dot);
  }
}
