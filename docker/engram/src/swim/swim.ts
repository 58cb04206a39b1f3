/**
 * SWIM (Das, Gupta, Motivala 2002) as a state machine: input in, effects out. No clock, no socket, no
 * timers; `nowMs` and `random` are arguments, and a timer is data that comes back when it is due.
 *
 * Promises: every member is probed in random order, round robin; a member that does not answer, neither
 * directly nor through k others, is suspected and told so; a suspect that does not refute in time is
 * dead; a member that hears that it is suspected or dead refutes with a higher incarnation. Dead
 * members are probed on, so that a healed partition always joins again.
 *
 * Beyond the paper: up to four probes a second in small clusters, so that a cut of five nodes is seen
 * within about two seconds; push-pull with a random peer, and at once with one that was dead; what the
 * other side of a healed cut took for dead is asked before it is buried; and local health in the
 * spirit of Lifeguard (Dadgar et al. 2018): a node whose own timers come late blames itself first.
 */
import type { Member } from './membership.ts';
import { type Claim, claimBytes, gossipBudgetBytes, type Message } from './message.ts';
import { News } from './news.ts';
import { ProbeOrder, shuffled, smallPeers } from './order.ts';
import { overrides } from './precedence.ts';
import type { Effect, Random, SwimSettings, Timer } from './protocol.ts';

/** A timer that comes later than this says that this node is slow, not the others. */
const lateTimerMs = 250;
/** In larger ones a node sends so many probes in an interval: about six messages, with the acks. */
const probesPerInterval = 3;
/** Known members, and seeds, that are asked at once to let this node in. */
const joinsAtOnce = 8;
/** After so many fruitless attempts to join, the pause between them becomes a probe interval. */
const eagerJoins = 20;
/** About one datagram in a second and a half goes into push-pull, whatever the size. */
const syncMsPerMember = 150;
const membersMax = 4096;
const relaysMax = 1024;

export class Swim {
  readonly #settings: SwimSettings;
  readonly #random: Random;
  readonly #seeds: () => readonly string[];
  readonly #members = new Map<string, Member>();
  readonly #news = new News();
  /** Probes under way: sequence -> whether an ack came. */
  readonly #probes = new Map<number, boolean>();
  /** Pings that we do for others: our sequence -> who asked, and with which sequence. */
  readonly #relayed = new Map<number, { readonly to: string; readonly sequence: number }>();
  readonly #order: ProbeOrder;
  /** `others()` and those of them that can be reached, until a member changes. */
  #sorted: readonly Member[] | null = null;
  #near: readonly Member[] | null = null;
  #sequence: number;
  #joined = false;
  #joinAttempts = 0;
  #excusedUntilMs = 0;
  #self: Member;
  #effects: Effect[] = [];

  /** `known`: members of a former life. `seeds`: addresses to ask, as they are known at the moment. */
  constructor(
    self: Member,
    known: readonly Claim[],
    seeds: () => readonly string[],
    settings: SwimSettings,
    random: Random,
  ) {
    this.#self = self;
    this.#settings = settings;
    this.#random = random;
    this.#order = new ProbeOrder(random);
    this.#seeds = seeds;
    // So that a late ack for a former life of this node acknowledges nothing.
    this.#sequence = Math.floor(random() * 2 ** 30);
    for (const claim of known) {
      if (claim.id === self.id) continue;
      this.#members.set(claim.id, { ...claim, changedAtMs: self.changedAtMs });
    }
  }

  get self(): Member {
    return this.#self;
  }

  /** Whether somebody has told what it knows. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Without self and without those that left. Sorted by id. */
  others(): readonly Member[] {
    return (this.#sorted ??= [...this.#members.values()]
      .filter((member) => member.state !== 'left')
      .sort((left, right) => (left.id < right.id ? -1 : 1)));
  }

  get(id: string): Member | undefined {
    return id === this.#self.id ? this.#self : this.#members.get(id);
  }

