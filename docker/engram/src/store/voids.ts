/**
 * Finds out which writes nobody holds and nobody ever will, so that what waits for them is shown.
 *
 * A write may depend on one that died with its disk, or that was never made (an invented token). Such a dot is
 * *void* when its life is over, and every owner of the space, and the node that might have written it, have
 * said that they do not hold it. Owners that cannot be reached count: as long as one is silent, what waits goes on
 * waiting. A living node refutes dots that it never gave, by skipping them for good. Nothing else makes a waiting
 * write visible.
 *
 * Everybody is asked twice: the first time to see whether there is anything to decide, the second time who says no
 * refuses the write from then on for a while, should it be on its way.
 */
import { coversDot, lacking, lastOf } from '../conflict/knowledge.ts';
import { lifeOfActor, nodeOfActor } from '../conflict/vector.ts';
import type { Knowledge, Placement } from '../data.ts';
import type { RpcBody } from '../env/env.ts';
import type { Member, Membership } from '../swim/membership.ts';
import { type DotRange, opened, parcel } from './codec.ts';
import type { Replica } from './replica.ts';
import type { SpaceState } from './space.ts';

const roundMs = 1000;
const askDeadlineMs = 1000;
/** How long a node stands by its word that it does not hold something. */
const deniedMs = 5000;
const wantedMax = 1000;
const questionsMax = 64;

interface Question {
  readonly space: string;
  readonly actor: string;
  /** The largest counter that somebody waits for. */
  readonly upTo: number;
  /** Who does not hold it refuses it from now on. */
  readonly binding: boolean;
}

/** What a node holds of an actor. */
interface Holding {
  /** All up to here are visible. */
  readonly all: number;
  /** Single ones beyond, visible or waiting. */
  readonly single: readonly number[];
  /** What the node, which is the writer itself and lives, has skipped. */
  readonly skipped: readonly DotRange[];
  /** The writer itself answers, in the life that is asked about. */
  readonly lives: boolean;
}

export class Voids {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #placement: Placement;
  /** By space: what reads and writes asked for in vain. */
  readonly #wanted = new Map<string, Knowledge>();
  /** Own ranges that were skipped, by space. */
  readonly #skipped = new Map<string, DotRange[]>();
  /** By `space actor`: up to which counter this node has denied to hold more, from where on, and until when. */
  readonly #denied = new Map<string, { from: number; to: number; untilMs: number }>();
  #stopped = false;

  constructor(replica: Replica, membership: Membership, placement: Placement) {
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
    replica.denied = (space, actor, counter) => this.#isDenied(space, actor, counter);
  }

