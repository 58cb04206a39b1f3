/**
 * SWIM (Das, Gupta, Motivala 2002) as a state machine: input in, effects out. No clock, no socket, no
 * timers; `nowMs` and `random` are arguments, and a timer is data that comes back when it is due.
 *
 * Promises: every member is probed in random order, round robin; a member that does not answer, neither
 * directly nor through k others, is suspected; a suspect that does not refute in time is dead; a
 * member that hears that it is suspected or dead refutes with a higher incarnation. Dead members
 * are probed on, so that a healed partition always joins again.
 *
 * Beyond the paper: up to four probes a second in small clusters, so that a cut of five nodes is seen
 * within about two seconds; and local health in the spirit of Lifeguard (Dadgar et al. 2018): a
 * node whose own timers come late blames itself first and gives its probes more time.
 */
import type { Member, MemberState } from './membership.ts';
import type { Claim, Message } from './message.ts';

export interface SwimSettings {
  readonly probeIntervalMs: number;
  readonly ackTimeoutMs: number;
  readonly indirectProbes: number;
  readonly suspicionMs: number;
  readonly probesPerIntervalMax: number;
  readonly deadProbeMs: number;
  readonly syncMs: number;
  readonly joinRetryMs: number;
  readonly neverProbeDead: boolean;
  readonly noRefutation: boolean;
}

export const defaultSwimSettings: SwimSettings = {
  probeIntervalMs: 1000,
  ackTimeoutMs: 500,
  indirectProbes: 3,
  suspicionMs: 1500,
  probesPerIntervalMax: 4,
  deadProbeMs: 500,
  syncMs: 5000,
  joinRetryMs: 150,
  neverProbeDead: false,
  noRefutation: false,
};

export type Timer =
  | { readonly type: 'probe' }
  /** No direct ack so far: ask others. */
  | { readonly type: 'indirect'; readonly sequence: number; readonly target: string }
  /** No ack at all. */
  | { readonly type: 'verdict'; readonly sequence: number; readonly target: string }
  | { readonly type: 'suspicion'; readonly target: string; readonly incarnation: number }
  | { readonly type: 'dead-probe' }
  | { readonly type: 'sync' }
  | { readonly type: 'join' };

export type Effect =
  | {
      readonly type: 'send';
      readonly to: string;
      readonly message: Message;
      readonly gossip: readonly Claim[];
    }
  | { readonly type: 'timer'; readonly afterMs: number; readonly timer: Timer }
  | { readonly type: 'changed'; readonly member: Member };

export type Random = () => number;

/** A timer that comes later than this says that this node is slow, not the others. */
const lateTimerMs = 250;
const gossipPerDatagram = 8;

const strength: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

export class Swim {
  readonly #settings: SwimSettings;
  readonly #random: Random;
  readonly #seeds: readonly string[];
  readonly #members = new Map<string, Member>();
  /** How often each member's news were sent; the least sent go first. */
  readonly #news = new Map<string, number>();
  readonly #acked = new Set<number>();
  /** Pings that we do for others: our sequence -> who asked, and with which sequence. */
  readonly #relayed = new Map<number, { readonly to: string; readonly sequence: number }>();
  #order: string[] = [];
  #sequence = 0;
  #joined = false;
  #excusedUntilMs = 0;
  #self: Member;
  #effects: Effect[] = [];

  constructor(
    self: Member,
    known: readonly Claim[],
    seeds: readonly string[],
    settings: SwimSettings,
    random: Random,
  ) {
    this.#self = self;
    this.#settings = settings;
    this.#random = random;
    this.#seeds = seeds.filter((seed) => seed !== self.swimAddress);
    for (const claim of known) {
      if (claim.id === self.id) continue;
      this.#members.set(claim.id, { ...claim, changedAtMs: self.changedAtMs });
    }
  }

  get self(): Member {
    return this.#self;
  }

