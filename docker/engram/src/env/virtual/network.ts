/**
 * The virtual network: which way packets go, how long they take, which are lost.
 *
 * Datagrams may be lost, repeated and overtaken. Calls run over one session for each pair of nodes, as
 * in gRPC: requests and answers of a session stay in order and are not lost while the way is open; while it is
 * cut they wait, as TCP would repeat them, and arrive after the heal if the session lives until then
 * (even where the caller has given up by then); the session dies when pings miss for too long. A
 * session is opened only over a way that is open in both directions.
 */
import { RpcError } from '../env.ts';
import type { Chance } from './chance.ts';
import type { Schedule } from './schedule.ts';

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

export type Handler = (method: string, body: Uint8Array) => Promise<Uint8Array>;

/** One end of the network: one life of one node. */
export interface Endpoint {
  readonly id: string;
  alive: boolean;
  /** What happened to a node that sleeps (SIGSTOP), in order; null while it is awake. */
  asleep: (() => void)[] | null;
  onDatagram: ((from: string, bytes: Uint8Array) => void) | null;
  onCall: Handler | null;
}

/** Lets something happen to a node: not when it is dead, and later when it sleeps. */
export function happen(endpoint: Endpoint, run: () => void): void {
  if (!endpoint.alive) return;
  if (endpoint.asleep) endpoint.asleep.push(run);
  else run();
}

interface Session {
  readonly from: Endpoint;
  readonly to: Endpoint;
  broken: boolean;
  readonly failures: Set<(error: RpcError) => void>;
  /** When the last packet of each direction arrives: none overtakes it. */
  readonly arrivesMs: { forth: number; back: number };
  /** Packets that wait for the way to open. */
  readonly held: { readonly forth: boolean; readonly deliver: () => void }[];
}

export class VirtualNetwork {
  readonly #schedule: Schedule;
  readonly #chance: Chance;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #sessions = new Map<string, Session>();
  readonly #cuts = new Set<string>();
  /** Machines without power: nobody there refuses a connection. */
  readonly #dark = new Set<string>();
  weather: Weather;
  readonly counters = { datagrams: 0, lostDatagrams: 0, calls: 0, callBytes: 0 };

