/**
 * The history for checkers that take every written value for unique: operations on keys where a value was written
 * more than once are out of their sight. Fewer operations tie sessions together, so nothing is accused for it.
 */
import type { History } from './history.ts';
import { Kind } from './kinds.ts';

export interface UniqueView {
  readonly history: History;
  /** Operations that are out of sight, and on how many keys. */
  readonly hidden: number;
  readonly keys: number;
}

const known = new WeakMap<History, UniqueView>();

export function uniqueView(history: History): UniqueView {
  let view = known.get(history);
  if (!view) known.set(history, (view = hide(history)));
  return view;
}

function hide(history: History): UniqueView {
  const repeated = history.objects?.repeated ?? null;
  if (repeated === null) return { history, hidden: 0, keys: 0 };
  const kind = history.kind.slice();
  let hidden = 0;
  for (let row = 0; row < history.n; row++) {
    const key = history.key[row];
    if (key < 0 || repeated[key] === 0 || kind[row] === Kind.Other) continue;
    kind[row] = Kind.Other;
    hidden++;
  }
  const keys = repeated.reduce((sum, each) => sum + each, 0);
  return { history: { ...history, kind }, hidden, keys };
}
