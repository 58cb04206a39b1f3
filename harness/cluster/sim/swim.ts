/**
 * SWIM alone, at sizes at which whole nodes would be too many: the node's own state machine, one for each member,
 * over a network of events with latency and loss. Members crash one at a time and come back, and what the others
 * make of it is measured. Pure: one seed, one result.
 */
import type { Claim, Message } from '../../../docker/engram/src/swim/message.ts';
import { defaultSwimSettings, type Effect } from '../../../docker/engram/src/swim/protocol.ts';
import { Swim } from '../../../docker/engram/src/swim/swim.ts';
import type { Rng } from '../../world/rng.ts';
import { Agenda } from './agenda.ts';

export interface SwimStudyOptions {
  readonly nodes: number;
  /** Share of datagrams that are lost, 0 to 1. */
  readonly loss: number;
  /** Members that crash, one after the other. */
  readonly crashes: number;
  /** Members that neither suspect themselves nor refute: a switch of the node, to see the study notice. */
  readonly noRefutation?: boolean;
}

export interface SwimStudy {
  readonly nodes: number;
  readonly loss: number;
  /** By crash, ms since it: the first suspicion, the first burial, and all others know it dead. */
  readonly suspectedMs: readonly number[];
  readonly deadMs: readonly number[];
  readonly everywhereMs: readonly number[];
  /** Crashes of which somebody never came to know. */
  readonly missed: number;
  /** Probes sent, and members that were well and were taken for dead by somebody. */
  readonly probes: number;
  readonly falselyDead: number;
  /** Datagrams that a node sends in a second, on average: while all are well, and over all. */
  readonly calmMessagesPerNodeSecond: number;
  readonly messagesPerNodeSecond: number;
  readonly virtualMs: number;
}

/** One way; each datagram takes 0.2 to 1.8 of it. */
const latencyMs = 0.5;
const settleMs = 3000;
const calmMs = 20_000;
/** From one crash to the next; after the second part of it the member comes back. */
const cycleMs = 14_000;
const backAfterMs = 9000;

interface Node {
  readonly claim: Claim;
  swim: Swim | null;
  /** Which of its lives this is: timers of an earlier one are nobody's. */
  life: number;
}

class Study {
  readonly #agenda = new Agenda();
  readonly #nodes: Node[] = [];
  readonly #at = new Map<string, Node>();
  readonly #loss: number;
  readonly #noRefutation: boolean;
  readonly #rng: Rng;
  #sent = 0;
  #probes = 0;
  #falselyDead = 0;
  #victim: Node | null = null;
  /** Of the crash in hand: when, and who has buried the victim. */
  #crashedAt = 0;
  #suspected = Number.NaN;
  #buried = new Map<string, number>();
  readonly suspectedMs: number[] = [];
  readonly deadMs: number[] = [];
  readonly everywhereMs: number[] = [];
  #missed = 0;

  constructor({ nodes, loss, noRefutation = false }: SwimStudyOptions, rng: Rng) {
    this.#loss = loss;
    this.#noRefutation = noRefutation;
    this.#rng = rng;
    const width = String(nodes).length;
    for (let i = 1; i <= nodes; i++) {
      const id = `n${String(i).padStart(width, '0')}`;
      const address = `${id}:7946`;
      const claim: Claim = {
        ...{ id, swimAddress: address, apiAddress: `${id}:7432`, rpcAddress: `${id}:50051` },
        ...{ rack: 'r', zone: 'z', state: 'alive', incarnation: 1 },
      };
      const node: Node = { claim, swim: null, life: 0 };
      this.#nodes.push(node);
      this.#at.set(address, node);
    }
    for (const node of this.#nodes) this.#start(node, this.#claims());
  }

  run(crashes: number): SwimStudy {
    this.#agenda.run(settleMs);
    const before = this.#sent;
    this.#agenda.run(settleMs + calmMs);
    const calm = this.#sent - before;
    for (let i = 0; i < crashes; i++) {
      this.#crash(this.#rng.pick(this.#nodes));
      this.#agenda.run(this.#agenda.nowMs + backAfterMs);
      this.#note();
      this.#start(this.#victim!, [], this.#victim!.life + 1);
      this.#victim = null;
      this.#agenda.run(this.#agenda.nowMs + cycleMs - backAfterMs);
    }
    const virtualMs = this.#agenda.nowMs;
    return {
      nodes: this.#nodes.length,
      loss: this.#loss,
      suspectedMs: this.suspectedMs,
      deadMs: this.deadMs,
      everywhereMs: this.everywhereMs,
      missed: this.#missed,
      probes: this.#probes,
      falselyDead: this.#falselyDead,
      calmMessagesPerNodeSecond: calm / this.#nodes.length / (calmMs / 1000),
      messagesPerNodeSecond: this.#sent / this.#nodes.length / (virtualMs / 1000),
      virtualMs,
    };
  }

  #claims(): Claim[] {
    return this.#nodes.map((node) => node.claim);
  }

