/**
 * One pass of the search for a linearization, in time order: Wing and Gong (1993), with memory (Lowe, Testing for
 * Linearizability, CCPE 2017; Horn and Kroening, FORTE 2015) and just in time: going along the events, it keeps
 * every configuration that is still possible, and lets calls take effect only when one of them must
 * have done so because it ends. Where no call is open a configuration is a mere state, so stretches that
 * are independent of each other are never multiplied.
 *
 * What keeps the configurations few, each by an exchange argument:
 * - A call that only observes takes effect at the first moment at which it can: nothing is lost by that.
 * - Of open calls that do the same, the one that ends first takes effect first; indeterminate ones, which never
 *   end, come last and are only counted. Who has used up fewer of them can do all that others can.
 * - A total call is *hidden* once a blind one took effect after it began: it may have taken effect right before that
 *   one, without a trace. A hidden call may end without having taken effect.
 * - A blind call takes effect only where something makes use of it at once: an observation, a call that is
 *   not blind, or its own end. Anything else could be hidden behind the next one. The same holds of
 *   indeterminate calls, which can wait for as long as they like.
 */
import { type Budget, BudgetExceeded } from '../verdict/checker.ts';
import type { Calls, Model } from './calls.ts';
import { Configurations } from './configurations.ts';
import { OpenCalls } from './open-calls.ts';

export interface PassLimits {
  readonly budget: Budget;
  /** Whole numbers that all configurations of one moment may take. */
  readonly numbersMax: number;
  /** Configurations that are kept at a moment: those that used up the fewest indeterminate calls. */
  readonly kept: number;
  /** False: an indeterminate call may take effect any number of times. Allows more than there is, with less memory. */
  readonly counted: boolean;
}

export interface Pass {
  /** Null: given up. */
  readonly linearizable: boolean | null;
  /** Why it was given up. */
  readonly limit: BudgetExceeded['reason'] | null;
  /** Configurations were left out: false means nothing. */
  readonly narrowed: boolean;
  /** The call at whose end nothing was possible any more, or the search was given up; -1 for none. */
  readonly call: number;
  /** Calls that had ended by then. */
  readonly ended: number;
  /** Configurations that were looked at. */
  readonly steps: number;
}

const stepsPerLook = 256;

/** Keeps all configurations. */
export const wide = Number.POSITIVE_INFINITY;

/** Configurations of one moment that a narrow pass looks at, for each that it keeps. */
const triedPerKept = 16;

