/**
 * Delta debugging: the smallest list, and the smallest number, that still shows something. Pure but for
 * the question itself, which is asked through a function. Zeller and Hildebrandt, "Simplifying and
 * isolating failure-inducing input", IEEE TSE 28 (2002), algorithm ddmin.
 */

/** Whether a candidate still shows it. Each question costs a run. */
export type Ask<T> = (candidate: T) => Promise<boolean>;

/** How many questions may still be asked; shared by all parts of one search. */
export class Questions {
  #left: number;
  asked = 0;

  constructor(max: number) {
    this.#left = max;
  }

  get spent(): boolean {
    return this.#left <= 0;
  }

  /** Asks while there is budget; afterwards the answer is no, which ends every search. */
  async ask<T>(question: Ask<T>, candidate: T): Promise<boolean> {
    if (this.spent) return false;
    this.#left--;
    this.asked++;
    return question(candidate);
  }
}

/**
 * A part of `items`, in their order, that still shows it, and of which no single item can be left out
 * (1-minimal, where the questions suffice and the answers repeat). `items` itself must show it; that
 * is not asked again.
 */
export async function ddmin<T>(
  items: readonly T[],
  shows: Ask<readonly T[]>,
  questions: Questions,
): Promise<readonly T[]> {
  let current = items;
  if (current.length === 0) return current;
  // Many violations need nothing of the list at all, and that is found out with one question.
  if (await questions.ask(shows, [])) return [];
  let parts = Math.min(2, current.length);
  while (current.length >= 2 && !questions.spent) {
    const chunks = split(current, parts);
    const found = await reduce(chunks, parts, shows, questions);
    if (found === null) {
      if (parts === current.length) break;
      parts = Math.min(current.length, 2 * parts);
      continue;
    }
    current = found.items;
    parts = Math.min(current.length, found.parts);
  }
  return current;
}

async function reduce<T>(
  chunks: readonly (readonly T[])[],
  parts: number,
  shows: Ask<readonly T[]>,
  questions: Questions,
): Promise<{ readonly items: readonly T[]; readonly parts: number } | null> {
  for (const chunk of chunks) {
    if (await questions.ask(shows, chunk)) return { items: chunk, parts: 2 };
  }
  // With two parts the complements are the parts themselves.
  if (parts === 2) return null;
  for (let i = 0; i < chunks.length; i++) {
    const others = chunks.filter((_, j) => j !== i).flat();
    if (await questions.ask(shows, others)) return { items: others, parts: Math.max(2, parts - 1) };
  }
  return null;
}

/** `parts` pieces of about the same size, none empty. */
function split<T>(items: readonly T[], parts: number): (readonly T[])[] {
  return Array.from({ length: parts }, (_, i) =>
    items.slice(
      Math.floor((i * items.length) / parts),
      Math.floor(((i + 1) * items.length) / parts),
    ),
  );
}

/**
 * The smallest whole number from `least` to `known` that still shows it, found by halving; exact where
 * every number above one that shows it shows it, too. `known` must show it.
 */
export async function smallest(
  least: number,
  known: number,
  shows: Ask<number>,
  questions: Questions,
): Promise<number> {
  let low = least;
  let high = known;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (questions.spent) break;
    if (await questions.ask(shows, middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}
