/**
 * Something that goes and comes again in turns of the same length, such as a cut that flaps, in real time. What is
 * asked for later never meets what is still under way: changes happen one after another.
 */

interface Change {
  on(): Promise<void>;
  off(): Promise<void>;
}

export class Turns {
  /** Counts beginnings and ends, so that turns know when they are over. */
  #number = 0;
  #last: Promise<void> = Promise.resolve();

  #after(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves when it is on for the first time. With null it stays on. */
  begin(lengthMs: number | null, { on, off }: Change): Promise<void> {
    const number = ++this.#number;
    if (lengthMs !== null) {
      let isOn = true;
      const turn = (): void => {
        if (number !== this.#number) {
          clearInterval(timer);
          return;
        }
        isOn = !isOn;
        // A turn that fails shows in the proof: it was not seen in both states.
        this.#after(async () => {
          if (number === this.#number) await (isOn ? on() : off());
        }).catch(() => {});
      };
      const timer = setInterval(turn, lengthMs).unref();
    }
    return this.#after(on);
  }

  /** Resolves when it is off for good. */
  end(off: () => Promise<void>): Promise<void> {
    this.#number++;
    return this.#after(off);
  }
}
