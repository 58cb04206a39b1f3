/**
 * Linearizability by trying every order: the definition of Herlihy and Wing (1990), word for word. An order of the
 * calls in which each is possible, in which what ended before another began stands before it, and which
 * leaves out none but indeterminate ones.
 */
import type { Calls, Model } from '../linearizable/calls.ts';

export function hasOrder({ n, invoke, complete, action }: Calls, model: Model): boolean {
  const placed = new Array<boolean>(n).fill(false);
  const mayComeNext = (call: number): boolean => {
    for (let other = 0; other < n; other++) {
      if (!placed[other] && complete[other] < invoke[call]) return false;
    }
    return true;
  };
  const goOn = (state: number): boolean => {
    if (placed.every((isPlaced, call) => isPlaced || complete[call] === Number.POSITIVE_INFINITY)) {
      return true;
    }
    for (let call = 0; call < n; call++) {
      if (placed[call] || !mayComeNext(call)) continue;
      const after = model.actions[action[call]].step(state);
      if (after < 0) continue;
      placed[call] = true;
      const found = goOn(after);
      placed[call] = false;
      if (found) return true;
    }
    return false;
  };
  return goOn(model.initial);
}