  start(): Effect[] {
    this.#timer(0, { type: 'join' });
    this.#timer(this.#random() * this.#tickMs(), { type: 'probe' });
    this.#timer(this.#settings.deadProbeMs, { type: 'dead-probe' });
    // Early, for those whom a seed did not know yet when it answered.
    this.#timer(this.#settings.joinRetryMs * (2 + this.#random()), { type: 'sync' });
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
        if (!this.#settings.neverProbeDead) this.#probeDead();
        this.#timer(this.#settings.deadProbeMs, timer);
        break;
      case 'sync': {
        const peer = this.#pick(this.#reachable());
        if (peer) this.#sync(peer.swimAddress, true);
        this.#timer(this.#syncMs() * (0.8 + 0.4 * this.#random()), timer);
        break;
      }
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
    const before = this.#members.get(from.id)?.state;
    if (from.state === 'alive' || from.state === 'left') this.#learn(from, nowMs);
    for (const claim of gossip) {
      if (message.type === 'sync') this.#learnFromSync(claim, nowMs);
      else this.#learn(claim, nowMs);
    }
    switch (message.type) {
      case 'ping':
        if (message.target === this.#self.id) {
          this.#send(from.swimAddress, { type: 'ack', sequence: message.sequence }, from.id);
        }
        break;
      case 'ack':
        this.#acknowledged(message.sequence);
        break;
      case 'ping-req':
        this.#relay(from, message);
        break;
      case 'sync':
        if (message.wantsAnswer) this.#sync(from.swimAddress, false);
        else this.#joined = true;
        break;
      default:
        message satisfies never;
    }
    // Both sides of a healed cut have news for each other.
    if (before === 'dead' && this.#members.get(from.id)?.state === 'alive') {
      this.#sync(from.swimAddress, true);
    }
    return this.#take();
  }

  /** Says goodbye: others take this node for gone on purpose. */
  leave(): Effect[] {
    this.#self = { ...this.#self, state: 'left' };
    for (const member of this.#reachable()) this.#sync(member.swimAddress, false);
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
    const peers = Math.max(1, this.others().length);
    return this.#settings.probeIntervalMs / (peers <= smallPeers ? peers : probesPerInterval);
  }

  /** A push-pull takes more datagrams the more members there are, and comes the more rarely for it. */
  #syncMs(): number {
    return Math.max(this.#settings.syncMs, syncMsPerMember * this.others().length);
  }

  #reachable(): readonly Member[] {
    return (this.#near ??= this.others().filter(isNear));
  }

  #set(member: Member): void {
    const joins = isNear(member) && !isNear(this.#members.get(member.id));
    this.#members.set(member.id, member);
    this.#sorted = this.#near = null;
    this.#order.changed(member.id, joins, this.#members.size);
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }

  #probe(): void {
    const id = this.#order.next(this.#reachable().map((member) => member.id));
    if (id === undefined) return;
    const sequence = ++this.#sequence;
    const { ackTimeoutMs } = this.#settings;
    this.#probes.set(sequence, false);
    this.#ping(id, sequence);
    this.#timer(ackTimeoutMs, { type: 'indirect', sequence, target: id });
    this.#timer(2 * ackTimeoutMs, { type: 'verdict', sequence, target: id });
  }

  #ping(id: string, sequence: number): void {
    const { swimAddress } = this.#members.get(id)!;
    this.#send(swimAddress, { type: 'ping', sequence, target: id }, id);
  }

