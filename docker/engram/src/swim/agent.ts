/**
 * Binds the SWIM state machine to an `Env`: datagrams, timers, and a file with the members, so that a
 * node that restarts inside a partition still knows who belongs to the cluster.
 */
import type { Env } from '../env/env.ts';
import type { Member, Membership } from './membership.ts';
import { type Claim, decode, encode } from './message.ts';
import { type Effect, Swim, type SwimSettings } from './swim.ts';

const membersFile = 'members.json';
const saveDelayMs = 200;

export class SwimAgent implements Membership {
  readonly #env: Env;
  readonly #swim: Swim;
  readonly #listeners: ((member: Member) => void)[] = [];
  #saving = false;
  #stopped = false;
  #members: readonly Member[] = [];
  readonly counters = { sent: 0, received: 0, rejected: 0, changes: 0 };

  private constructor(env: Env, swim: Swim) {
    this.#env = env;
    this.#swim = swim;
    this.#refresh();
  }

  /** Reads the members of a former life. The incarnation follows the wall clock, so it grows. */
  static async create(
    env: Env,
    self: Omit<Claim, 'state' | 'incarnation'>,
    seeds: readonly string[],
    settings: SwimSettings,
  ): Promise<SwimAgent> {
    const bytes = await env.disk.read(membersFile);
    const known = bytes ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as Claim[]) : [];
    const before = known.find((claim) => claim.id === self.id)?.incarnation ?? 0;
    const member: Member = {
      ...self,
      state: 'alive',
      incarnation: Math.max(Math.floor(env.nowMs()), before + 1),
      changedAtMs: env.monotonicMs(),
    };
    const swim = new Swim(member, known, seeds, settings, () => env.random());
    return new SwimAgent(env, swim);
  }

  start(): void {
    this.#env.datagram.receive((_from, bytes) => {
      const datagram = this.#stopped ? null : decode(bytes);
      if (datagram === null) {
        this.counters.rejected++;
        return;
      }
      this.counters.received++;
      const now = this.#env.monotonicMs();
      this.#perform(this.#swim.receive(datagram.from, datagram.message, datagram.gossip, now));
    });
    this.#perform(this.#swim.start());
    this.#save();
  }

  /** Tells the others that this node leaves on purpose. */
  leave(): void {
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

  #refresh(): void {
    this.#members = [...this.#swim.others(), this.#swim.self].sort((left, right) =>
      left.id < right.id ? -1 : 1,
    );
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send': {
          const { bytes } = encode(this.#swim.self, effect.message, effect.gossip);
          this.counters.sent++;
          this.#env.datagram.send(effect.to, bytes);
          break;
        }
        case 'timer': {
          const due = this.#env.monotonicMs() + effect.afterMs;
          this.#env.timer(effect.afterMs, () => {
            if (this.#stopped) return;
            const now = this.#env.monotonicMs();
            this.#perform(this.#swim.timer(effect.timer, now, now - due));
          });
          break;
        }
        case 'changed':
          this.counters.changes++;
          this.#refresh();
          this.#env.log('info', 'swim.changed', {
            member: effect.member.id,
            state: effect.member.state,
            incarnation: effect.member.incarnation,
          });
          this.#save();
          for (const listener of this.#listeners) listener(effect.member);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #save(): void {
    if (this.#saving || this.#stopped) return;
    this.#saving = true;
    this.#env.timer(saveDelayMs, () => {
      const claims = this.#members.map(({ changedAtMs: _, ...claim }) => claim);
      this.#env.disk.replace(membersFile, Buffer.from(JSON.stringify(claims))).then(
        () => {
          this.#saving = false;
        },
        (error) => {
          this.#saving = false;
          this.#env.log('warn', 'swim.members-not-saved', { reason: String(error) });
        },
      );
    });
  }
}
