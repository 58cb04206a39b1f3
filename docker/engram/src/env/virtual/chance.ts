/**
 * Seeded random numbers of a virtual world: splitmix32 (after Steele et al. 2014). One stream for the
 * network and one for each life of each node, so that a node that draws once more does not change the
 * weather for all others. Good enough for schedules; not for secrets.
 */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** Uniform in [least, most). */
  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** Integer, uniform in [0, count). */
  index(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** True in `share` of the cases. Draws nothing where the answer is certain. */
  happens(share: number): boolean {
    if (share <= 0) return false;
    return share >= 1 || this.next() < share;
  }

  /** A stream of its own, which depends on this one's seed and on the name. */
  split(name: string): Chance {
    let hash = (this.#state ^ 0x811c9dc5) >>> 0;
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
    }
    return new Chance(hash);
  }
}
