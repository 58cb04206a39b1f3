/**
 * Whole nodes in a virtual world, for tests: SWIM, data plane, routing and API as in a process, without the
 * process. One seed gives one history.
 */
import { bodyOf } from '../env/env.ts';
import { request, VirtualWorld } from '../env/virtual.ts';
import type { FaultName } from '../faults.ts';
import { EngramNode } from '../node.ts';
import type { Settings } from '../settings.ts';
import { SwimAgent } from '../swim/agent.ts';
import { swimSettings } from '../swim/protocol.ts';

export interface ClusterOptions {
  readonly nodes: number;
  readonly faults?: readonly FaultName[];
  readonly apiKeys?: readonly string[];
  readonly weather?: ConstructorParameters<typeof VirtualWorld>[1];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a client finds in JSON.
  readonly body: any;
}

interface Life {
  readonly agent: SwimAgent;
  readonly node: EngramNode;
}

const stepMs = 5;

export class VirtualCluster {
  readonly world: VirtualWorld;
  readonly ids: readonly string[];
  readonly #options: ClusterOptions;
  readonly #lives = new Map<string, Life>();

  private constructor(seed: number, options: ClusterOptions) {
    this.world = new VirtualWorld(seed, options.weather);
    this.#options = options;
    this.ids = Array.from({ length: options.nodes }, (_, i) => `n${i + 1}`);
  }

  /** Starts all nodes and waits until each knows each. */
  static async start(seed: number, options: ClusterOptions): Promise<VirtualCluster> {
    const cluster = new VirtualCluster(seed, options);
    await cluster.until(Promise.all(cluster.ids.map((id) => cluster.boot(id))));
    for (let round = 0; round < 600; round++) {
      await cluster.run(50);
      if (cluster.ids.every((id) => cluster.alive(id).length === cluster.ids.length))
        return cluster;
    }
    throw new Error('the nodes did not find each other within 30 s');
  }

  /** Brings a node up for the first time, or again on its old disk. */
  async boot(id: string): Promise<void> {
    const env = this.#lives.has(id) ? this.world.restart(id) : this.world.node(id);
    const settings: Settings = {
      nodeId: id,
      bind: id,
      advertise: id,
      httpPort: 7432,
      swimPort: 7946,
      rpcPort: 7433,
      dataDir: '',
      seeds: ['n1:7946', 'n2:7946'],
      faults: this.#options.faults ?? [],
      rack: '',
      zone: '',
      clusterKeys: [],
      apiKeys: this.#options.apiKeys ?? [],
      replicationFactor: 3,
      drainMs: 8000,
      logLevel: 'debug',
    };
    const self = {
      id,
      swimAddress: `${id}:7946`,
      apiAddress: `${id}:7432`,
      rpcAddress: `${id}:7433`,
      rack: '',
      zone: '',
    };
    const agent = await SwimAgent.create(env, self, settings.seeds, swimSettings(settings.faults));
    const node = new EngramNode(env, settings, agent);
    this.#lives.set(id, { agent, node });
    await node.start();
    agent.start();
  }

  /** As SIGTERM does; resolves with how many writes are on its disk alone. */
  async stop(id: string): Promise<number> {
    const alone = await this.life(id).node.stop(8000);
    this.world.crash(id, { power: false });
    return alone;
  }

  life(id: string): Life {
    return this.#lives.get(id)!;
  }

  /** Members that a node believes to be alive. */
  alive(id: string): string[] {
    const { agent } = this.life(id);
    return agent
      .members()
      .filter((member) => member.state === 'alive')
      .map((member) => member.id);
  }

  async run(forMs: number): Promise<void> {
    await this.world.run(this.world.nowMs + forMs);
  }

  /** Lets the world go on until `promise` is settled. */
  async until<T>(promise: Promise<T>, timeoutMs = 60_000): Promise<T> {
    const deadlineMs = this.world.nowMs + timeoutMs;
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    while (!settled) {
      if (this.world.nowMs > deadlineMs) throw new Error(`nothing after ${timeoutMs} ms`);
      await this.run(stepMs);
    }
    return promise;
  }

  /** A request within the world; rejects with ConnectionLost. For clients that act at the same time. */
  async send(
    id: string,
    method: string,
    target: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const given = await this.world.http(id, request(method, target, body, headers));
    const sent = bodyOf(given);
    const text = typeof sent === 'string' ? sent : Buffer.from(sent).toString();
    const json = given.headers['content-type']?.startsWith('application/json');
    return { ...given, text, body: json ? JSON.parse(text) : null };
  }

  /** A request, and the world goes on until it is answered. */
  ask(
    id: string,
    method: string,
    target: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.until(this.send(id, method, target, body, headers));
  }
}