  /** Without self and without those that left. Sorted by id. */
  others(): Member[] {
    return [...this.#members.values()]
      .filter((member) => member.state !== 'left')
      .sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  get(id: string): Member | undefined {
    return id === this.#self.id ? this.#self : this.#members.get(id);
  }

  start(): Effect[] {
    this.#timer(0, { type: 'join' });
    this.#timer(this.#random() * this.#tickMs(), { type: 'probe' });
    this.#timer(this.#settings.deadProbeMs, { type: 'dead-probe' });
    this.#timer(this.#settings.syncMs * this.#random(), { type: 'sync' });
    return this.#take();
  }

  /** `lateMs`: by how much the timer came later than it was due. */
  timer(timer: Timer, nowMs: number, lateMs: number): Effect[] {
    if (lateMs > lateTimerMs) this.#excusedUntilMs = nowMs + this.#settings.probeIntervalMs;
    switch (timer.type) {
      case 'probe':
        this.#probe();
        this.#timer(this.#tickMs(), timer);
        break;
      case 'indirect':
        this.#askOthers(timer.sequence, timer.target);
        break;
      case 'verdict':
        this.#judge(timer, nowMs);
        break;
      case 'suspicion':
        this.#bury(timer, nowMs);
        break;
      case 'dead-probe':
        this.#probeDead();
        this.#timer(this.#settings.deadProbeMs, timer);
        break;
      case 'sync':
        this.#syncWith(this.#pick(this.#alive())?.swimAddress);
        this.#timer(this.#settings.syncMs, timer);
        break;
      case 'join':
        this.#join();
        break;
      default:
        timer satisfies never;
    }
    return this.#take();
  }

  receive(from: Claim, message: Message, gossip: readonly Claim[], nowMs: number): Effect[] {
    if (from.id === this.#self.id) return [];
    if (from.state === 'alive' || from.state === 'left') this.#learn(from, nowMs);
    for (const claim of gossip) this.#learn(claim, nowMs);
    this.#joined = true;
    switch (message.type) {
      case 'ping':
        if (message.target === this.#self.id) {
          this.#send(from.swimAddress, { type: 'ack', sequence: message.sequence }, from.id);
        }
        break;
      case 'ack':
        this.#acknowledged(message.sequence);
        break;
      case 'ping-req': {
        const target = this.#members.get(message.target);
        if (!target) break;
        const sequence = ++this.#sequence;
        this.#relayed.set(sequence, { to: from.swimAddress, sequence: message.sequence });
        this.#send(target.swimAddress, { type: 'ping', sequence, target: target.id }, target.id);
        break;
      }
      case 'sync':
        if (message.wantsAnswer) this.#sync(from.swimAddress, false);
        break;
      default:
        message satisfies never;
    }
    return this.#take();
  }

  /** Says goodbye: others take this node for gone on purpose. */
  leave(): Effect[] {
    this.#self = { ...this.#self, state: 'left' };
    for (const member of this.#alive()) this.#sync(member.swimAddress, false);
    return this.#take();
  }

  #take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #timer(afterMs: number, timer: Timer): void {
    this.#effects.push({ type: 'timer', afterMs, timer });
  }

  #tickMs(): number {
    const peers = Math.max(1, this.#members.size);
    return this.#settings.probeIntervalMs / Math.min(peers, this.#settings.probesPerIntervalMax);
  }

  #alive(): Member[] {
    return this.others().filter((member) => member.state === 'alive' || member.state === 'suspect');
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }

  #probe(): void {
    const alive = this.#alive();
    this.#order = this.#order.filter((id) => alive.some((member) => member.id === id));
    if (this.#order.length === 0) this.#order = this.#shuffled(alive.map((member) => member.id));
    const target = this.#members.get(this.#order.shift() ?? '');
    if (!target) return;
    const sequence = ++this.#sequence;
    const { ackTimeoutMs } = this.#settings;
    this.#send(target.swimAddress, { type: 'ping', sequence, target: target.id }, target.id);
    this.#timer(ackTimeoutMs, { type: 'indirect', sequence, target: target.id });
    this.#timer(2 * ackTimeoutMs, { type: 'verdict', sequence, target: target.id });
  }

  #shuffled(ids: string[]): string[] {
    for (let i = ids.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1));
      [ids[i], ids[j]] = [ids[j]!, ids[i]!];
    }
    return ids;
  }

  #askOthers(sequence: number, target: string): void {
    if (this.#acked.has(sequence)) return;
    const asked = this.#shuffled(
      this.#alive()
        .map((member) => member.id)
        .filter((id) => id !== target),
    ).slice(0, this.#settings.indirectProbes);
    for (const id of asked) {
      const { swimAddress } = this.#members.get(id)!;
      this.#send(swimAddress, { type: 'ping-req', sequence, target }, target);
    }
  }

  #judge(timer: Extract<Timer, { type: 'verdict' }>, nowMs: number): void {
    if (this.#acked.delete(timer.sequence)) return;
    const member = this.#members.get(timer.target);
    if (member?.state !== 'alive') return;
    if (nowMs < this.#excusedUntilMs) return;
    this.#learn({ ...member, state: 'suspect' }, nowMs);
  }

  #bury(timer: Extract<Timer, { type: 'suspicion' }>, nowMs: number): void {
    const member = this.#members.get(timer.target);
    if (member?.state !== 'suspect' || member.incarnation !== timer.incarnation) return;
    if (nowMs < this.#excusedUntilMs) {
      this.#timer(this.#settings.suspicionMs, timer);
      return;
    }
    this.#learn({ ...member, state: 'dead' }, nowMs);
  }

  #probeDead(): void {
    if (this.#settings.neverProbeDead) return;
    const dead = this.others().filter((member) => member.state === 'dead');
    const target = this.#pick(dead);
    if (target) {
      const sequence = ++this.#sequence;
      this.#send(target.swimAddress, { type: 'ping', sequence, target: target.id }, target.id);
    }
    // A cluster that was cut before this node knew it whole is found again through the seeds.
    const known = new Set([...this.#members.values()].map((member) => member.swimAddress));
    const stranger = this.#pick(this.#seeds.filter((seed) => !known.has(seed)));
    if (stranger && this.#random() < 0.5) this.#sync(stranger, true);
  }

  #join(): void {
    if (this.#joined) return;
    const targets = new Set([...this.#seeds, ...this.others().map((member) => member.swimAddress)]);
    for (const target of targets) this.#sync(target, true);
    if (targets.size > 0) this.#timer(this.#settings.joinRetryMs, { type: 'join' });
  }

  #syncWith(address: string | undefined): void {
    if (address !== undefined) this.#sync(address, true);
  }

  #sync(to: string, wantsAnswer: boolean): void {
    const all = [...this.#members.values()];
    for (let i = 0; i === 0 || i < all.length; i += gossipPerDatagram) {
      const gossip = all.slice(i, i + gossipPerDatagram);
      const message: Message = { type: 'sync', wantsAnswer: wantsAnswer && i === 0 };
      this.#effects.push({ type: 'send', to, message, gossip });
    }
  }

  #acknowledged(sequence: number): void {
    const relayed = this.#relayed.get(sequence);
    if (relayed) {
      this.#relayed.delete(sequence);
      this.#send(relayed.to, { type: 'ack', sequence: relayed.sequence }, null);
      return;
    }
    this.#acked.add(sequence);
    if (this.#acked.size > 1024) this.#acked.delete(this.#acked.values().next().value!);
    if (this.#relayed.size > 1024) this.#relayed.delete(this.#relayed.keys().next().value!);
  }

  /** Sends with gossip: first what we hold of the receiver, so that it can refute, then the news. */
  #send(to: string, message: Message, receiver: string | null): void {
    const about = receiver === null ? undefined : this.#members.get(receiver);
    const gossip: Claim[] = about && about.state !== 'alive' ? [about] : [];
    const limit = 3 * Math.ceil(Math.log2(this.#members.size + 2));
    const fresh = [...this.#news]
      .sort((left, right) => left[1] - right[1])
      .slice(0, gossipPerDatagram);
    for (const [id, sent] of fresh) {
      const member = this.get(id);
      if (member && member !== about) gossip.push(member);
      if (sent + 1 >= limit) this.#news.delete(id);
      else this.#news.set(id, sent + 1);
    }
    this.#effects.push({ type: 'send', to, message, gossip });
  }

  #learn(claim: Claim, nowMs: number): void {
    if (claim.id === this.#self.id) {
      this.#refute(claim, nowMs);
      return;
    }
    const known = this.#members.get(claim.id);
    if (known && !overrides(claim, known)) return;
    const changed = known?.state !== claim.state || known.incarnation !== claim.incarnation;
    const member: Member = {
      ...claim,
      changedAtMs: known?.state === claim.state ? known.changedAtMs : nowMs,
    };
    this.#members.set(claim.id, member);
    if (!changed) return;
    this.#news.set(claim.id, 0);
    if (claim.state === 'suspect') {
      const { suspicionMs } = this.#settings;
      const { id: target, incarnation } = claim;
      this.#timer(suspicionMs, { type: 'suspicion', target, incarnation });
    }
    this.#effects.push({ type: 'changed', member });
  }

  #refute(claim: Claim, nowMs: number): void {
    if (this.#self.state === 'left' || claim.incarnation < this.#self.incarnation) return;
    if (claim.state === 'alive' && claim.incarnation === this.#self.incarnation) return;
    if (this.#settings.noRefutation) return;
    this.#self = { ...this.#self, incarnation: claim.incarnation + 1, changedAtMs: nowMs };
    this.#news.set(this.#self.id, 0);
    this.#effects.push({ type: 'changed', member: this.#self });
  }
}

/** Section 4.2 of the paper: a higher incarnation wins; within one, the worse state does. */
function overrides(claim: Claim, known: Member): boolean {
  if (claim.incarnation !== known.incarnation) return claim.incarnation > known.incarnation;
  return strength[claim.state] > strength[known.state];
}
