/**
 * The event queue of a virtual world: a binary heap by time, and by order of arrival within one
 * instant. What is far off waits outside of it, since most of that is a time-out which is
 * forgotten before it comes. All microtasks that an event sets off are run before the next event is taken, so
 * promises inside the core never race with the queue.
 */

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: () => void;
}

/** Something that is to happen. */
export type Planned = Pick<Event, 'run'>;

const nothing = (): void => {};
const settled = Promise.resolve();

/** It will not happen. Its place in the queue stays, and keeps nothing in memory. */
export function forget(planned: Planned): void {
  planned.run = nothing;
}

function before(left: Event, right: Event): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/**
 * So many events are taken without a turn of the runtime's loop, which is what lets signals and the
 * terminal in.
 */
const eventsPerTurn = 1024;

/** What is further off than that waits in slots of that length until one of them comes. */
const slotMs = 256;

export class Schedule {
  #heap: Event[] = [];
  /** By number of the slot, all of which are beyond `#slot`. */
  readonly #far = new Map<number, Event[]>();
  /** The last slot of which the events are in the heap. */
  #slot = 0;
  #order = 0;
  #running = false;
  nowMs = 0;
  /** Events taken so far: equal in two runs of one seed. */
  taken = 0;

  after(delayMs: number, run: () => void): Planned {
    const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0;
    const event = { atMs: this.nowMs + delay, order: this.#order++, run };
    const slot = Math.floor(event.atMs / slotMs);
    if (slot <= this.#slot) this.#push(event);
    else this.#putOff(slot, event);
    return event;
  }

  #putOff(slot: number, event: Event): void {
    const waiting = this.#far.get(slot);
    if (waiting) waiting.push(event);
    else this.#far.set(slot, [event]);
  }

  /** Brings in the slots that begin before the first event of the heap; any, where it is empty. */
  #bringIn(): void {
    while (this.#far.size > 0) {
      const first = this.#heap[0];
      if (first && first.atMs < (this.#slot + 1) * slotMs) return;
      this.#slot++;
      const waiting = this.#far.get(this.#slot);
      if (!waiting) continue;
      this.#far.delete(this.#slot);
      for (const event of waiting) if (event.run !== nothing) this.#push(event);
    }
  }

  /** Takes all events up to `untilMs`, then stands there. Throws what an event throws. */
  async run(untilMs: number): Promise<void> {
    await this.#take((event) => event.atMs <= untilMs);
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Takes events as long as `wanted` says so and there are some. Throws what an event throws. */
  drive(wanted: () => boolean): Promise<void> {
    return this.#take(wanted);
  }

  /**
   * The runtime empties its queue of microtasks before it takes the next tick, also a tick that a
   * microtask has asked for. So a tick is the point at which nothing of the event before is left,
   * and costs a hundredth of a turn of the runtime's loop.
   */
  #take(wanted: (event: Event) => boolean): Promise<void> {
    if (this.#running) {
      return Promise.reject(new Error('the world already runs: await its run() before the next'));
    }
    this.#running = true;
    return new Promise((resolve, reject) => {
      let left = eventsPerTurn;
      const next = (): void => process.nextTick(step);
      const step = (): void => {
        try {
          if (!this.#one(wanted)) {
            this.#running = false;
            resolve();
            return;
          }
        } catch (error) {
          this.#running = false;
          reject(error);
          return;
        }
        // A reaction to a promise costs less than queueMicrotask, which tells async hooks of itself.
        if (--left > 0) void settled.then(next);
        else {
          left = eventsPerTurn;
          setImmediate(step);
        }
      };
      // What has been set off since the last run comes first.
      setImmediate(step);
    });
  }

  /** Takes one event that does something; false where there is none. What was forgotten needs no tick. */
  #one(wanted: (event: Event) => boolean): boolean {
    for (;;) {
      this.#bringIn();
      const event = this.#heap[0];
      if (!event || !wanted(event)) return false;
      this.#pop();
      this.nowMs = event.atMs;
      this.taken++;
      if (event.run === nothing) continue;
      event.run();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent], event)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (before(last, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}
