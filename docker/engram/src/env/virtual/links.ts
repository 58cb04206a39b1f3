/**
 * How long packets take and which of them get lost: the weather of the whole network, and that of single
 * machines' links, which adds to it for all that they send and receive, also from and to clients.
 *
 * A link that is narrow takes one packet after the other, each as long as its bytes take; what finds too long a
 * queue before it is lost, unless it belongs to a stream.
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
  /** How much it takes, one way. */
  readonly bytesPerMs: number;
}

const fairLink: LinkWeather = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  reorderMs: 50,
  delayMs: [0, 0],
  bytesPerMs: Number.POSITIVE_INFINITY,
};

/** A link of one machine: its weather, and until when it is busy with what it has taken, each way. */
interface Link {
  readonly weather: LinkWeather;
  busyUntilMs: { out: number; in: number };
}

/** What would wait longer than that before a narrow link is dropped there. */
const queueMsMax = 1000;
const retransmitMs = 200;
const retransmissionsMax = 6;

export class Links {
  weather: Weather;
  readonly #chance: Chance;
  readonly #nowMs: () => number;
  readonly #links = new Map<string, Link>();

  constructor(weather: Weather, chance: Chance, nowMs: () => number) {
    this.weather = weather;
    this.#chance = chance;
    this.#nowMs = nowMs;
  }

  /** `null`: as the rest of the network. */
  set(machine: string, weather: Partial<LinkWeather> | null): void {
    if (weather === null) this.#links.delete(machine);
    else {
      const busyUntilMs = { out: this.#nowMs(), in: this.#nowMs() };
      this.#links.set(machine, { weather: { ...fairLink, ...weather }, busyUntilMs });
    }
  }

  latencyMs(): number {
    const [least, most] = this.weather.latencyMs;
    return this.#chance.between(least, most);
  }

  /** For each copy of a datagram that arrives, after how many ms. */
  datagram(from: string, to: string, bytes: number): number[] {
    const { loss, duplication } = this.weather;
    const ends = this.#ends(from, to);
    const copies = this.#happens(duplication, ends, 'duplication') ? 2 : 1;
    const delays: number[] = [];
    for (let i = 0; i < copies; i++) {
      if (this.#happens(loss, ends, 'loss')) continue;
      const delayMs = this.#delayMs(ends);
      if (!isNarrow(ends)) delays.push(delayMs);
      else if (this.#queueMs(from, to) <= queueMsMax) {
        delays.push(delayMs + this.#pass(from, to, bytes));
      }
    }
    return delays;
  }

  /** After how many ms a part of a stream arrives. Its size is asked for only where that matters. */
  stream(from: string, to: string, bytes: () => number): number {
    const ends = this.#ends(from, to);
    let ms = this.#delayMs(ends);
    if (ends.length === 0) return ms;
    if (isNarrow(ends)) ms += this.#pass(from, to, bytes());
    let waitMs = retransmitMs;
    for (let i = 0; i < retransmissionsMax && this.#happens(0, ends, 'loss'); i++) {
      ms += waitMs;
      waitMs *= 2;
    }
    return ms;
  }

  #ends(from: string, to: string): readonly LinkWeather[] {
    if (this.#links.size === 0) return nowhere;
    const ends: LinkWeather[] = [];
    for (const machine of [from, to]) {
      const link = this.#links.get(machine);
      if (link !== undefined) ends.push(link.weather);
    }
    return ends;
  }

  /** Whether packets queue up between the two. */
  isNarrow(from: string, to: string): boolean {
    return isNarrow(this.#ends(from, to));
  }

  /** How long a packet waits until both links are free for it. */
  #queueMs(from: string, to: string): number {
    const now = this.#nowMs();
    const out = this.#links.get(from)?.busyUntilMs.out ?? now;
    const into = this.#links.get(to)?.busyUntilMs.in ?? now;
    return Math.max(0, out - now) + Math.max(0, into - now);
  }

  /** Puts a packet into the queues of both links; returns how long it takes until it is through. */
  #pass(from: string, to: string, bytes: number): number {
    const now = this.#nowMs();
    let ms = 0;
    for (const [machine, way] of [[from, 'out'] as const, [to, 'in'] as const]) {
      const link = this.#links.get(machine);
      if (link === undefined) continue;
      const { busyUntilMs, weather } = link;
      busyUntilMs[way] = Math.max(now, busyUntilMs[way]) + bytes / weather.bytesPerMs;
      ms += busyUntilMs[way] - now;
    }
    return ms;
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

function isNarrow(ends: readonly LinkWeather[]): boolean {
  for (const { bytesPerMs } of ends) if (bytesPerMs < Number.POSITIVE_INFINITY) return true;
  return false;
}
