/** One node: data plane, routing and API wired onto an `Env`. Knows no real world. */

import { handle } from './api/handle.ts';
import { makeKinds } from './api/kinds.ts';
import type { Service } from './api/service.ts';
import type { DataPlane } from './data.ts';
import type { Env } from './env/env.ts';
import { type Faults, makeFaults } from './faults.ts';
import { type Visibility, VisibilityTracker } from './partition/visibility.ts';
import { RingPlacement } from './placement/ring.ts';
import { Router } from './routing/router.ts';
import type { Settings } from './settings.ts';
import { createDataPlane } from './store/dataplane.ts';
import type { Membership } from './swim/membership.ts';

/** How often a stopping node looks whether all was shipped. */
const drainLookMs = 20;
/** How often visibility is looked at even if nobody asks. */
const observeMs = 500;

export class EngramNode {
  readonly #env: Env;
  readonly #settings: Settings;
  readonly #membership: Membership;
  readonly #faults: Faults;
  readonly #data: DataPlane;
  readonly #router: Router;
  readonly #placement: RingPlacement;
  readonly #tracker = new VisibilityTracker();
  readonly #extraMetrics: () => Readonly<Record<string, number>>;
  #stopped = false;
  #requests = 0;
  #ids = 0;

  constructor(
    env: Env,
    settings: Settings,
    membership: Membership,
    extraMetrics: () => Readonly<Record<string, number>> = () => ({}),
  ) {
    this.#env = env;
    this.#settings = settings;
    this.#membership = membership;
    this.#extraMetrics = extraMetrics;
    this.#faults = makeFaults(settings.faults);
    this.#placement = new RingPlacement(() => membership.members(), settings.replicationFactor);
    this.#data = createDataPlane(env, this.#faults, membership, this.#placement);
    this.#router = new Router({
      env,
      membership,
      placement: this.#placement,
      spaces: () => this.#data.spaces(),
      kinds: makeKinds(this.#data),
      sick: (id) => (id === settings.nodeId ? this.#isSick() : this.#data.isSick(id)),
      servingOwner: (space) => this.#data.servingOwner(space),
      faults: this.#faults,
    });
  }

  /** Recovers the log first: nothing is answered from a state older than what was shown before. */
  async start(): Promise<void> {
    for (const name of this.#faults.names) {
      this.#env.log('warn', 'fault.on', { fault: name });
    }
    await this.#data.start();
    await this.#router.start();
    this.#env.rpc.serve(async (method, body) => {
      try {
        return method.startsWith('data.')
          ? await this.#data.handleRpc(method, body)
          : await this.#router.handleRpc(method, body);
      } catch (error) {
        this.#env.log('error', 'rpc.failed', { method, reason: String(error) });
        throw error;
      }
    });
    const service = this.#service();
    this.#env.http.serve((request) => {
      this.#requests++;
      return handle(service, request);
    });
    this.#observe();
    this.#env.log('info', 'node.ready', { faults: this.#faults.names });
  }

  #isSick(): boolean {
    return this.#stopped || this.#data.trouble !== null;
  }

  /** Why this node is not healthy; null where it is. */
  #trouble(): string | null {
    if (this.#stopped) return 'the node is stopping';
    return this.#data.trouble;
  }

  /**
   * New requests are refused from now on. The node keeps its place in the ring, hands its primaries over, and
   * ships until all that it has acknowledged is durable on another owner, or `drainMs` are over; resolves with how
   * many writes are on its disk alone then.
   */
  async stop(drainMs = 0): Promise<number> {
    this.#stopped = true;
    let alone = 0;
    if (!this.#faults.has('sigterm-skips-drain')) {
      this.#data.announceStopping();
      const until = this.#env.monotonicMs() + drainMs;
      while ((alone = this.#data.undelivered()) > 0 && this.#env.monotonicMs() < until) {
        await new Promise<void>((resolve) => this.#env.timer(drainLookMs, resolve));
      }
    }
    this.#router.stop();
    await this.#data.stop();
    return alone;
  }

  #observe(): void {
    this.#env.timer(observeMs, () => {
      if (this.#stopped) return;
      this.#visibility();
      this.#observe();
    });
  }

  #visibility(): Visibility {
    const members = this.#membership.members();
    const reachable = members.filter(
      (member) => member.state === 'alive' || member.id === this.#settings.nodeId,
    ).length;
    const heardAllSince = (sinceMs: number): boolean =>
      members.every(
        ({ id, state }) =>
          state !== 'alive' || id === this.#settings.nodeId || this.#data.heardSince(id, sinceMs),
      );
    const nowMs = this.#env.monotonicMs();
    const seen = this.#tracker.observe(reachable, members.length, nowMs, heardAllSince);
    return this.#faults.has('no-penalty') ? { ...seen, factor: 1, warnings: [] } : seen;
  }

  #service(): Service {
    return {
      env: this.#env,
      settings: this.#settings,
      faults: this.#faults,
      membership: this.#membership,
      placement: this.#placement,
      data: this.#data,
      router: this.#router,
      visibility: () => this.#visibility(),
      owns: (space) => this.#placement.owners(space).includes(this.#settings.nodeId),
      stopping: () => this.#stopped,
      trouble: () => this.#trouble(),
      newId: () => {
        this.#ids++;
        const chance = Math.floor(this.#env.random() * 2 ** 40).toString(36);
        return `${this.#settings.nodeId}-${Math.floor(this.#env.nowMs()).toString(36)}-${this.#ids}-${chance}`;
      },
      metrics: () => this.#metrics(),
      conflicts: () => this.#conflicts(),
    };
  }

  #metrics(): Readonly<Record<string, number>> {
    const { forwarded, redirects, retries, promotions, refused } = this.#router.counters;
    return {
      requests_total: this.#requests,
      ...this.#data.metrics(),
      forwarded_total: forwarded,
      stale_routes_total: redirects,
      retries_total: retries,
      promotions_total: promotions,
      refused_total: refused,
      ...this.#extraMetrics(),
    };
  }

  #conflicts(): readonly unknown[] {
    return this.#data.conflicts().map(({ space, memory }) => ({
      space,
      id: memory.id,
      versions: memory.siblings.map((version) => version.dot),
    }));
  }
}
