/** A cluster of nothing but SWIM in a virtual world, for tests. */

import type { Weather } from '../../env/virtual/links.ts';
import { VirtualWorld } from '../../env/virtual.ts';
import { SwimAgent } from '../agent.ts';
import type { MemberState } from '../membership.ts';
import { defaultSwimSettings, type SwimSettings } from '../protocol.ts';

export class SwimCluster {
  readonly world: VirtualWorld;
  readonly ids: readonly string[];
  readonly #agents = new Map<string, SwimAgent>();
  readonly #settings: SwimSettings;

  constructor(
    seed: number,
    size: number,
    weather: Partial<Weather> = {},
    settings: Partial<SwimSettings> = {},
  ) {
    this.world = new VirtualWorld(seed, weather);
    this.#settings = { ...defaultSwimSettings, ...settings };
    this.ids = Array.from({ length: size }, (_, i) => `n${i + 1}`);
    for (const id of this.ids) void this.#start(id, true);
  }

  async #start(id: string, first: boolean): Promise<void> {
    const env = first ? this.world.node(id) : this.world.restart(id);
    const self = {
      id,
      swimAddress: `${id}:7946`,
      apiAddress: `${id}:7432`,
      rpcAddress: `${id}:7433`,
      rack: '',
      zone: '',
    };
    const agent = await SwimAgent.create(env, self, ['n1:7946', 'n2:7946'], this.#settings);
    this.#agents.set(id, agent);
    agent.start();
  }

  crash(id: string): void {
    this.world.crash(id, { power: true });
    this.#agents.delete(id);
  }

  restart(id: string): void {
    void this.#start(id, false);
  }

  agent(id: string): SwimAgent {
    return this.#agents.get(id)!;
  }

  /** How `viewer` sees `id`; itself it sees alive. */
  sees(viewer: string, id: string): MemberState | 'unknown' {
    return this.#agents.get(viewer)?.get(id)?.state ?? 'unknown';
  }

  /** Every one of `among` sees every one of `among` alive. */
  agreed(among: readonly string[] = this.ids): boolean {
    return among.every((viewer) => among.every((id) => this.sees(viewer, id) === 'alive'));
  }

  /** Runs until `holds`; the virtual ms that it took, or Infinity after `atMostMs`. */
  async until(holds: () => boolean, atMostMs: number): Promise<number> {
    const began = this.world.nowMs;
    while (!holds()) {
      if (this.world.nowMs - began >= atMostMs) return Number.POSITIVE_INFINITY;
      await this.world.run(this.world.nowMs + 10);
    }
    return this.world.nowMs - began;
  }

  run(forMs: number): Promise<void> {
    return this.world.run(this.world.nowMs + forMs);
  }
}
