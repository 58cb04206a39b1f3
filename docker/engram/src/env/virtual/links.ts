/**
 * How long packets take and which of them get lost: the weather of the whole network, and that of single
 * machines' links, which adds to it for all that they send and receive, also from and to clients.
 *
 * Datagrams are lost, repeated and overtaken. A stream (TCP) is neither: what is lost in it comes after the
 * retransmission time-out, which doubles (RFC 6298), and what comes out of order is waited for.
 */
import type { Chance } from './chance.ts';

export interface Weather {
  /** Of one packet, one way. */
  readonly latencyMs: readonly [least: number, most: number];
  /** Shares of the datagrams. */
  readonly loss: number;
  readonly duplication: number;
  /** After this long without an open way in both directions a session is dead. */
  readonly sessionTimeoutMs: number;
}

export const fairWeather: Weather = {
  latencyMs: [0.1, 1],
  loss: 0,
  duplication: 0,
  sessionTimeoutMs: 2000,
};

/** Of the link of one machine, in both directions. */
export interface LinkWeather {
  /** Shares of its packets, 0 to 1. */
  readonly loss: number;
  readonly duplication: number;
  /** This share of the packets takes up to `reorderMs` longer. */
  readonly reordering: number;
  readonly reorderMs: number;
  readonly delayMs: readonly [least: number, most: number];
}

export const fairLink: LinkWeather = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  reorderMs: 50,
  delayMs: [0, 0],
};

const retransmitMs = 200;
const retransmissionsMax = 6;

export class Links {
  weather: Weather;
  readonly #chance: Chance;
  readonly #links = new Map<string, LinkWeather>();

  constructor(weather: Weather, chance: Chance) {
    this.weather = weather;
    this.#chance = chance;
  }

  /** `null`: as the rest of the network. */
  set(machine: string, weather: Partial<LinkWeather> | null): void {
    if (weather === null) this.#links.delete(machine);
    else this.#links.set(machine, { ...fairLink, ...weather });
  }

  latencyMs(): number {
    const [least, most] = this.weather.latencyMs;
    return this.#chance.between(least, most);
  }

  /** For each copy of a datagram that arrives, after how many ms. */
  datagram(from: string, to: string): number[] {
    const { loss, duplication } = this.weather;
    const ends = this.#ends(from, to);
    const copies = this.#happens(duplication, ends, 'duplication') ? 2 : 1;
    const delays: number[] = [];
    for (let i = 0; i < copies; i++) {
      if (!this.#happens(loss, ends, 'loss')) delays.push(this.#delayMs(ends));
    }
    return delays;
  }

  /** After how many ms a part of a stream arrives. */
  stream(from: string, to: string): number {
    const ends = this.#ends(from, to);
    let ms = this.#delayMs(ends);
    if (ends.length === 0) return ms;
    let waitMs = retransmitMs;
    for (let i = 0; i < retransmissionsMax && this.#happens(0, ends, 'loss'); i++) {
      ms += waitMs;
      waitMs *= 2;
    }
    return ms;
  }

  #ends(from: string, to: string): readonly LinkWeather[] {
    if (this.#links.size === 0) return nowhere;
    return [this.#links.get(from), this.#links.get(to)].filter((link) => link !== undefined);
  }

  #happens(share: number, ends: readonly LinkWeather[], what: 'loss' | 'duplication'): boolean {
    // Each link draws for itself, also where another has decided already: one stream of chance.
    let happened = this.#chance.happens(share);
    for (const link of ends) if (this.#chance.happens(link[what])) happened = true;
    return happened;
  }

  #delayMs(ends: readonly LinkWeather[]): number {
    let ms = this.latencyMs();
    for (const { delayMs, reordering, reorderMs } of ends) {
      if (delayMs[1] > 0) ms += this.#chance.between(delayMs[0], delayMs[1]);
      if (this.#chance.happens(reordering)) ms += this.#chance.between(0, reorderMs);
    }
    return ms;
  }
}

const nowhere: readonly LinkWeather[] = [];
