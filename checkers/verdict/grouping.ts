/** Violations with one cause are shown once, with their number; at most k are shown, all are counted. */
import type { Anomaly } from './verdict.ts';

export class Groups<T> {
  readonly #groups = new Map<string, { readonly first: T; count: number }>();
  readonly #byPattern = new Map<string, number>();

  add(pattern: string, cause: string, item: T): void {
    this.#byPattern.set(pattern, (this.#byPattern.get(pattern) ?? 0) + 1);
    const name = `${pattern}|${cause}`;
    const group = this.#groups.get(name);
    if (group) group.count++;
    else this.#groups.set(name, { first: item, count: 1 });
  }

  get size(): number {
    return this.#groups.size;
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#byPattern);
  }

  /** By pattern the number that `op` gives to the first of each group, at most `max` of each pattern. */
  list(max: number, op: (item: T) => number): Record<string, number[]> {
    const listed: Record<string, number[]> = {};
    for (const [name, { first }] of this.#groups) {
      const ops = (listed[name.slice(0, name.indexOf('|'))] ??= []);
      if (ops.length < max) ops.push(op(first));
    }
    return listed;
  }

  /** The first of each group, in order of appearance, made into anomalies. */
  show(max: number, explain: (item: T, count: number) => Anomaly): Anomaly[] {
    return [...this.#groups.values()]
      .slice(0, max)
      .map(({ first, count }) => explain(first, count));
  }
}
