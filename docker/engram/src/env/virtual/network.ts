/**
 * The virtual network: which way packets go, how long they take, which are lost.
 *
 * Datagrams may be lost, repeated and overtaken. Calls run over one session for each pair of nodes, as
 * in gRPC: requests and answers of a session stay in order and are not lost while the way is open; while it is
 * cut they wait, as TCP would repeat them, and arrive after the heal if the session lives until then
 * (even where the caller has given up by then); the session dies when pings miss for too long. A
 * session is opened only over a way that is open in both directions. Values of calls are handed over
 * as they are, as their bytes would come out again.
 */
import { type RpcBody, RpcError, type RpcHandler } from '../env.ts';
import type { Links } from './links.ts';
import { forget, type Schedule } from './schedule.ts';

/** One end of the network: one life of one node. */
export interface Endpoint {
  readonly id: string;
  alive: boolean;
  /** What happened to a node that sleeps (SIGSTOP), in order; null while it is awake. */
  asleep: (() => void)[] | null;
  /** Told of what the node throws; where nobody is, the world ends with it. */
  readonly onPanic?: (error: unknown) => void;
  onDatagram: ((from: string, bytes: Uint8Array) => void) | null;
  onCall: RpcHandler | null;
}

/** Lets something happen to a node: not when it is dead, and later when it sleeps. */
export function happen(endpoint: Endpoint, run: () => void): void {
  if (!endpoint.alive) return;
  if (endpoint.asleep) {
    endpoint.asleep.push(run);
    return;
  }
  try {
    run();
  } catch (error) {
    if (!endpoint.onPanic) throw error;
    endpoint.onPanic(error);
  }
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
  readonly #links: Links;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #sessions = new Map<string, Session>();
  readonly #cuts = new Set<string>();
  /** By `from>to`: packets that a cut has dropped since it is there. */
  readonly #dropped = new Map<string, number>();
  /** Machines without power: nobody there refuses a connection. */
  readonly #dark = new Set<string>();
  readonly counters = { datagrams: 0, lostDatagrams: 0, calls: 0 };

  constructor(schedule: Schedule, links: Links) {
    this.#schedule = schedule;
    this.#links = links;
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
      if (silently)
        this.#schedule.after(this.#links.weather.sessionTimeoutMs, () => this.#ping(session));
      else this.#break(session, `${endpoint.id} closed the connection`);
    }
  }

  /** One way only: packets of `from` to `to` are dropped. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
    this.#dropped.set(`${from}>${to}`, 0);
    for (const session of this.#sessions.values()) {
      const { from: one, to: other } = session;
      if ((one.id === from && other.id === to) || (one.id === to && other.id === from)) {
        this.#schedule.after(this.#links.weather.sessionTimeoutMs, () => this.#ping(session));
      }
    }
  }

  /** A node fell asleep: it answers no pings. */
  sleeps(endpoint: Endpoint): void {
    for (const session of this.#sessions.values()) {
      if (session.from !== endpoint && session.to !== endpoint) continue;
      this.#schedule.after(this.#links.weather.sessionTimeoutMs, () => this.#ping(session));
    }
  }

  heal(): void {
    this.#cuts.clear();
    this.#dropped.clear();
    for (const session of this.#sessions.values()) this.#release(session);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`);
  }

  /** Packets of `from` that were dropped before `to`; null where nothing is cut. */
  dropped(from: string, to: string): number | null {
    return this.#dropped.get(`${from}>${to}`) ?? null;
  }

  /** Whether a cut drops a packet, which is then counted. */
  #drops(from: string, to: string): boolean {
    if (!this.isCut(from, to)) return false;
    this.#dropped.set(`${from}>${to}`, this.#dropped.get(`${from}>${to}`)! + 1);
    return true;
  }

  /**
   * A packet of the machines' systems, not of their nodes; `arrive` is called for each copy that arrives,
   * when it does. Never where `to` has no power.
   */
  probe(from: string, to: string, arrive: () => void): void {
    for (const delayMs of this.#links.datagram(from, to)) {
      this.#schedule.after(delayMs, () => {
        if (!this.#dark.has(to) && !this.#dark.has(from) && !this.#drops(from, to)) arrive();
      });
    }
  }

  sendDatagram(from: Endpoint, to: string, bytes: Uint8Array): void {
    this.counters.datagrams++;
    const copy = bytes.slice();
    const target = hostOf(to);
    const delaysMs = this.#links.datagram(from.id, target);
    if (delaysMs.length === 0) this.counters.lostDatagrams++;
    for (const delayMs of delaysMs) {
      this.#schedule.after(delayMs, () => {
        if (this.#drops(from.id, target)) {
          this.counters.lostDatagrams++;
          return;
        }
        const peer = this.#endpoints.get(target);
        if (!peer) return;
        happen(peer, () => peer.onDatagram?.(`${from.id}:0`, copy));
      });
    }
  }

  call(
    from: Endpoint,
    address: string,
    method: string,
    body: RpcBody,
    deadlineMs: number,
  ): Promise<RpcBody> {
    this.counters.calls++;
    const to = hostOf(address);
    return new Promise((resolve, reject) => {
      let sent = false;
      let over = false;
      let session: Session | null = null;
      const finish = (act: () => void): void => {
        if (over) return;
        over = true;
        forget(deadline);
        session?.failures.delete(fail);
        happen(from, act);
      };
      const fail = (error: RpcError): void => finish(() => reject(error));
      const deadline = this.#schedule.after(deadlineMs, () => {
        fail(new RpcError('deadline', `${method} to ${to} took over ${deadlineMs} ms`, sent));
      });
      const send = (): void => {
        if (over) return;
        session = this.#session(from, to);
        if (session === null) return;
        sent = true;
        session.failures.add(fail);
        this.#request(session, method, body, (answer) => finish(() => resolve(answer)), fail);
      };
      if (this.#sessions.has(`${from.id}>${to}`)) return send();
      if (this.isCut(from.id, to) || this.isCut(to, from.id) || this.#dark.has(to)) return;
      const handshakeMs = this.#links.stream(from.id, to) + this.#links.stream(to, from.id);
      this.#schedule.after(handshakeMs, () => {
        if (this.#endpoints.has(to)) send();
        else fail(new RpcError('refused', `${method} to ${to}: connection refused`, false));
      });
    });
  }

  #request(
    session: Session,
    method: string,
    body: RpcBody,
    resolve: (answer: RpcBody) => void,
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
          if (session.to.alive) this.#carry(session, false, () => resolve(answer));
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
    if (this.#drops(from, to) || session.held.some((packet) => packet.forth === forth)) {
      session.held.push({ forth, deliver });
      return;
    }
    const direction = forth ? 'forth' : 'back';
    const { nowMs } = this.#schedule;
    const arrives = Math.max(session.arrivesMs[direction], nowMs + this.#links.stream(from, to));
    session.arrivesMs[direction] = arrives;
    this.#schedule.after(arrives - nowMs, () => {
      if (session.broken) return;
      if (this.#drops(from, to)) session.held.push({ forth, deliver });
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
    this.#schedule.after(this.#links.latencyMs(), () => {
      for (const fail of failures) {
        fail(new RpcError('unreachable', `call to ${to.id}: ${reason}`, true));
      }
    });
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}
