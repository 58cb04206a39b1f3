/**
 * The input of the search: calls on one object, in columns of numbers, and what each of them does to the
 * object's state. States are numbers too; a model says which.
 *
 * What an action is known for makes the search short, and nothing else may be claimed of it:
 * - *observes*: it takes effect in one state only and leaves it as it was (a read);
 * - *total*: it takes effect in every state (a write, an append);
 * - *blind*: total, and the state after it does not depend on the one before (a write).
 */

export interface Action {
  /** The one state in which it takes effect, leaving it as it was; -1 for all other actions. */
  readonly observes: number;
  readonly total: boolean;
  readonly blind: boolean;
  /** The state after it; -1 where it cannot take effect. */
  step(state: number): number;
}

export interface Calls {
  readonly n: number;
  readonly invoke: Float64Array;
  /** Infinity: nobody knows whether it took effect, now or later. Calls that failed are left out. */
  readonly complete: Float64Array;
  /** Index into the actions of the model. */
  readonly action: Int32Array;
}

export interface Model {
  readonly initial: number;
  readonly actions: readonly Action[];
}

export function observing(state: number): Action {
  return { observes: state, total: false, blind: false, step: (at) => (at === state ? state : -1) };
}

export function writing(state: number): Action {
  return { observes: -1, total: true, blind: true, step: () => state };
}

/** Compare and set: from one state to another. */
export function moving(from: number, to: number): Action {
  if (from === to) return observing(from);
  return { observes: -1, total: false, blind: false, step: (at) => (at === from ? to : -1) };
}

/** Numbers for actions, so that equal ones have one. */
export class Actions {
  readonly list: Action[] = [];
  readonly #ids = new Map<string, number>();

  id(name: string, make: () => Action): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.list.length;
    this.#ids.set(name, id);
    this.list.push(make());
    return id;
  }
}
