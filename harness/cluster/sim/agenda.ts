/**
 * What is to happen when, as a binary heap by time and order of arrival. Nothing that is done here waits for a
 * promise, so an event costs no turn of the runtime, unlike in the world of whole nodes.
 */

export class Agenda {
  nowMs = 0;
  #order = 0;
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #actions: (() => void)[] = [];

  after(delayMs: number, action: () => void): void {
    const time = this.nowMs + delayMs;
    const order = this.#order++;
    let at = this.#times.length;
    this.#times.push(time);
    this.#orders.push(order);
    this.#actions.push(action);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#times[parent] <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, order, action);
  }

  /** Takes everything that is due until `untilMs`, then stands there. */
  run(untilMs: number): void {
    while (this.#times.length > 0 && this.#times[0] <= untilMs) {
      this.nowMs = this.#times[0];
      const action = this.#actions[0];
      this.#dropFirst();
      action();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #dropFirst(): void {
    const time = this.#times.pop()!;
    const order = this.#orders.pop()!;
    const action = this.#actions.pop()!;
    const size = this.#times.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isBefore(child + 1, child)) child++;
      const childTime = this.#times[child];
      if (time < childTime || (time === childTime && order < this.#orders[child])) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, time, order, action);
  }

  #isBefore(left: number, right: number): boolean {
    const [a, b] = [this.#times[left], this.#times[right]];
    return a < b || (a === b && this.#orders[left] < this.#orders[right]);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from], this.#orders[from], this.#actions[from]);
  }

  #put(at: number, time: number, order: number, action: () => void): void {
    this.#times[at] = time;
    this.#orders[at] = order;
    this.#actions[at] = action;
  }
}