export function searchPass(calls: Calls, model: Model, limits: PassLimits): Pass {
  const { counted, kept } = limits;
  const open = new OpenCalls(calls, model);
  const { words } = open;
  const { actions } = model;
  // A row: state, which open calls took effect, which are hidden, whether the last one waits to be made use of,
  // and how many indeterminate calls of each action were used.
  const doneAt = 1;
  const hiddenAt = 1 + words;
  const waitsAt = 1 + 2 * words;
  const usedAt = 2 + 2 * words;
  const width = usedAt + (counted ? open.indeterminateActions : 0);
  let current = new Configurations(width, usedAt);
  let next = new Configurations(width, usedAt);
  const work = new Configurations(width, usedAt);
  /** By the number of indeterminate calls that they took on the way, what is still to be looked at. */
  const stacks: number[][] = [];
  const row = new Int32Array(width);
  const changed = new Int32Array(width);
  let steps = 0;
  let narrowed = false;
  /** Indeterminate calls on the way to `row`. */
  let taken = 0;

  row[0] = model.initial;
  current.add(row);

  /** Lets open observations of this state take effect. True: one did that had not. */
  const observe = (at: Int32Array): boolean => {
    const mask = open.observersOf(at[0]);
    if (mask === null) return false;
    let some = false;
    for (let w = 0; w < words; w++) {
      if ((mask[w] & ~at[doneAt + w]) === 0) continue;
      at[doneAt + w] |= mask[w];
      some = true;
    }
    return some;
  };

  /** A configuration in which the call of this slot may end: it goes on without it. */
  const keep = (at: Int32Array, word: number, bit: number): void => {
    const done = at[doneAt + word];
    const hidden = at[hiddenAt + word];
    const waits = at[waitsAt];
    at[doneAt + word] = done & ~bit;
    at[hiddenAt + word] = hidden & ~bit;
    at[waitsAt] = 0;
    next.add(at);
    at[doneAt + word] = done;
    at[hiddenAt + word] = hidden;
    at[waitsAt] = waits;
  };

  const push = (at: Int32Array, cost: number): void => {
    const index = work.add(at);
    if (index < 0) return;
    while (stacks.length <= cost) stacks.push([]);
    stacks[cost].push(index);
  };

  /** One more call takes effect in `row`, if it can; `slot` -1: an indeterminate one. */
  const take = (action: number, slot: number, word: number, bit: number): void => {
    const { blind, step } = actions[action];
    const state = step(row[0]);
    if (state < 0) return;
    changed.set(row);
    changed[0] = state;
    changed[waitsAt] = 0;
    if (slot >= 0) {
      changed[doneAt + (slot >> 5)] |= 1 << (slot & 31);
      changed[hiddenAt + (slot >> 5)] &= ~(1 << (slot & 31));
    } else if (counted) {
      changed[usedAt + open.indeterminateAt(action)]++;
    }
    if (blind) {
      for (let w = 0; w < words; w++) {
        changed[hiddenAt + w] |= open.total[w] & ~changed[doneAt + w];
      }
    }
    const isUseful = observe(changed) || (!blind && slot >= 0);
    if ((changed[doneAt + word] & bit) !== 0) {
      keep(changed, word, bit);
      return;
    }
    changed[waitsAt] = isUseful ? 0 : 1;
    push(changed, slot >= 0 ? taken : taken + 1);
  };

  /** Everything that may take effect next in `row`, on the way to the end of the call in question. */
  const expand = (word: number, bit: number): void => {
    const waits = row[waitsAt] === 1;
    for (const action of open.actionsOpen) {
      const { blind, total } = actions[action];
      if (waits && blind) continue;
      let found = false;
      let foundHidden = false;
      for (const slot of open.slotsOf(action)) {
        const mask = 1 << (slot & 31);
        if ((row[doneAt + (slot >> 5)] & mask) !== 0) continue;
        const isHidden = (row[hiddenAt + (slot >> 5)] & mask) !== 0;
        // Of those that do the same, a hidden one that ends later is worth a try beside one that is not.
        if (isHidden ? foundHidden : found) continue;
        take(action, slot, word, bit);
        if (blind || !total) {
          found = foundHidden = true;
          break;
        }
        if (isHidden) foundHidden = true;
        else found = true;
        if (foundHidden && found) break;
      }
      if (found || foundHidden) continue;
      const counter = open.indeterminateAt(action);
      if (counter < 0) continue;
      const used = counted ? row[usedAt + counter] : 0;
      if (used < open.indeterminateOpen(counter)) take(action, -1, word, bit);
    }
  };

  let ended = 0;
  const result = (
    linearizable: boolean | null,
    call: number,
    limit: Pass['limit'] = null,
  ): Pass => ({ linearizable, limit, narrowed, call, ended, steps });
  for (const event of open.events()) {
    if (event.begins) continue;
    const { slot, action } = event;
    const word = slot >> 5;
    const bit = 1 << (slot & 31);
    next.clear();
    work.clear();
    for (const stack of stacks) stack.length = 0;
    for (let i = 0; i < current.size; i++) {
      current.read(i, row);
      observe(row);
      if ((row[doneAt + word] & bit) !== 0) {
        keep(row, word, bit);
        continue;
      }
      if (actions[action].total && (row[hiddenAt + word] & bit) !== 0) keep(row, word, bit);
      push(row, 0);
    }
    for (taken = 0; taken < stacks.length; taken++) {
      const stack = stacks[taken];
      while (stack.length > 0) {
        if ((++steps & (stepsPerLook - 1)) === 0) {
          const limit = exceeded(limits.budget);
          if (limit !== null) return result(null, event.call, limit);
        }
        work.read(stack.pop()!, row);
        expand(word, bit);
        if ((work.size + next.size) * width > limits.numbersMax) {
          return result(null, event.call, 'checker-memory');
        }
        if (work.size < kept * triedPerKept || next.size === 0) continue;
        narrowed = true;
        stack.length = 0;
      }
      // The cheap ways come first: where they lead on, a narrow pass leaves out the others.
      if (kept === wide || next.size === 0 || taken + 1 >= stacks.length) continue;
      narrowed ||= stacks.some((each, cost) => cost > taken && each.length > 0);
      break;
    }
    if (next.size === 0) return result(false, event.call);
    if (next.size > kept) {
      narrowed = true;
      next.keepCheapest(kept, usedAt);
    }
    [current, next] = [next, current];
    ended++;
    open.end(event);
  }
  return result(true, -1);
}

function exceeded(budget: Budget): BudgetExceeded['reason'] | null {
  try {
    budget.step();
    return null;
  } catch (error) {
    if (error instanceof BudgetExceeded) return error.reason;
    throw error;
  }
}
