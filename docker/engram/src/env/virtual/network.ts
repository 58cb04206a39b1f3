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
import { type RpcBody, rpcBytes } from '../env.ts';
import { Call, type Endpoint, happen, type Packet, type Session } from './calls.ts';
import type { Links } from './links.ts';
import { forget, type Schedule } from './schedule.ts';

/** What a packet has besides its content: headers of IP and TCP or UDP. */
const packetBytes = 60;
/** Packets that try the way are of that size. */
const probeBytes = 1000;
const emptyPacket = (): number => packetBytes;
const noBody = new Uint8Array();

export class VirtualNetwork {
  readonly #schedule: Schedule;
  readonly #links: Links;
  readonly #endpoints = new Map<string, Endpoint>();
  /** In the order in which they were opened. */
  readonly #sessions = new Set<Session>();
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
    for (const session of [...this.#sessions]) {
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
    for (const session of this.#sessions) {
      const { from: one, to: other } = session;
      if ((one.id === from && other.id === to) || (one.id === to && other.id === from)) {
        this.#schedule.after(this.#links.weather.sessionTimeoutMs, () => this.#ping(session));
      }
    }
  }

  /** A node fell asleep: it answers no pings. */
  sleeps(endpoint: Endpoint): void {
    for (const session of this.#sessions) {
      if (session.from !== endpoint && session.to !== endpoint) continue;
      this.#schedule.after(this.#links.weather.sessionTimeoutMs, () => this.#ping(session));
    }
  }

  heal(): void {
    this.#cuts.clear();
    this.#dropped.clear();
    for (const session of this.#sessions) this.#release(session);
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
    for (const delayMs of this.#links.datagram(from, to, probeBytes)) {
      this.#schedule.after(delayMs, () => {
        if (!this.#dark.has(to) && !this.#dark.has(from) && !this.#drops(from, to)) arrive();
      });
    }
  }

  sendDatagram(from: Endpoint, to: string, bytes: Uint8Array): void {
    this.counters.datagrams++;
    const copy = bytes.slice();
    const target = hostOf(to);
    const delaysMs = this.#links.datagram(from.id, target, packetBytes + bytes.length);
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
      const call = new Call(from, to, method, body, resolve, reject);
      call.deadline = this.#schedule.after(deadlineMs, () => {
        call.fail('deadline', `took over ${deadlineMs} ms`);
      });
      const open = from.sessions.get(to);
      if (open) this.#request(open, call);
      else this.#connect(call);
    });
  }

  /** Nothing is heard of it where the way is cut, or nobody is there to refuse it. */
  #connect(call: Call): void {
    const { from, to } = call;
    if (this.isCut(from.id, to) || this.isCut(to, from.id) || this.#dark.has(to)) return;
    const there = this.#links.stream(from.id, to, emptyPacket);
    const handshakeMs = there + this.#links.stream(to, from.id, emptyPacket);
    this.#schedule.after(handshakeMs, () => {
      if (call.over) return;
      if (!this.#endpoints.has(to)) return call.fail('refused', 'connection refused');
      const session = this.#session(from, to);
      if (session) this.#request(session, call);
    });
  }

  #request(session: Session, call: Call): void {
    call.session = session;
    session.calls.add(call);
    const arrive = (): void => happen(session.to, () => this.#arrive(session, call));
    this.#carry(session, true, call.body, arrive);
  }

  #arrive(session: Session, call: Call): void {
    const handler = session.to.onCall;
    if (handler === null) {
      const starting = (): void => call.fail('remote', 'the node is starting');
      this.#carry(session, false, noBody, starting);
      return;
    }
    handler(call.method, call.body).then(
      (answer) => {
        if (session.to.alive) this.#carry(session, false, answer, () => call.answer(answer));
      },
      (error: unknown) => {
        const failed = (): void => call.fail('remote', String(error));
        if (session.to.alive) this.#carry(session, false, noBody, failed);
      },
    );
  }

  #session(from: Endpoint, to: string): Session | null {
    const open = from.sessions.get(to);
    if (open) return open;
    const peer = this.#endpoints.get(to);
    if (!peer || this.isCut(from.id, to) || this.isCut(to, from.id)) return null;
    const session: Session = {
      from,
      to: peer,
      broken: false,
      calls: new Set(),
      arrivesMs: { forth: 0, back: 0 },
      held: [],
      queued: [],
    };
    this.#sessions.add(session);
    from.sessions.set(to, session);
    return session;
  }

  #carry(session: Session, forth: boolean, body: RpcBody, deliver: () => void): void {
    if (session.broken) return;
    const [from, to] = forth ? [session.from, session.to] : [session.to, session.from];
    const packet: Packet = { forth, body, deliver };
    const waits = session.held.length > 0 && session.held.some((held) => held.forth === forth);
    if (this.#drops(from.id, to.id) || waits) {
      session.held.push(packet);
      return;
    }
    const direction = forth ? 'forth' : 'back';
    const { nowMs } = this.#schedule;
    const bytes = (): number => packetBytes + rpcBytes(body).length;
    const comes = nowMs + this.#links.stream(from.id, to.id, bytes);
    const arrives = Math.max(session.arrivesMs[direction], comes);
    session.arrivesMs[direction] = arrives;
    const isQueued = this.#links.isNarrow(from.id, to.id);
    const arrival = this.#schedule.after(arrives - nowMs, () => {
      if (session.broken) return;
      if (isQueued) {
        const place = session.queued.findIndex((each) => each.packet === packet);
        session.queued.splice(place, 1);
      }
      if (this.#drops(from.id, to.id)) session.held.push(packet);
      // Half open: the machine was without power, is there again and knows nothing of this session.
      else if (!to.alive && !this.#dark.has(to.id)) this.#break(session, 'connection reset');
      else deliver();
    });
    if (isQueued) session.queued.push({ packet, arrival });
  }

  /** The weather has changed: what waits before a link that was narrow goes at the new pace. */
  requeue(): void {
    for (const session of this.#sessions) {
      if (session.queued.length === 0) continue;
      const queued = session.queued.splice(0);
      session.arrivesMs.forth = session.arrivesMs.back = this.#schedule.nowMs;
      for (const { packet, arrival } of queued) {
        forget(arrival);
        this.#carry(session, packet.forth, packet.body, packet.deliver);
      }
    }
  }

  #release(session: Session): void {
    const held = session.held.splice(0);
    for (const { forth, body, deliver } of held) this.#carry(session, forth, body, deliver);
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
    session.queued.length = 0;
    this.#sessions.delete(session);
    session.from.sessions.delete(session.to.id);
    const calls = [...session.calls];
    this.#schedule.after(this.#links.latencyMs(), () => {
      for (const call of calls) call.fail('unreachable', reason);
    });
  }
}

/** Of the few addresses that there are: looking one up costs less than cutting it. */
const hosts = new Map<string, string>();
const hostsMax = 4096;

function hostOf(address: string): string {
  const known = hosts.get(address);
  if (known !== undefined) return known;
  const host = address.slice(0, address.lastIndexOf(':'));
  if (hosts.size >= hostsMax) hosts.clear();
  hosts.set(address, host);
  return host;
}
