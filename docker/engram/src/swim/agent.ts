/**
 * Binds the SWIM state machine to an `Env`: datagrams, timers, seeds, and the memory of former lives.
 * Decides nothing itself.
 */
import { seedAddresses } from '../discovery/seeds.ts';
import type { Env } from '../env/env.ts';
import type { Member, Membership } from './membership.ts';
import { MemberSaver, recallMembers } from './memory.ts';
import { type Claim, decode, encode } from './message.ts';
import type { Effect, SwimSettings } from './protocol.ts';
import { Swim } from './swim.ts';

const joinLookMs = 10;
/** How far ahead of this node's clock an incarnation may be: a clock that is a day wrong. */
const incarnationAheadMax = 24 * 3600 * 1000;

export class SwimAgent implements Membership {
  readonly #env: Env;
  readonly #swim: Swim;
  readonly #saver: MemberSaver;
  readonly #listeners: ((member: Member) => void)[] = [];
  /** Addresses that speak with this node's own id. */
  readonly #namesakes = new Set<string>();
  /** No seeds were given. */
  readonly #alone: boolean;
  #stopped = false;
  #members: readonly Member[] = [];
  readonly counters = { sent: 0, received: 0, rejected: 0, changes: 0, namesakes: 0 };

  private constructor(env: Env, swim: Swim, alone: boolean) {
    this.#env = env;
    this.#alone = alone;
    this.#swim = swim;
    this.#saver = new MemberSaver(env, () => this.#members);
    this.#refresh();
  }

  /**
   * Reads the members of a former life. The incarnation follows the wall clock and is always above that
   * of the former life. `seeds` are `host:port`; a host may have many addresses.
   */
  static async create(
    env: Env,
    self: Omit<Claim, 'state' | 'incarnation'>,
    seeds: readonly string[],
    settings: SwimSettings,
  ): Promise<SwimAgent> {
    const known = await recallMembers(env);
    const before = known.find((claim) => claim.id === self.id)?.incarnation ?? 0;
    const member: Member = {
      ...self,
      state: 'alive',
      incarnation: Math.max(Math.floor(env.nowMs()), before + 1),
      changedAtMs: env.monotonicMs(),
    };
    const addresses = (): readonly string[] => seedAddresses(seeds, env.names);
    const swim = new Swim(member, known, addresses, settings, () => env.random());
    return new SwimAgent(env, swim, seeds.length === 0);
  }

  start(): void {
    this.#env.datagram.receive((from, bytes) => this.#receive(from, bytes));
    this.#perform(this.#swim.start());
    this.#saver.changed();
  }

  /** Resolves when somebody has answered, or at once when nobody is there to ask, or after `atMostMs`. */
  joined(atMostMs: number): Promise<void> {
    if (this.#alone && this.#members.length === 1) return Promise.resolve();
    const until = this.#env.monotonicMs() + atMostMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#swim.joined || this.#env.monotonicMs() >= until) resolve();
        else this.#env.timer(joinLookMs, look);
      };
      look();
    });
  }

  /** Tells the others that this node leaves on purpose. */
  leave(): void {
    if (this.#stopped) return;
    this.#perform(this.#swim.leave());
    this.#stopped = true;
  }

  get self(): Member {
    return this.#swim.self;
  }

  members(): readonly Member[] {
    return this.#members;
  }

  get(id: string): Member | undefined {
    return this.#swim.get(id);
  }

  reachable(id: string): boolean {
    if (id === this.self.id) return true;
    const state = this.#swim.get(id)?.state;
    return state === 'alive' || state === 'suspect';
  }

  onChange(listener: (member: Member) => void): void {
    this.#listeners.push(listener);
  }

  #receive(from: string, bytes: Uint8Array): void {
    if (this.#stopped) return;
    const datagram = decode(bytes);
    if (datagram === null) {
      this.counters.rejected++;
      return;
    }
    // An incarnation is a clock at a start, and grows by refutations: no owner of a name has got beyond that.
    const limit = this.#env.nowMs() + incarnationAheadMax;
    if (datagram.from.incarnation > limit) {
      this.counters.rejected++;
      return;
    }
    const gossip = datagram.gossip.filter((claim) => claim.incarnation <= limit);
    this.counters.rejected += datagram.gossip.length - gossip.length;
    this.counters.received++;
    const { id, swimAddress } = datagram.from;
    if (id === this.self.id && swimAddress !== this.self.swimAddress) this.#namesake(from);
    const now = this.#env.monotonicMs();
    this.#perform(this.#swim.receive(datagram.from, datagram.message, gossip, now));
  }

  /** Two nodes with one id would refute each other for ever and write as one actor. */
  #namesake(from: string): void {
    this.counters.namesakes++;
    if (this.#namesakes.has(from) || this.#namesakes.size > 16) return;
    this.#namesakes.add(from);
    this.#env.log('error', 'swim.id-taken', { id: this.self.id, from });
  }

  #refresh(): void {
    this.#members = [...this.#swim.others(), this.#swim.self].sort((left, right) =>
      left.id < right.id ? -1 : 1,
    );
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.counters.sent++;
          this.#env.datagram.send(
            effect.to,
            encode(this.#swim.self, effect.message, effect.gossip),
          );
          break;
        case 'timer':
          this.#setTimer(effect);
          break;
        case 'changed':
          this.#announce(effect.member);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #setTimer({ timer, afterMs }: Extract<Effect, { type: 'timer' }>): void {
    const due = this.#env.monotonicMs() + afterMs;
    this.#env.timer(afterMs, () => {
      if (this.#stopped) return;
      const now = this.#env.monotonicMs();
      this.#perform(this.#swim.timer(timer, now, now - due));
    });
  }

  #announce(member: Member): void {
    this.counters.changes++;
    this.#refresh();
    const { id, state, incarnation } = member;
    this.#env.log('info', 'swim.changed', { member: id, state, incarnation });
    this.#saver.changed();
    for (const listener of this.#listeners) listener(member);
  }
}