  constructor(schedule: Schedule, chance: Chance, weather: Weather) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.weather = weather;
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.id, endpoint);
    this.#dark.delete(endpoint.id);
  }

  /**
   * The node died. The kernel of its machine resets its sessions; where the machine went with it
   * (`silently`), peers find out by their pings.
   */
  detach(endpoint: Endpoint, silently: boolean): void {
    endpoint.alive = false;
    this.#endpoints.delete(endpoint.id);
    if (silently) this.#dark.add(endpoint.id);
    for (const session of [...this.#sessions.values()]) {
      if (session.from !== endpoint && session.to !== endpoint) continue;
      if (silently) this.#schedule.after(this.weather.sessionTimeoutMs, () => this.#ping(session));
      else this.#break(session, `${endpoint.id} closed the connection`);
    }
  }

  /** One way only: packets of `from` to `to` are dropped. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
    for (const session of this.#sessions.values()) {
      const { from: one, to: other } = session;
      if ((one.id === from && other.id === to) || (one.id === to && other.id === from)) {
        this.#schedule.after(this.weather.sessionTimeoutMs, () => this.#ping(session));
      }
    }
  }

  /** A node fell asleep: it answers no pings. */
  sleeps(endpoint: Endpoint): void {
    for (const session of this.#sessions.values()) {
      if (session.from !== endpoint && session.to !== endpoint) continue;
      this.#schedule.after(this.weather.sessionTimeoutMs, () => this.#ping(session));
    }
  }

  heal(): void {
    this.#cuts.clear();
    for (const session of this.#sessions.values()) this.#release(session);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  sendDatagram(from: Endpoint, to: string, bytes: Uint8Array): void {
    this.counters.datagrams++;
    const copy = bytes.slice();
    const target = hostOf(to);
    const copies = this.#chance.happens(this.weather.duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.isCut(from.id, target) || this.#chance.happens(this.weather.loss)) {
        this.counters.lostDatagrams++;
        continue;
      }
      this.#schedule.after(this.#latencyMs(), () => {
        const peer = this.#endpoints.get(target);
        if (!peer || this.isCut(from.id, target)) return;
        happen(peer, () => peer.onDatagram?.(`${from.id}:0`, copy));
      });
    }
  }

  call(
    from: Endpoint,
    address: string,
    method: string,
    body: Uint8Array,
    deadlineMs: number,
  ): Promise<Uint8Array> {
    this.counters.calls++;
    this.counters.callBytes += body.length;
    const to = hostOf(address);
    const copy = body.slice();
    return new Promise((resolve, reject) => {
      let sent = false;
      let over = false;
      let session: Session | null = null;
      const finish = (act: () => void): void => {
        if (over) return;
        over = true;
        session?.failures.delete(fail);
        happen(from, act);
      };
      const fail = (error: RpcError): void => finish(() => reject(error));
      this.#schedule.after(deadlineMs, () =>
        fail(new RpcError('deadline', `${method} to ${to} took over ${deadlineMs} ms`, sent)),
      );
      const send = (): void => {
        if (over) return;
        session = this.#session(from, to);
        if (session === null) return;
        sent = true;
        session.failures.add(fail);
        this.#request(session, method, copy, (answer) => finish(() => resolve(answer)), fail);
      };
      if (this.#sessions.has(`${from.id}>${to}`)) return send();
      if (this.isCut(from.id, to) || this.isCut(to, from.id) || this.#dark.has(to)) return;
      this.#schedule.after(2 * this.#latencyMs(), () => {
        if (this.#endpoints.has(to)) send();
        else fail(new RpcError('refused', `${method} to ${to}: connection refused`, false));
      });
    });
  }

  #request(
    session: Session,
    method: string,
    body: Uint8Array,
    resolve: (answer: Uint8Array) => void,
    fail: (error: RpcError) => void,
  ): void {
    const remote = (reason: string): void =>
      fail(new RpcError('remote', `${method} to ${session.to.id}: ${reason}`, true));
    const arrive = (): void => {
      const handler = session.to.onCall;
      if (handler === null) {
        this.#carry(session, false, () => remote('the node is starting'));
        return;
      }
      handler(method, body).then(
        (answer) => {
          const copy = answer.slice();
          if (session.to.alive) this.#carry(session, false, () => resolve(copy));
        },
        (error: unknown) => {
          if (session.to.alive) this.#carry(session, false, () => remote(String(error)));
        },
      );
    };
    this.#carry(session, true, () => happen(session.to, arrive));
  }

  #session(from: Endpoint, to: string): Session | null {
    const key = `${from.id}>${to}`;
    const open = this.#sessions.get(key);
    if (open) return open;
    const peer = this.#endpoints.get(to);
    if (!peer || this.isCut(from.id, to) || this.isCut(to, from.id)) return null;
    const session: Session = {
      from,
      to: peer,
      broken: false,
      failures: new Set(),
      arrivesMs: { forth: 0, back: 0 },
      held: [],
    };
    this.#sessions.set(key, session);
    return session;
  }

  #carry(session: Session, forth: boolean, deliver: () => void): void {
    if (session.broken) return;
    const [from, to] = forth ? [session.from.id, session.to.id] : [session.to.id, session.from.id];
    if (this.isCut(from, to) || session.held.some((packet) => packet.forth === forth)) {
      session.held.push({ forth, deliver });
      return;
    }
    const direction = forth ? 'forth' : 'back';
    const { nowMs } = this.#schedule;
    const arrives = Math.max(session.arrivesMs[direction], nowMs + this.#latencyMs());
    session.arrivesMs[direction] = arrives;
    this.#schedule.after(arrives - nowMs, () => {
      if (session.broken) return;
      if (this.isCut(from, to)) session.held.push({ forth, deliver });
      else deliver();
    });
  }

  #release(session: Session): void {
    const held = session.held.splice(0);
    for (const { forth, deliver } of held) this.#carry(session, forth, deliver);
  }

  #ping(session: Session): void {
    if (session.broken) return;
    const { from, to } = session;
    const whole = !this.isCut(from.id, to.id) && !this.isCut(to.id, from.id);
    const awake = from.asleep === null && to.asleep === null;
    if (whole && awake && from.alive && to.alive) return;
    this.#break(session, 'pings are not answered');
  }

  #break(session: Session, reason: string): void {
    session.broken = true;
    session.held.length = 0;
    const { from, to } = session;
    if (this.#sessions.get(`${from.id}>${to.id}`) === session) {
      this.#sessions.delete(`${from.id}>${to.id}`);
    }
    const failures = [...session.failures];
    this.#schedule.after(this.#latencyMs(), () => {
      for (const fail of failures) {
        fail(new RpcError('unreachable', `call to ${to.id}: ${reason}`, true));
      }
    });
  }

  #latencyMs(): number {
    const [least, most] = this.weather.latencyMs;
    return this.#chance.between(least, most);
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}
