/**
 * In which order members are probed: at random, round robin (SWIM section 4.3), so that each is probed once in a
 * round. Who joins comes to a random place in the round that is going on; at its end it might be a minute late.
 */
import type { Random } from './protocol.ts';

/** Clusters up to this many peers probe each of them once in an interval. */
export const smallPeers = 4;

/** Reorders `ids`. */
export function shuffled(ids: string[], random: Random): string[] {
  for (let i = ids.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  return ids;
}

export class ProbeOrder {
  readonly #random: Random;
  #ids: string[] = [];
  /** Some of the members may not be worth probing any more. */
  #isOld = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A member has changed; `joins`: it was not worth probing before, and now is. */
  changed(id: string, joins: boolean, members: number): void {
    this.#isOld = true;
    if (!joins || members <= smallPeers || this.#ids.length === 0 || this.#ids.includes(id)) return;
    this.#ids.splice(Math.floor(this.#random() * (this.#ids.length + 1)), 0, id);
  }

  /** Who is next. `near`: ids of all that are worth probing now. */
  next(near: readonly string[]): string | undefined {
    if (this.#isOld) {
      const known = new Set(near);
      this.#ids = this.#ids.filter((id) => known.has(id));
      this.#isOld = false;
    }
    if (this.#ids.length === 0) this.#ids = shuffled([...near], this.#random);
    const id = this.#ids.shift();
    // A small cluster keeps its order, so that no probe of a member is later than an interval.
    if (id !== undefined && near.length <= smallPeers) {
      this.#ids.push(id, ...near.filter((each) => each !== id && !this.#ids.includes(each)));
    }
    return id;
  }
}
