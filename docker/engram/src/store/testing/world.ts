/**
 * A small virtual world for tests of the data plane: one clock, a network with latency, loss, repeated
 * messages and cuts, and disks that forget what was not synced when the power goes. One seed gives one
 * history. Membership is told by the world, a little late.
 */
import type { Context, DataPlane, Placement } from '../../data.ts';
import { type Env, type RpcBody, RpcError, rpcBytes } from '../../env/env.ts';
import { type Faults, makeFaults } from '../../faults.ts';
import type { Member, Membership } from '../../swim/membership.ts';
import { createDataPlane } from '../dataplane.ts';
import type { LogLimits } from '../journal.ts';
import { VirtualDisk } from './disk.ts';

/** mulberry32: enough chance for a test. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export interface WorldOptions {
  readonly nodes: number;
  readonly copies: number;
  /** Chance that a message is lost; half as many are repeated. */
  readonly loss: number;
  readonly faults: Parameters<typeof makeFaults>[0];
  readonly logLimits?: LogLimits;
}

export interface LoggedLine {
  readonly node: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How long the world takes to tell nodes of a cut, a heal, a death or a start, at most. */
const rumourMsMax = 300;

export class VirtualNode {
  readonly id: string;
  readonly disk: VirtualDisk;
  readonly #world: World;
  readonly #listeners: ((member: Member) => void)[] = [];
  readonly #unreachable = new Set<string>();
  readonly clockOffsetMs: number;
  life = 0;
  up = false;
  data: DataPlane | null = null;

  constructor(world: World, id: string, clockOffsetMs: number) {
    this.#world = world;
    this.id = id;
    this.clockOffsetMs = clockOffsetMs;
    this.disk = new VirtualDisk(world.chance);
  }

  get address(): string {
    return `${this.id}:1`;
  }

  member(state: Member['state'] = 'alive'): Member {
    const addresses = { swimAddress: '', apiAddress: '', rpcAddress: this.address };
    return {
      id: this.id,
      ...addresses,
      rack: '',
      zone: '',
      state,
      incarnation: 0,
      changedAtMs: 0,
    };
  }

