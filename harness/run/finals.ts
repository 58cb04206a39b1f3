/**
 * Follows the final reads: what each node answered last for each key, and whether acknowledged additions
 * are still missing from it. Decides nothing but whether another round is worth while; the verdict is
 * the checkers'.
 */
import type { Completion, Invocation } from '../generator/operation.ts';

interface LastAnswer {
  /** What was shown, as text to be compared. */
  readonly text: string;
  /** Everything that was acknowledged is there. */
  readonly whole: boolean;
}

function put(sets: Map<string, Set<unknown>>, key: string, element: unknown): void {
  let elements = sets.get(key);
  if (!elements) sets.set(key, (elements = new Set()));
  elements.add(element);
}

/** A copy in an order that depends on nothing but the elements. */
function inOrder(elements: readonly unknown[]): readonly unknown[] {
  const numbers = elements.every((each) => typeof each === 'number');
  // Without a comparison, numbers are sorted by their texts: one more string for each look at one.
  return numbers ? [...elements].sort((a, b) => a - b) : [...elements].sort();
}

export class FinalReads {
  /** By workload: keys that operations were about. */
  readonly #keys = new Map<string, Set<string>>();
  /** By key: acknowledged elements of sets, and those that somebody may have deleted. */
  readonly #acknowledged = new Map<string, Set<unknown>>();
  readonly #deleted = new Map<string, Set<unknown>>();
  /** By key, then node: the last answer, or null where there was none. */
  readonly #answers = new Map<string, Map<string, LastAnswer | null>>();

  /** Takes notice of every operation of the run. */
  note(workload: string, invocation: Invocation, node: string, end: Completion): void {
    const { f, key, value, final } = invocation;
    if (key === null) return;
    if (final) {
      this.#answersTo(key).set(node, end.outcome === 'ok' ? this.#read(key, end) : null);
      return;
    }
    let keys = this.#keys.get(workload);
    if (!keys) this.#keys.set(workload, (keys = new Set()));
    keys.add(key);
    if (f === 'add' && end.outcome === 'ok') put(this.#acknowledged, key, value);
    if (f === 'delete' && end.outcome !== 'fail') put(this.#deleted, key, value);
  }

  #answersTo(key: string): Map<string, LastAnswer | null> {
    let answers = this.#answers.get(key);
    if (!answers) this.#answers.set(key, (answers = new Map()));
    return answers;
  }

  #read(key: string, { value, siblings }: Completion): LastAnswer {
    if (!Array.isArray(value)) {
      return { text: JSON.stringify([value, [...(siblings ?? [])].sort()]), whole: true };
    }
    const seen = new Set<unknown>(value);
    const deleted = this.#deleted.get(key);
    let whole = true;
    for (const element of this.#acknowledged.get(key) ?? []) {
      whole &&= seen.has(element) || deleted?.has(element) === true;
    }
    return { text: JSON.stringify(inOrder(value)), whole };
  }

  /** Everything that the workload has touched, in a stable order. */
  keys(workload: string): string[] {
    return [...(this.#keys.get(workload) ?? [])].sort();
  }

  /** Keys on which the nodes do not agree yet, or whose answers lack something. */
  unsettled(workload: string, nodes: readonly string[]): string[] {
    return this.keys(workload).filter((key) => {
      const answers = nodes.map((node) => this.#answers.get(key)?.get(node));
      return answers.some((each) => !each?.whole || each.text !== answers[0]?.text);
    });
  }
}
