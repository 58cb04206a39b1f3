/** Random sessions against a virtual cluster to which random things happen; then peace, and judgement. */
import { joinContexts } from '../../conflict/context.ts';
import type { Context, DataPlane, WriteRequest } from '../../data.ts';
import { bytesOf } from '../../query/embedding.ts';
import { Oracle } from './oracle.ts';
import { nothingSeen, type VirtualNode, World, type WorldOptions } from './world.ts';

export interface ChaosOptions extends WorldOptions {
  readonly spaces: number;
  readonly ids: number;
  readonly sessions: number;
  readonly durationMs: number;
  /** Mean pause between operations and between events. */
  readonly operationMs: number;
  readonly eventMs: number;
  readonly events: readonly ('cut' | 'kill' | 'power')[];
  readonly peaceMs: number;
}

const chaosDefaults: ChaosOptions = {
  nodes: 5,
  copies: 3,
  loss: 0.02,
  faults: [],
  spaces: 2,
  ids: 6,
  sessions: 10,
  durationMs: 4000,
  operationMs: 8,
  eventMs: 300,
  events: ['cut', 'kill', 'power'],
  peaceMs: 8000,
};

export interface ChaosResult {
  readonly problems: readonly string[];
  readonly writes: number;
  readonly reads: number;
  readonly stale: number;
  readonly deferred: number;
  readonly world: World;
}

interface Session {
  readonly name: string;
  /** By space; without an entry it sends none. */
  readonly contexts: Map<string, Context> | null;
  busy: boolean;
}

class Chaos {
  readonly #world: World;
  readonly #options: ChaosOptions;
  readonly #oracle = new Oracle();
  readonly #sessions: Session[];
  #serial = 0;
  #stale = 0;
  #deferred = 0;
  #over = false;