  /** What this node is told of another one. */
  learn(peer: VirtualNode, reachable: boolean): void {
    if (reachable !== this.#unreachable.has(peer.id)) return;
    if (reachable) this.#unreachable.delete(peer.id);
    else this.#unreachable.add(peer.id);
    for (const listener of this.#listeners) listener(peer.member(reachable ? 'alive' : 'dead'));
  }

  #membership(): Membership {
    const all = this.#world.nodes;
    return {
      self: this.member(),
      members: () =>
        all.map((node) => node.member(this.#unreachable.has(node.id) ? 'dead' : 'alive')),
      get: (id) => all.find((node) => node.id === id)?.member(),
      reachable: (id) => !this.#unreachable.has(id),
      onChange: (listener) => void this.#listeners.push(listener),
    };
  }

  #env(life: number): Env {
    const world = this.#world;
    const alive = (): boolean => this.up && this.life === life;
    return {
      nowMs: () => 1.7e12 + Math.floor(world.nowMs) + this.clockOffsetMs,
      monotonicMs: () => world.nowMs,
      random: world.chance,
      timer: (delayMs, fn) => world.at(delayMs, () => alive() && fn()),
      datagram: { send: () => {}, receive: () => {} },
      rpc: {
        call: (to, method, body, deadlineMs) =>
          world.call(this, life, to, method, rpcBytes(body), deadlineMs),
        serve: () => {},
      },
      disk: this.disk.mount((delayMs, fn) => void world.at(delayMs, () => alive() && fn())),
      http: { serve: () => {} },
      log: (_level, event, fields = {}) => world.logged.push({ node: this.id, event, fields }),
    };
  }

  async start(): Promise<void> {
    this.life++;
    this.up = true;
    this.#listeners.length = 0;
    this.#unreachable.clear();
    const { placement, faults, options } = this.#world;
    const data = createDataPlane(
      this.#env(this.life),
      faults,
      this.#membership(),
      placement,
      options.logLimits,
    );
    await data.start();
    this.data = data;
    this.#world.rumour();
  }

  /** The process is gone at once; with `power` lost, so is what was not synced. */
  kill(power: boolean): void {
    this.up = false;
    this.data = null;
    this.life++;
    this.disk.crash(power);
    this.#world.rumour();
  }
}

export class World {
  readonly chance: () => number;
  readonly nodes: VirtualNode[];
  readonly placement: Placement;
  readonly faults: Faults;
  readonly logged: LoggedLine[] = [];
  /** Calls between nodes, by method. */
  readonly calls = new Map<string, number>();
  readonly options: WorldOptions;
  #queue: Event[] = [];
  #order = 0;
  nowMs = 0;
  /** For each node, the peers whose messages it drops. */
  grudge = new Map<string, ReadonlySet<string>>();

  constructor(seed: number, options: WorldOptions) {
    this.chance = chanceOf(seed);
    this.options = options;
    this.faults = makeFaults(options.faults);
    this.nodes = Array.from(
      { length: options.nodes },
      (_, i) => new VirtualNode(this, `n${i + 1}`, Math.floor(this.chance() * 400)),
    );
    this.placement = {
      owners: (space) => {
        const first = Number(space.replace(/\D/g, '')) || 0;
        return Array.from(
          { length: options.copies },
          (_, i) => this.nodes[(first + i) % options.nodes].id,
        );
      },
    };
  }

  at(delayMs: number, run: () => void): { cancel(): void } {
    const event: Event = {
      at: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run,
      cancelled: false,
    };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle];
      if (other.at > event.at || (other.at === event.at && other.order > event.order)) {
        low = middle + 1;
      } else high = middle;
    }
    this.#queue.splice(low, 0, event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  /** Runs the events of the next `durationMs`, each with all that it sets off at once. */
  async run(durationMs: number): Promise<void> {
    const until = this.nowMs + durationMs;
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0 && this.#queue.at(-1)!.at <= until) {
      const event = this.#queue.pop()!;
      if (event.cancelled) continue;
      this.nowMs = event.at;
      event.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.nowMs = until;
  }

  open(from: VirtualNode, to: VirtualNode): boolean {
    return !this.grudge.get(to.id)?.has(from.id);
  }

  /** Lets every node hear, some time from now, who can be reached. */
  rumour(): void {
    for (const node of this.nodes) {
      for (const peer of this.nodes) {
        if (node === peer) continue;
        this.at(this.chance() * rumourMsMax, () => {
          if (node.up) node.learn(peer, peer.up && this.open(peer, node) && this.open(node, peer));
        });
      }
    }
  }

  cut(sides: readonly (readonly VirtualNode[])[]): void {
    this.grudge = new Map();
    for (const side of sides) {
      const others = this.nodes.filter((node) => !side.includes(node)).map((node) => node.id);
      for (const node of side) this.grudge.set(node.id, new Set(others));
    }
    this.rumour();
  }

  heal(): void {
    this.grudge = new Map();
    this.rumour();
  }

  #latencyMs(): number {
    return 0.3 + this.chance() * (this.chance() < 0.05 ? 80 : 3);
  }

  call(
    from: VirtualNode,
    life: number,
    to: string,
    method: string,
    body: Uint8Array,
    deadlineMs: number,
  ): Promise<Uint8Array> {
    const target = this.nodes.find((node) => node.address === to)!;
    this.calls.set(method, 1 + (this.calls.get(method) ?? 0));
    const lost = (): boolean => this.chance() < this.options.loss;
    return new Promise((resolve, reject) => {
      const settle = (fn: () => void): void => {
        if (from.up && from.life === life) fn();
      };
      this.at(deadlineMs, () =>
        settle(() => reject(new RpcError('deadline', `${method} to ${to}`, true))),
      );
      const deliver = (): void => {
        if (!target.data || !this.open(from, target)) return;
        const { data, life: targetLife } = target;
        const answering = async (): Promise<RpcBody> => data.handleRpc(method, body);
        answering().then(
          (answer) => {
            if (lost() || target.life !== targetLife) return;
            this.at(this.#latencyMs(), () => {
              if (this.open(target, from)) settle(() => resolve(rpcBytes(answer)));
            });
          },
          (error) => settle(() => reject(new RpcError('remote', String(error), true))),
        );
      };
      if (!target.up) {
        this.at(this.#latencyMs(), () =>
          settle(() => reject(new RpcError('refused', `${method} to ${to}`, false))),
        );
        return;
      }
      if (!lost()) this.at(this.#latencyMs(), deliver);
      if (this.chance() < this.options.loss / 2) this.at(this.#latencyMs() * 10, deliver);
    });
  }
}

export const nothingSeen: Context = { v: {}, d: {}, t: { ms: 0, counter: 0 }, r: 0 };
