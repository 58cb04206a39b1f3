/**
 * Which calls are open at each moment of a search, by what they do. A call that will end has a slot, a bit in
 * every configuration, for as long as it is open; indeterminate calls are counted by action.
 */
import type { Calls, Model } from './calls.ts';

export interface CallEvent {
  readonly begins: boolean;
  readonly call: number;
  readonly action: number;
  /** -1 for an indeterminate call. */
  readonly slot: number;
}

export class OpenCalls {
  /** Whole numbers that hold a bit for each slot. */
  readonly words: number;
  /** Number of actions that some indeterminate call has. */
  readonly indeterminateActions: number;
  /** Slots of open calls that are total. */
  readonly total: Int32Array;
  /** Actions that may change the state and of which some call is open. */
  readonly actionsOpen: number[] = [];

  readonly #calls: Calls;
  readonly #model: Model;
  readonly #events: Int32Array;
  readonly #slot: Int32Array;
  readonly #slots: (number[] | undefined)[];
  /** By call: the place of its end among all events. Calls that end at one moment end one after the other. */
  readonly #endOf: Int32Array;
  /** By slot: the same of its call. */
  readonly #endOfSlot: Int32Array;
  readonly #observers = new Map<number, { readonly mask: Int32Array; count: number }>();
  readonly #counterOf: Int32Array;
  readonly #open: Int32Array;

  constructor(calls: Calls, model: Model) {
    this.#calls = calls;
    this.#model = model;
    this.#events = eventsOf(calls);
    const { slot, count } = assignSlots(calls, this.#events);
    this.#slot = slot;
    this.words = Math.max(1, (count + 31) >> 5);
    this.total = new Int32Array(this.words);
    this.#slots = new Array(model.actions.length);
    this.#endOf = new Int32Array(calls.n);
    this.#events.forEach((event, place) => {
      if ((event & 1) === 1) this.#endOf[event >> 1] = place;
    });
    this.#endOfSlot = new Int32Array(count);
    this.#counterOf = new Int32Array(model.actions.length).fill(-1);
    let counters = 0;
    for (let i = 0; i < calls.n; i++) {
      const action = calls.action[i];
      if (calls.complete[i] !== Number.POSITIVE_INFINITY || this.#counterOf[action] >= 0) continue;
      // An observation that nobody was told of means nothing.
      if (model.actions[action].observes < 0) this.#counterOf[action] = counters++;
    }
    this.indeterminateActions = counters;
    this.#open = new Int32Array(counters);
  }

  /** In order of time. What begins is open when its event is handed out; `end` closes it. */
  *events(): Generator<CallEvent> {
    const { action, complete } = this.#calls;
    for (const event of this.#events) {
      const call = event >> 1;
      const begins = (event & 1) === 0;
      const each = { begins, call, action: action[call], slot: this.#slot[call] };
      if (begins) {
        if (complete[call] === Number.POSITIVE_INFINITY) this.#beginIndeterminate(each.action);
        else this.#begin(each);
      }
      yield each;
    }
  }

  /** Slots of open calls with an action, the one that ends first in front. */
  slotsOf(action: number): readonly number[] {
    return this.#slots[action] ?? none;
  }

  /** Place of an action's count of indeterminate calls; -1 where it has none. */
  indeterminateAt(action: number): number {
    return this.#counterOf[action];
  }

  indeterminateOpen(counter: number): number {
    return this.#open[counter];
  }

  /** Slots of open calls that observe a state; null where there is none. */
  observersOf(state: number): Int32Array | null {
    return this.#observers.get(state)?.mask ?? null;
  }

  #beginIndeterminate(action: number): void {
    const counter = this.#counterOf[action];
    if (counter < 0) return;
    this.#open[counter]++;
    if (!this.actionsOpen.includes(action)) this.actionsOpen.push(action);
  }

  #begin({ call, slot, action }: CallEvent): void {
    const { observes, total } = this.#model.actions[action];
    const word = slot >> 5;
    const bit = 1 << (slot & 31);
    if (observes >= 0) {
      const known = this.#observers.get(observes);
      if (known === undefined) {
        const mask = new Int32Array(this.words);
        mask[word] |= bit;
        this.#observers.set(observes, { mask, count: 1 });
      } else {
        known.mask[word] |= bit;
        known.count++;
      }
      return;
    }
    if (total) this.total[word] |= bit;
    const end = this.#endOf[call];
    this.#endOfSlot[slot] = end;
    const slots = this.#slots[action] ?? [];
    let at = slots.length;
    while (at > 0 && this.#endOfSlot[slots[at - 1]] > end) at--;
    slots.splice(at, 0, slot);
    this.#slots[action] = slots;
    if (!this.actionsOpen.includes(action)) this.actionsOpen.push(action);
  }

  end({ slot, action }: CallEvent): void {
    const { observes, total } = this.#model.actions[action];
    const word = slot >> 5;
    const bit = 1 << (slot & 31);
    if (observes >= 0) {
      const known = this.#observers.get(observes)!;
      known.mask[word] &= ~bit;
      if (--known.count === 0) this.#observers.delete(observes);
      return;
    }
    if (total) this.total[word] &= ~bit;
    const slots = this.#slots[action] ?? [];
    slots.splice(slots.indexOf(slot), 1);
    const counter = this.#counterOf[action];
    if (slots.length > 0 || (counter >= 0 && this.#open[counter] > 0)) return;
    this.actionsOpen.splice(this.actionsOpen.indexOf(action), 1);
  }
}

const none: readonly number[] = [];

/** Twice the number of the call, plus one where it ends. Begins stand before ends: what touches overlaps. */
function eventsOf({ n, invoke, complete }: Calls): Int32Array {
  const events: number[] = [];
  for (let i = 0; i < n; i++) {
    events.push(2 * i);
    if (complete[i] !== Number.POSITIVE_INFINITY) events.push(2 * i + 1);
  }
  const time = (event: number): number => ((event & 1) === 0 ? invoke : complete)[event >> 1];
  return Int32Array.from(events).sort(
    (a, b) => time(a) - time(b) || (a & 1) - (b & 1) || (a >> 1) - (b >> 1),
  );
}

function assignSlots(
  { n, complete }: Calls,
  events: Int32Array,
): { readonly slot: Int32Array; readonly count: number } {
  const slot = new Int32Array(n).fill(-1);
  const free: number[] = [];
  let count = 0;
  for (const event of events) {
    const call = event >> 1;
    if ((event & 1) === 1) free.push(slot[call]);
    else if (complete[call] !== Number.POSITIVE_INFINITY) slot[call] = free.pop() ?? count++;
  }
  return { slot, count };
}