  #askOthers(sequence: number, target: string): void {
    if (this.#probes.get(sequence) !== false) return;
    const ids = this.#reachable().map((member) => member.id);
    const asked = shuffled(
      ids.filter((id) => id !== target),
      this.#random,
    );
    for (const id of asked.slice(0, this.#settings.indirectProbes)) {
      const { swimAddress } = this.#members.get(id)!;
      this.#send(swimAddress, { type: 'ping-req', sequence, target }, target);
    }
  }

  #relay(from: Claim, { sequence: asked, target }: Extract<Message, { type: 'ping-req' }>): void {
    if (!this.#members.has(target)) return;
    const sequence = ++this.#sequence;
    this.#relayed.set(sequence, { to: from.swimAddress, sequence: asked });
    if (this.#relayed.size > relaysMax) this.#relayed.delete(this.#relayed.keys().next().value!);
    this.#ping(target, sequence);
  }

  #judge(timer: Extract<Timer, { type: 'verdict' }>, nowMs: number): void {
    const acked = this.#probes.get(timer.sequence);
    this.#probes.delete(timer.sequence);
    const member = this.#members.get(timer.target);
    if (acked || member?.state !== 'alive' || nowMs < this.#excusedUntilMs) return;
    this.#learn({ ...member, state: 'suspect' }, nowMs);
    // It may be well and the answers lost: let it hear at once, so that it can refute.
    this.#ping(member.id, ++this.#sequence);
  }

  #bury(timer: Extract<Timer, { type: 'suspicion' }>, nowMs: number): void {
    const member = this.#members.get(timer.target);
    if (member?.state !== 'suspect' || member.incarnation !== timer.incarnation) return;
    if (nowMs < this.#excusedUntilMs) this.#timer(this.#settings.suspicionMs, timer);
    else this.#learn({ ...member, state: 'dead' }, nowMs);
  }

  #probeDead(): void {
    const target = this.#pick(this.others().filter((member) => member.state === 'dead'));
    if (target) this.#ping(target.id, ++this.#sequence);
    // A cluster that was cut before this node knew it whole is found again through the seeds.
    const known = new Set([...this.#members.values()].map((member) => member.swimAddress));
    known.add(this.#self.swimAddress);
    const stranger = this.#pick(this.#seeds().filter((seed) => !known.has(seed)));
    if (stranger && this.#random() < 0.5) this.#sync(stranger, true);
  }

  #join(): void {
    if (this.#joined) return;
    const known = this.others().map((each) => each.swimAddress);
    // A large cluster that restarts as a whole must not drown itself.
    const some = (of: readonly string[]): readonly string[] =>
      of.length <= joinsAtOnce ? of : shuffled([...of], this.#random).slice(0, joinsAtOnce);
    const targets = new Set([...some(this.#seeds()), ...some(known)]);
    targets.delete(this.#self.swimAddress);
    for (const target of targets) this.#sync(target, true);
    const { joinRetryMs, probeIntervalMs } = this.#settings;
    const patient = ++this.#joinAttempts > eagerJoins;
    this.#timer(patient ? probeIntervalMs : joinRetryMs, { type: 'join' });
  }

  /** Sends all that we know, in as many datagrams as it takes. */
  #sync(to: string, wantsAnswer: boolean): void {
    const all = [...this.#members.values()];
    const budget = gossipBudgetBytes(this.#self, { type: 'sync', wantsAnswer });
    let first = true;
    do {
      const gossip: Claim[] = [];
      for (let left = budget; all.length > 0; ) {
        left -= claimBytes(all[0]);
        if (left < 0 && gossip.length > 0) break;
        gossip.push(all.shift()!);
      }
      const message: Message = { type: 'sync', wantsAnswer: wantsAnswer && first };
      this.#effects.push({ type: 'send', to, message, gossip });
      first = false;
    } while (all.length > 0);
  }

  #acknowledged(sequence: number): void {
    const relayed = this.#relayed.get(sequence);
    if (relayed) {
      this.#relayed.delete(sequence);
      this.#send(relayed.to, { type: 'ack', sequence: relayed.sequence }, null);
    } else if (this.#probes.has(sequence)) {
      this.#probes.set(sequence, true);
    }
  }

  /** Sends with gossip: first what we hold of the receiver, so that it can refute, then the news. */
  #send(to: string, message: Message, about: string | null): void {
    const doubted = about === null ? undefined : this.#members.get(about);
    const gossip: Claim[] = doubted && doubted.state !== 'alive' ? [doubted] : [];
    const used = gossip.reduce((sum, claim) => sum + claimBytes(claim), 0);
    const left = gossipBudgetBytes(this.#self, message) - used;
    const except = gossip[0]?.id ?? null;
    gossip.push(...this.#news.take(left, this.#members.size, (id) => this.get(id), except));
    this.#effects.push({ type: 'send', to, message, gossip });
  }

  /**
   * After a heal, the other side's push-pull takes our whole side for dead. Who is alive here is not
   * believed dead by hearsay: it is told, and its refutation ends the rumour everywhere.
   */
  #learnFromSync(claim: Claim, nowMs: number): void {
    const known = this.#members.get(claim.id);
    const doubts = claim.state === 'suspect' || claim.state === 'dead';
    if (known?.state !== 'alive' || !doubts) {
      this.#learn(claim, nowMs);
      return;
    }
    if (claim.incarnation < known.incarnation) return;
    const message: Message = { type: 'ping', sequence: ++this.#sequence, target: claim.id };
    this.#effects.push({ type: 'send', to: known.swimAddress, message, gossip: [claim] });
  }

  #learn(claim: Claim, nowMs: number): void {
    if (claim.id === this.#self.id) {
      this.#refute(claim, nowMs);
      return;
    }
    const known = this.#members.get(claim.id);
    if (known ? !overrides(claim, known) : this.#members.size >= membersMax) return;
    // Nobody dies here without having been suspected here: a rumour gets time to be refuted.
    const state = claim.state === 'dead' && known?.state === 'alive' ? 'suspect' : claim.state;
    const changedAtMs = known?.state === state ? known.changedAtMs : nowMs;
    const member: Member = { ...claim, state, changedAtMs };
    this.#set(member);
    this.#news.add(claim.id);
    if (state === 'suspect') {
      const { id: target, incarnation } = claim;
      this.#timer(this.#settings.suspicionMs, { type: 'suspicion', target, incarnation });
    }
    this.#effects.push({ type: 'changed', member });
  }

  #refute(claim: Claim, nowMs: number): void {
    if (this.#self.state === 'left' || claim.incarnation < this.#self.incarnation) return;
    if (claim.state === 'alive' && claim.incarnation === this.#self.incarnation) return;
    if (this.#settings.noRefutation) return;
    this.#self = { ...this.#self, incarnation: claim.incarnation + 1, changedAtMs: nowMs };
    this.#news.add(this.#self.id);
    this.#effects.push({ type: 'changed', member: this.#self });
  }
}

/** Worth sending to. */
function isNear(member: Member | undefined): boolean {
  return member?.state === 'alive' || member?.state === 'suspect';
}