  constructor(seed: number, options: ChaosOptions) {
    this.#world = new World(seed, options);
    this.#options = options;
    this.#sessions = Array.from({ length: options.sessions }, (_, i) => ({
      name: `s${i}`,
      contexts: i === 0 ? null : new Map(),
      busy: false,
    }));
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#world.chance() * items.length)];
  }

  #space(): string {
    return `space${Math.floor(this.#world.chance() * this.#options.spaces)}`;
  }

  #operate(): void {
    if (this.#over) return;
    this.#world.at(this.#world.chance() * 2 * this.#options.operationMs, () => this.#operate());
    const session = this.#pick(this.#sessions);
    const space = this.#space();
    const owners = this.#world.placement.owners(space);
    // Mostly an owner, as routing does; at times any node, as when no owner can be reached.
    const nodes = this.#world.nodes.filter(
      (node) => node.data && (owners.includes(node.id) || this.#world.chance() < 0.1),
    );
    if (session.busy || nodes.length === 0) return;
    const node = this.#pick(nodes);
    session.busy = true;
    const done = (): void => {
      session.busy = false;
    };
    let over = false;
    const timer = this.#world.at(2000, () => {
      over = true;
      done();
    });
    this.#perform(session, node, space, () => over).then(
      () => {
        timer.cancel();
        if (!over) done();
      },
      (error) => {
        timer.cancel();
        if (!over) done();
        this.#oracle.problems.push(`${node.id} rejects: ${(error as Error).stack}`);
      },
    );
  }

  async #perform(
    session: Session,
    node: VirtualNode,
    space: string,
    over: () => boolean,
  ): Promise<void> {
    const data = node.data!;
    const id = `m${Math.floor(this.#world.chance() * this.#options.ids)}`;
    const context = session.contexts ? (session.contexts.get(space) ?? nothingSeen) : null;
    const what = `${session.name}@${node.id} ${Math.round(this.#world.nowMs)} ms`;
    const learn = (seen: Context): void => {
      if (over() || !session.contexts) return;
      session.contexts.set(space, joinContexts(session.contexts.get(space) ?? nothingSeen, seen));
    };
    const kind = this.#world.chance();
    if (kind < 0.5) {
      const result = await data.write(this.#write(space, id, context), 1500);
      if (result.deferred) this.#deferred++;
      this.#oracle.acknowledged(space, result.version);
      learn(result.context);
    } else if (kind < 0.9) {
      const result = await data.read(space, id, context, 500);
      if (result.stale) this.#stale++;
      const { value } = result;
      this.#oracle.answered(`read ${what}`, space, id, context, result, value ? [value] : []);
      if (!result.stale) learn(result.context);
    } else {
      const result = await data.list(space, context, 500);
      if (result.stale) this.#stale++;
      this.#oracle.answered(`list ${what}`, space, null, context, result, result.value);
      if (!result.stale) learn(result.context);
      await this.#lookBehind(`after ${what}`, space, data);
    }
  }

  /** A list hides tombstones, also such as nobody was told of: the oracle must know them. */
  async #lookBehind(what: string, space: string, data: DataPlane): Promise<void> {
    for (let i = 0; i < this.#options.ids; i++) {
      const id = `m${i}`;
      const result = await data.read(space, id, null, 0);
      this.#oracle.answered(what, space, id, null, result, result.value ? [result.value] : []);
    }
  }

  #write(space: string, id: string, context: Context | null): WriteRequest {
    return {
      space,
      id,
      deleted: this.#world.chance() < 0.15,
      content: `value ${this.#serial++}`,
      confidence: this.#pick([0.3, 0.6, 0.9]),
      tags: [],
      memoryType: 'semantic',
      observedAtMs: 0,
      embedding: bytesOf(Float32Array.of(this.#serial, 0.5)),
      context,
      durability: this.#pick(['primary', 'primary', 'replica']),
    };
  }

  #disturb(): void {
    if (this.#over) return;
    const world = this.#world;
    world.at(world.chance() * 2 * this.#options.eventMs, () => this.#disturb());
    const event = world.chance() < 0.35 ? 'calm' : this.#pick(this.#options.events);
    const up = world.nodes.filter((node) => node.data);
    switch (event) {
      case 'calm': {
        const down = world.nodes.filter((node) => !node.up);
        if (down.length > 0) this.#restart(this.#pick(down));
        else world.heal();
        break;
      }
      case 'cut':
        this.#cut();
        break;
      default:
        if (up.length > 2) this.#pick(up).kill(event === 'power');
    }
  }

  #cut(): void {
    const world = this.#world;
    const kind = world.chance();
    if (kind < 0.25) {
      // One way: one node hears nothing from some of the others.
      const deaf = this.#pick(world.nodes);
      const unheard = world.nodes.filter((node) => node !== deaf && world.chance() < 0.5);
      world.grudge = new Map([[deaf.id, new Set(unheard.map((node) => node.id))]]);
      world.rumour();
      return;
    }
    const left = world.nodes.filter(() => world.chance() < 0.5);
    const right = world.nodes.filter((node) => !left.includes(node));
    world.cut([left, right]);
  }

  #restart(node: VirtualNode): void {
    node.start().catch((error) => {
      this.#oracle.problems.push(`${node.id} does not start: ${String(error)}`);
    });
  }

  async run(): Promise<ChaosResult> {
    const world = this.#world;
    for (const node of world.nodes) this.#restart(node);
    await world.run(500);
    this.#operate();
    this.#disturb();
    await world.run(this.#options.durationMs);
    this.#over = true;
    world.heal();
    for (const node of world.nodes) if (!node.up) this.#restart(node);
    await world.run(this.#options.peaceMs);
    await this.#judge();
    return {
      problems: this.#oracle.verdict(),
      writes: this.#oracle.writes,
      reads: this.#oracle.reads,
      stale: this.#stale,
      deferred: this.#deferred,
      world,
    };
  }

  async #judge(): Promise<void> {
    for (let i = 0; i < this.#options.spaces; i++) {
      const space = `space${i}`;
      const owners = this.#world.placement
        .owners(space)
        .map((id) => this.#world.nodes.find((node) => node.id === id)!);
      const roots = new Set<string>();
      for (const { id, data } of owners) {
        if (data) await this.#judgeOwner(space, id, data, roots);
        else this.#oracle.problems.push(`${id} is not there at the end`);
      }
      if (roots.size > 1) this.#oracle.problems.push(`${space}: owners differ at the end`);
    }
  }

  async #judgeOwner(space: string, id: string, data: DataPlane, roots: Set<string>): Promise<void> {
    const summary = data.summary(space);
    if (!summary) return;
    roots.add(summary.merkleRoot);
    const missing = this.#oracle.missing(space, summary.known);
    if (missing.length > 0) {
      this.#oracle.problems.push(`${space}: ${id} lacks acknowledged ${missing.join(' ')}`);
    }
    if (summary.deferred > 0) {
      this.#oracle.problems.push(`${space}: ${id} still holds back ${summary.deferred} writes`);
    }
    const result = await data.list(space, null, 0);
    this.#oracle.answered(`final ${id}`, space, null, null, result, result.value);
    await this.#lookBehind(`final ${id}`, space, data);
  }
}

export async function runChaos(
  seed: number,
  options: Partial<ChaosOptions> = {},
): Promise<ChaosResult> {
  return new Chaos(seed, { ...chaosDefaults, ...options }).run();
}
