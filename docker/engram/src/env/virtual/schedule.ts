/**
 * The event queue of a virtual world: a binary heap by time, and by order of arrival within one
 * instant. All microtasks that an event sets off are run before the next event is taken, so
 * promises inside the core never race with the queue.
 */

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

function before(left: Event, right: Event): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** A turn of the runtime's loop comes only when no microtask is left. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Schedule {
  #heap: Event[] = [];
  #order = 0;
  #running = false;
  nowMs = 0;
  /** Events taken so far: equal in two runs of one seed. */
  taken = 0;

  after(delayMs: number, run: () => void): void {
    const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0;
    this.#push({ atMs: this.nowMs + delay, order: this.#order++, run });
  }

  /** Takes all events up to `untilMs`, then stands there. Throws what an event throws. */
  async run(untilMs: number): Promise<void> {
    if (this.#running) throw new Error('the world already runs: await its run() before the next');
    this.#running = true;
    try {
      // What the test itself has set off since the last run.
      await microtasksDone();
      for (let event = this.#heap[0]; event && event.atMs <= untilMs; event = this.#heap[0]) {
        this.#pop();
        this.nowMs = event.atMs;
        this.taken++;
        event.run();
        await microtasksDone();
      }
      this.nowMs = Math.max(this.nowMs, untilMs);
    } finally {
      this.#running = false;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
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
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
