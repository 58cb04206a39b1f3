/**
 * A world in which nodes run without sockets, files and clocks: one event queue, one virtual network, one
 * disk and one clock for each node. One seed gives one history, event for event.
 *
 * A node's id is its host name here: its addresses are `id:port`, whatever the port.
 *
 *     const world = new VirtualWorld(7);
 *     const env = world.node('n1');          // first life
 *     world.crash('n1', { power: true });    // what was not synced is gone
 *     const again = world.restart('n1');     // same disk, new life
 *     world.cut('n1', 'n2');                 // one way
 *     const answer = world.http('n1', get('/health'));
 *     await world.run(world.nowMs + 500);
 *
 * Crashed nodes do nothing any more: their timers, calls and disk operations never complete.
 * Not in here: bandwidth, slow processors, broken packets.
 */
import type { Env, HttpRequest, HttpResponse, Timer } from './env.ts';
import { type Endpoint, happen } from './virtual/calls.ts';
import { Chance } from './virtual/chance.ts';
import { ClientConnection } from './virtual/clients.ts';
import { VirtualDisk } from './virtual/disk.ts';
import { fairWeather, Links, type LinkWeather, type Weather } from './virtual/links.ts';
import {
  aheadMs,
  type ClockError,
  ConnectionLost,
  type Life,
  type Machine,
} from './virtual/machine.ts';
import { VirtualNetwork } from './virtual/network.ts';
import { forget, type Planned, Schedule } from './virtual/schedule.ts';

export { type ClientConnection, type ClockError, ConnectionLost, type LinkWeather };

/** Wall clock of a node without skew at the beginning of the world: 2026-01-01T00:00:00Z. */
export const beganAtMs = 1_767_225_600_000;

