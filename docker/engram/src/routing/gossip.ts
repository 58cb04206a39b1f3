/**
 * Spreads routes: twice a second to one random peer, at once to all after a promotion. The same messages
 * probe peers whose breaker is open. Routes are kept on disk, so that a generation does not fall
 * back when all owners of a space restart.
 */
import type { Env, RpcBody, Timer } from '../env/env.ts';
import { opened, parcel } from '../store/codec.ts';
import type { Member, Membership } from '../swim/membership.ts';
import type { Breakers } from './breaker.ts';
import type { Route, RoutingTable } from './table.ts';

const roundMs = 500;
const callDeadlineMs = 800;
const probePauseMs = 250;
const saveDelayMs = 200;
const routesFile = 'routes.json';

export class RouteGossip {
  readonly #env: Env;
  readonly #membership: Membership;
  readonly #table: RoutingTable;
  readonly #breakers: Breakers;
  /** Promotes this node wherever it must. */
  readonly #promoteAll: () => void;
  #spread: Timer | null = null;
  #saving = false;
  #stopped = false;

  constructor(
    env: Env,
    membership: Membership,
    table: RoutingTable,
    breakers: Breakers,
    promoteAll: () => void,
  ) {
    this.#env = env;
    this.#membership = membership;
    this.#table = table;
    this.#breakers = breakers;
    this.#promoteAll = promoteAll;
  }

  async start(): Promise<void> {
    await this.#load();
    this.#membership.onChange((member) => {
      if (this.#stopped) return;
      if (member.state === 'alive') this.#breakers.succeeded(member.id);
      this.#promoteAll();
    });
    this.#round();
  }

  async #load(): Promise<void> {
    const bytes = await this.#env.disk.read(routesFile);
    if (!bytes) return;
    try {
      const routes = JSON.parse(Buffer.from(bytes).toString('utf8')) as Route[];
      for (const route of routes) this.#table.merge(route);
    } catch (error) {
      // Routes are learned anew from the peers.
      this.#env.log('warn', 'routing.routes-unreadable', { reason: String(error) });
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** This node has promoted itself. */
  changed(): void {
    this.learned();
    // Several spaces are promoted at once: one message tells them all.
    this.#spread ??= this.#env.timer(0, () => {
      this.#spread = null;
      for (const peer of this.#peers()) void this.#exchange(peer);
    });
  }

  /** The table has news. */
  learned(): void {
    if (this.#saving) return;
    this.#saving = true;
    this.#env.timer(saveDelayMs, () => {
      this.#saving = false;
      if (this.#stopped) return;
      const routes = Buffer.from(JSON.stringify(this.#table.entries()));
      this.#env.disk.replace(routesFile, routes).catch((error: unknown) => {
        this.#env.log('warn', 'routing.routes-not-saved', { reason: String(error) });
      });
    });
  }

  #peers(): Member[] {
    const self = this.#membership.self.id;
    return this.#membership
      .members()
      .filter((member) => member.id !== self && this.#membership.reachable(member.id));
  }

  #round(): void {
    this.#env.timer(roundMs * (0.75 + this.#env.random() / 2), () => {
      if (this.#stopped) return;
      this.#promoteAll();
      const peers = this.#peers();
      const peer = peers[Math.floor(this.#env.random() * peers.length)];
      void (peer ? this.#exchange(peer) : Promise.resolve(false)).then(() => this.#round());
    });
  }

  /** Tries a peer whose breaker opened until it answers; membership may be quicker. */
  probe(id: string): void {
    this.#env.timer(probePauseMs * (0.5 + this.#env.random()), () => {
      const member = this.#membership.get(id);
      if (this.#stopped || !member || this.#breakers.allows(id)) return;
      void this.#exchange(member).then(() => this.probe(id));
    });
  }

  /** Tells a peer what is known here and learns what is known there. Never rejects. */
  async #exchange(peer: Member): Promise<void> {
    try {
      const mine = parcel(this.#table.entries());
      const { rpc } = this.#env;
      const answer = await rpc.call(peer.rpcAddress, 'route.gossip', mine, callDeadlineMs);
      this.#breakers.succeeded(peer.id);
      this.#merge(answer);
    } catch {
      // Out of reach: the next round asks somebody else.
    }
  }

  /** The answering side. */
  receive(body: RpcBody): RpcBody {
    this.#merge(body);
    return parcel(this.#table.entries());
  }

  #merge(body: RpcBody): void {
    let news = false;
    for (const route of opened(body) as Route[]) news = this.#table.merge(route) || news;
    if (news) this.learned();
  }
}
