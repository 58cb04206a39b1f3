/**
 * Follows the final reads: what each node answers for each key, and which acknowledged additions are
 * still missing. Decides nothing but whether another round is worth while; the verdict is the
 * checkers'.
 */
import type { Completion, Invocation } from '../history/operation.ts';

export class FinalReads {
  readonly #keys = new Map<string, Set<string>>();
  /** By key: acknowledged elements of sets. */
  readonly #acknowledged = new Map<string, Set<unknown>>();
  /** By key, then node: the answer as text, or null where there was none. */
  readonly #answers = new Map<string, Map<string, string | null>>();
  #missing = 0;

  /** Takes notice of every operation of the run. */
  note(
    workload: string,
    { f, key, value, final }: Invocation,
    node: string,
    end: Completion,
  ): void {
    if (key === null) return;
    if (final) {
      this.#answer(key, node, end);
      return;
    }
    let keys = this.#keys.get(workload);
    if (!keys) this.#keys.set(workload, (keys = new Set()));
    keys.add(key);
    if (f === 'add' && end.outcome === 'ok') {
      let elements = this.#acknowledged.get(key);
      if (!elements) this.#acknowledged.set(key, (elements = new Set()));
      elements.add(value);
    }
  }

  #answer(key: string, node: string, end: Completion): void {
    let answers = this.#answers.get(key);
    if (!answers) this.#answers.set(key, (answers = new Map()));
    if (end.outcome !== 'ok') {
      answers.set(node, null);
      return;
    }
    if (Array.isArray(end.value)) {
      const seen = new Set(end.value);
      for (const element of this.#acknowledged.get(key) ?? []) {
        if (!seen.has(element)) this.#missing++;
      }
    }
    const all = Array.isArray(end.value) ? [...end.value].sort() : end.value;
    answers.set(node, JSON.stringify([all, [...(end.siblings ?? [])].sort()]));
  }

  keys(workload: string): string[] {
    return [...(this.#keys.get(workload) ?? [])].sort();
  }

  beginRound(): void {
    this.#answers.clear();
    this.#missing = 0;
  }

  /** All nodes gave the same answer for every key, and nothing acknowledged was missing. */
  settled(nodes: readonly string[]): boolean {
    for (const answers of this.#answers.values()) {
      const texts = nodes.map((node) => answers.get(node));
      if (texts.some((text) => text === undefined || text === null || text !== texts[0])) {
        return false;
      }
    }
    return this.#missing === 0;
  }
}