export interface LogLine {
  readonly atMs: number;
  readonly node: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class VirtualWorld {
  readonly #schedule = new Schedule();
  readonly #chance: Chance;
  readonly #links: Links;
  readonly #network: VirtualNetwork;
  readonly #machines = new Map<string, Machine>();
  /** All that nodes logged, in order. */
  readonly logs: LogLine[] = [];

  constructor(seed: number, weather: Partial<Weather> = {}) {
    this.#chance = new Chance(seed);
    const chance = this.#chance.split('network');
    const weatherNow = { ...fairWeather, ...weather };
    this.#links = new Links(weatherNow, chance, () => this.#schedule.nowMs);
    this.#network = new VirtualNetwork(this.#schedule, this.#links);
  }

  get nowMs(): number {
    return this.#schedule.nowMs;
  }

  /** Events so far; with `nowMs` a cheap fingerprint of a run. */
  get events(): number {
    return this.#schedule.taken;
  }

  get counters(): Readonly<VirtualNetwork['counters']> {
    return this.#network.counters;
  }

  /** Runs until `untilMs`. Rejects with whatever an event of the world throws. */
  run(untilMs: number): Promise<void> {
    return this.#schedule.run(untilMs);
  }

  /** Goes on as long as `wanted` says so. Rejects with whatever an event of the world throws. */
  drive(wanted: () => boolean): Promise<void> {
    return this.#schedule.drive(wanted);
  }

  /** For clients and schedules inside the world. */
  after(delayMs: number, fn: () => void): { cancel(): void } {
    const planned = this.#schedule.after(delayMs, fn);
    return { cancel: () => forget(planned) };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#schedule.after(delayMs, resolve));
  }

  /** The weather from now on. */
  setWeather(weather: Partial<Weather>): void {
    this.#links.weather = { ...this.#links.weather, ...weather };
  }

  /** The weather of one machine's link, on top of that; null: as the others. */
  setLink(id: string, weather: Partial<LinkWeather> | null): void {
    this.#links.set(id, weather);
    this.#network.requeue();
  }

  cut(from: string, to: string): void {
    this.#network.cut(from, to);
  }

  /** Cuts both ways between every two nodes of different groups. */
  partition(...groups: readonly (readonly string[])[]): void {
    for (const group of groups) {
      for (const other of groups) {
        if (group === other) continue;
        for (const from of group) for (const to of other) this.cut(from, to);
      }
    }
  }

  heal(): void {
    this.#network.heal();
  }

  /** Packets of `from` that a cut has dropped before `to` so far; null where nothing is cut. */
  dropped(from: string, to: string): number | null {
    return this.#network.dropped(from, to);
  }

  /** One packet between the systems of two machines; `arrive` is called for each copy of it. */
  probe(from: string, to: string, arrive: () => void): void {
    this.#network.probe(from, to, arrive);
  }

  /** By how much the wall clock of a node is off. */
  skew(id: string, skewMs: number): void {
    this.setClock(id, { offsetMs: skewMs, driftPpm: 0 });
  }

  /** The wall clock of a node is wrong from now on; its monotonic clock never is. */
  setClock(id: string, error: ClockError): void {
    this.#machine(id).clock = { ...error, sinceMs: this.nowMs };
  }

  /** By how many ms the wall clock of a node is ahead at present. */
  clockAheadMs(id: string): number {
    return aheadMs(this.#machine(id), this.nowMs);
  }

  disk(id: string): VirtualDisk {
    return this.#machine(id).disk;
  }

  /** Whether the machine runs, with or without its node. */
  powered(id: string): boolean {
    const { life, lastEnd } = this.#machine(id);
    return life !== null || lastEnd === 'killed';
  }

  up(id: string): boolean {
    return this.#machine(id).life !== null;
  }

  /** A machine with an empty disk, and the first life of its node. `onPanic` as in `restart`. */
  node(id: string, onPanic?: (error: unknown) => void): Env {
    if (this.#machines.has(id)) throw new Error(`${id} exists already: restart it`);
    const disk = new VirtualDisk(this.#chance.split(`disk ${id}`));
    const clock = { offsetMs: 0, driftPpm: 0, sinceMs: 0 };
    this.#machines.set(id, { disk, lives: 0, life: null, lastEnd: null, clock });
    return this.restart(id, onPanic);
  }

  /** `power: false` is kill -9: the disk keeps what was written. */
  crash(id: string, options: { readonly power: boolean }): void {
    const machine = this.#machine(id);
    const { life } = machine;
    if (!life) return;
    machine.life = null;
    machine.lastEnd = life.ended = options.power ? 'without-power' : 'killed';
    this.#network.detach(life.endpoint, options.power);
    machine.disk.crash(options.power);
    for (const lose of [...life.waiting]) lose(new ConnectionLost('reset', id), options.power);
  }

  /** SIGSTOP: what happens to the node from now on happens when it wakes, all at once. */
  pause(id: string): void {
    const { life } = this.#machine(id);
    if (!life || life.endpoint.asleep) return;
    life.endpoint.asleep = [];
    this.#network.sleeps(life.endpoint);
  }

  resume(id: string): void {
    const { life } = this.#machine(id);
    const missed = life?.endpoint.asleep ?? [];
    if (life) life.endpoint.asleep = null;
    for (const run of missed) this.#schedule.after(0, () => life && happen(life.endpoint, run));
  }

  /** A new life on the same disk. `onPanic` is told of what the node throws; else the world ends. */
  restart(id: string, onPanic?: (error: unknown) => void): Env {
    const machine = this.#machine(id);
    if (machine.life) throw new Error(`${id} is running: crash it first`);
    machine.lives++;
    const handlers = { onDatagram: null, onCall: null, onPanic };
    const sessions = new Map();
    const endpoint: Endpoint = { id, alive: true, asleep: null, sessions, ...handlers };
    const life: Life = { endpoint, onHttp: null, waiting: new Set(), ended: null };
    machine.life = life;
    this.#network.attach(endpoint);
    return this.#env(id, machine, life);
  }

  /** A client's connection to a node, over the same network as all. */
  connect(id: string): ClientConnection {
    return new ClientConnection(id, this.#machine(id), this.#links, this.#schedule);
  }

  /** What a client beside the node sends it, whom no weather touches. Rejects with ConnectionLost. */
  http(id: string, request: HttpRequest): Promise<HttpResponse> {
    const { life } = this.#machine(id);
    return new Promise((resolve, reject) => {
      const lose = (error: ConnectionLost): void => {
        life?.waiting.delete(lose);
        this.#schedule.after(0, () => reject(error));
      };
      if (!life?.onHttp) return lose(new ConnectionLost('refused', id));
      life.waiting.add(lose);
      const handler = life.onHttp;
      const arrive = (): void => {
        handler(request).then(
          (answer) => {
            if (!life.waiting.delete(lose)) return;
            this.#schedule.after(0.1, () => resolve(answer));
          },
          (error) => {
            if (life.waiting.delete(lose)) this.#schedule.after(0.1, () => reject(error));
          },
        );
      };
      this.#schedule.after(0.1, () => happen(life.endpoint, arrive));
    });
  }

  #machine(id: string): Machine {
    const machine = this.#machines.get(id);
    if (!machine) throw new Error(`there is no node ${id} in this world`);
    return machine;
  }

  #env(id: string, machine: Machine, life: Life): Env {
    const { endpoint } = life;
    const chance = this.#chance.split(`node ${id} life ${machine.lives}`);
    const bornAtMs = this.nowMs;
    const later = (delayMs: number, run: () => void): Planned =>
      this.#schedule.after(delayMs, () => happen(endpoint, run));
    const timer = (delayMs: number, fn: () => void): Timer => {
      let cancelled = false;
      // The system's timers are never early and always a little late.
      const planned = later(Math.max(0, delayMs) + chance.between(0, 0.2), () => {
        if (!cancelled) fn();
      });
      return {
        cancel: () => {
          cancelled = true;
          forget(planned);
        },
      };
    };
    return {
      nowMs: () => Math.floor(beganAtMs + this.nowMs + aheadMs(machine, this.nowMs)),
      // Each life of a real process begins its own count, too.
      monotonicMs: () => this.nowMs - bornAtMs,
      random: () => chance.next(),
      timer,
      datagram: {
        send: (to, bytes) => {
          if (endpoint.alive) this.#network.sendDatagram(endpoint, to, bytes);
        },
        receive: (handler) => {
          endpoint.onDatagram = handler;
        },
      },
      rpc: {
        call: (to, method, body, deadlineMs) =>
          this.#network.call(endpoint, to, method, body, deadlineMs),
        serve: (handler) => {
          endpoint.onCall = handler;
        },
      },
      disk: machine.disk.mount(later),
      http: {
        serve: (handler) => {
          life.onHttp = handler;
        },
      },
      log: (level, event, fields = {}) => {
        this.logs.push({ atMs: this.nowMs, node: id, level, event, fields });
      },
    };
  }
}

const noMap: ReadonlyMap<string, string> = new Map();

/** Requests as a client would make them, for tests: `request('POST', '/x?space=y', { ... })`. */
export function request(
  method: string,
  target: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpRequest {
  const [path = '/', search] = target.split('?', 2);
  const names = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  if (body !== undefined) names.push(['content-type', 'application/json']);
  return {
    method,
    path,
    query: search === undefined ? noMap : new Map(new URLSearchParams(search)),
    headers: new Map(names),
    body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
  };
}