  start(): void {
    this.#replica.env.timer(roundMs, () => {
      if (this.#stopped) return;
      void this.#round().then(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Somebody has asked for a state that covers this, and did not get it. */
  want(space: string, known: Knowledge): void {
    if (this.#wanted.size < wantedMax || this.#wanted.has(space)) this.#wanted.set(space, known);
  }

  async #round(): Promise<void> {
    const questions: Question[] = [];
    for (const space of this.#replica.names()) {
      if (questions.length >= questionsMax) break;
      const state = this.#replica.get(space);
      if (state && this.#owns(space)) questions.push(...this.#questionsOf(state));
    }
    for (const question of questions) {
      try {
        await this.#settle(question);
      } catch {
        // Somebody did not answer: the next round asks again.
      }
    }
  }

  #owns(space: string): boolean {
    return this.#placement.owners(space).includes(this.#membership.self.id);
  }

  /** For each actor of which something is waited for, and is not here. */
  #questionsOf(state: SpaceState): Question[] {
    const upTo = new Map<string, number>();
    const note = (actor: string, counter: number): void => {
      if (coversDot(state.known, actor, counter) || state.isDeferred(actor, counter)) return;
      upTo.set(actor, Math.max(counter, upTo.get(actor) ?? 0));
    };
    const wanted = this.#wanted.get(state.name);
    const waiting = state.deferred();
    if (wanted && lacking(state.known, wanted).length === 0) this.#wanted.delete(state.name);
    for (const known of [...(wanted ? [wanted] : []), ...waiting.map(({ deps }) => deps)]) {
      for (const actor of lacking(state.known, known)) note(actor, lastOf(known, actor));
    }
    for (const { actor, counter } of waiting) note(actor, counter - 1);
    return [...upTo].map(([actor, counter]) => ({
      space: state.name,
      actor,
      upTo: counter,
      binding: false,
    }));
  }

  /** Asks everybody who might hold it. Rejects where somebody does not answer. */
  async #settle(question: Question): Promise<void> {
    const { space, actor, upTo } = question;
    const self = this.#membership.self.id;
    const writer = nodeOfActor(actor);
    const asked = new Set(this.#placement.owners(space));
    if (this.#membership.get(writer)) asked.add(writer);
    asked.delete(self);
    const peers = [...asked].sort().map((id) => this.#membership.get(id));
    const tooEarly = this.#replica.faults.has('void-too-early');
    const reached = peers.filter((peer) => peer && this.#membership.reachable(peer.id)) as Member[];
    if (reached.length < peers.length && !tooEarly) return;
    const first = await this.#askAll(reached, question);
    const decided = first.some(({ lives }) => lives) ? [] : gaps(actor, upTo, first);
    const ranges = first.flatMap(({ skipped }) => [...skipped]);
    if (decided.length > 0) {
      const again = await this.#askAll(reached, { ...question, binding: true });
      ranges.push(...gaps(actor, upTo, again));
    }
    for (const range of ranges) {
      await this.#replica.commitVoid(space, range);
      for (const peer of reached) {
        void this.#call(peer, 'data.void', { space, range }).catch(() => {});
      }
    }
  }

  async #askAll(peers: readonly Member[], question: Question): Promise<readonly Holding[]> {
    const answers = await Promise.all(peers.map((peer) => this.#ask(peer, question)));
    return [...answers, this.#holding(question)];
  }

  async #ask(peer: Member, question: Question): Promise<Holding> {
    return (await this.#call(peer, 'data.holds', question)) as Holding;
  }

  async #call(peer: Member, method: string, body: unknown): Promise<unknown> {
    const { rpc } = this.#replica.env;
    return opened(await rpc.call(peer.rpcAddress, method, parcel(body), askDeadlineMs));
  }

  /** The answering side of `data.holds`. */
  handleHolds(body: RpcBody): RpcBody {
    return parcel(this.#holding(opened(body) as Question));
  }

  #holding(question: Question): Holding {
    const { space, actor, upTo } = question;
    const state = this.#replica.peek(space);
    const all = state.known.v[actor] ?? 0;
    const waiting = state.deferred().filter((each) => each.actor === actor);
    const single = [...(state.known.d[actor] ?? []), ...waiting.map(({ counter }) => counter)];
    const base = actor.replace('+', '');
    const lives = base === this.#replica.actor;
    if (lives) this.#skip(question);
    else if (question.binding) this.#deny(question, Math.max(all, ...single));
    const skipped = (this.#skipped.get(space) ?? []).filter((range) => range.actor === actor);
    return { all, single: single.filter((counter) => counter <= upTo), skipped, lives };
  }

  /** Refutes what this life never gave: it never will. */
  #skip({ space, actor, upTo }: Question): void {
    const last = this.#replica.lastGiven(space, actor);
    if (upTo <= last) return;
    const range: DotRange = { actor, from: last + 1, to: upTo };
    this.#replica.skipTo(space, actor, upTo);
    this.#skipped.set(space, [...(this.#skipped.get(space) ?? []), range]);
    void this.#replica.commitVoid(space, range).catch(() => {});
  }

  #deny({ space, actor, upTo }: Question, held: number): void {
    if (held >= upTo) return;
    const untilMs = this.#replica.env.monotonicMs() + deniedMs;
    this.#denied.set(`${space} ${actor}`, { from: held + 1, to: upTo, untilMs });
  }

  #isDenied(space: string, actor: string, counter: number): boolean {
    if (this.#denied.size === 0) return false;
    const denied = this.#denied.get(`${space} ${actor}`);
    if (!denied || counter < denied.from || counter > denied.to) return false;
    if (denied.untilMs >= this.#replica.env.monotonicMs() && !this.#isCurrent(actor)) return true;
    this.#denied.delete(`${space} ${actor}`);
    return false;
  }

  /** A life that its node announces is not over: what it writes is no surprise. */
  #isCurrent(actor: string): boolean {
    return lifeOfActor(this.#replica.actor) === lifeOfActor(actor);
  }

  /** The receiving side of `data.void`. */
  async handleVoid(body: RpcBody): Promise<RpcBody> {
    const { space, range } = opened(body) as { space: string; range: DotRange };
    if (this.#owns(space)) await this.#replica.commitVoid(space, range);
    return parcel(null);
  }
}

/** What is held by nobody, up to a counter. */
function gaps(actor: string, upTo: number, holdings: readonly Holding[]): DotRange[] {
  const all = Math.max(...holdings.map((holding) => holding.all));
  const held = [...new Set(holdings.flatMap(({ single }) => [...single]))]
    .filter((counter) => counter > all && counter <= upTo)
    .sort((left, right) => left - right);
  const found: DotRange[] = [];
  let from = all + 1;
  for (const counter of [...held, upTo + 1]) {
    if (counter > from) found.push({ actor, from, to: counter - 1 });
    from = counter + 1;
  }
  return found;
}
