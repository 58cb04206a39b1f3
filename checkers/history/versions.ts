/** What a context covers: of each actor all writes up to a counter, and single ones beyond. */
import type { Versions } from './history.ts';

/** Numbers of one entry of `Versions.dots`. */
export const DOT_NUMBERS = 3;

/** Does the context in row `context` cover the write `counter` of an actor? */
export function contextCovers(
  { actors, contexts, dots }: Versions,
  context: number,
  actor: number,
  counter: number,
): boolean {
  if (context < 0 || actor < 0) return false;
  if (contexts[context * actors.length + actor] >= counter) return true;
  for (let i = firstDot(dots, context); dots[i] === context; i += DOT_NUMBERS) {
    if (dots[i + 1] === actor && dots[i + 2] === counter) return true;
  }
  return false;
}

/** Where the entries of a context begin, or would. */
export function firstDot(dots: Int32Array, context: number): number {
  let low = 0;
  let high = dots.length / DOT_NUMBERS;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (dots[middle * DOT_NUMBERS] < context) low = middle + 1;
    else high = middle;
  }
  return low * DOT_NUMBERS;
}

/** Single writes that a context covers, as pairs of actor and counter. */
export function dotsOf({ dots }: Versions, context: number): (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (let i = firstDot(dots, context); dots[i] === context; i += DOT_NUMBERS) {
    found.push([dots[i + 1], dots[i + 2]]);
  }
  return found;
}