  #start(node: Node, known: readonly Claim[], life = 1): void {
    node.life = life;
    const random = this.#rng.split(`${node.claim.id}/${life}`);
    const seeds = this.#nodes.slice(0, 3).map((each) => each.claim.swimAddress);
    node.swim = new Swim(
      // A second life begins above what the others may have said of the first.
      { ...node.claim, incarnation: life * 1000, changedAtMs: this.#agenda.nowMs },
      known.map((claim) => ({ ...claim, incarnation: 1000 })),
      () => seeds,
      { ...defaultSwimSettings, noRefutation: this.#noRefutation },
      () => random.float(),
    );
    this.#perform(node, node.swim.start());
  }

  #crash(victim: Node): void {
    this.#victim = victim;
    victim.swim = null;
    this.#crashedAt = this.#agenda.nowMs;
    this.#suspected = Number.NaN;
    this.#buried = new Map();
  }

  #note(): void {
    const since = (at: number): number => at - this.#crashedAt;
    const burials = [...this.#buried.values()];
    if (!Number.isNaN(this.#suspected)) this.suspectedMs.push(since(this.#suspected));
    if (burials.length > 0) this.deadMs.push(since(Math.min(...burials)));
    if (burials.length === this.#nodes.length - 1) {
      this.everywhereMs.push(since(Math.max(...burials)));
    } else {
      this.#missed++;
    }
  }

  #perform(node: Node, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.#send(node, effect.to, effect.message, effect.gossip);
      else if (effect.type === 'timer') this.#setTimer(node, effect);
      else this.#see(node, effect.member.id, effect.member.state);
    }
  }

  #setTimer(node: Node, { timer, afterMs }: Extract<Effect, { type: 'timer' }>): void {
    const { life } = node;
    this.#agenda.after(afterMs, () => {
      if (node.swim === null || node.life !== life) return;
      if (timer.type === 'probe') this.#probes++;
      this.#perform(node, node.swim.timer(timer, this.#agenda.nowMs, 0));
    });
  }

  #send(node: Node, to: string, message: Message, gossip: readonly Claim[]): void {
    this.#sent++;
    const from = node.swim!.self;
    const peer = this.#at.get(to);
    const isLost = this.#rng.float() < this.#loss;
    const delayMs = latencyMs * (0.2 + 1.6 * this.#rng.float());
    if (peer === undefined || isLost) return;
    this.#agenda.after(delayMs, () => {
      if (peer.swim === null) return;
      this.#perform(peer, peer.swim.receive(from, message, gossip, this.#agenda.nowMs));
    });
  }

  #see(by: Node, id: string, state: string): void {
    if (state !== 'suspect' && state !== 'dead') return;
    if (this.#victim?.claim.id !== id) {
      // The victim of before may still be told of as dead while it comes back.
      const subject = this.#at.get(`${id}:7946`)!;
      if (state === 'dead' && subject.life === 1) this.#falselyDead++;
      return;
    }
    const now = this.#agenda.nowMs;
    if (Number.isNaN(this.#suspected)) this.#suspected = now;
    if (state === 'dead' && !this.#buried.has(by.claim.id)) this.#buried.set(by.claim.id, now);
  }
}

export function studySwim(options: SwimStudyOptions, rng: Rng): SwimStudy {
  return new Study(options, rng).run(options.crashes);
}
