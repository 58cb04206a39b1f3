/**
 * Runs a script against the SWIM state machine and writes down what it does, in the manner of the data-driven
 * tests of etcd's raft. A script is a text; lines that begin with two spaces are output and are
 * ignored on reading, so that a transcript is its own script.
 *
 *     new n1 known=n2,n3 [seeds=host:port] [no-refutation] [never-probe-dead]
 *     start                              all timers are set
 *     at 1500                            the clock stands at 1500 ms
 *     fire probe [n2] [late=900]         the oldest timer of that type (and target) is due
 *     receive ack n2 sequence=1          also ping, ping-req (target=), sync (answer); and
 *             gossip=n3:dead@5,n4:alive@1   n2@7 for another incarnation, n2:left@7 for another state
 *     leave
 *     members
 */
import type { Member, MemberState } from '../membership.ts';
import type { Claim, Message } from '../message.ts';
import { defaultSwimSettings, type Effect, type Timer } from '../protocol.ts';
import { Swim } from '../swim.ts';

function claimOf(text: string): Claim {
  const [, id = '', state = 'alive', incarnation = '1'] =
    /^([a-z0-9-]+)(?::([a-z]+))?(?:@(\d+))?$/.exec(text) ?? [];
  return {
    id,
    swimAddress: `${id}:7946`,
    apiAddress: `${id}:7432`,
    rpcAddress: `${id}:7433`,
    rack: '',
    zone: '',
    state: state as MemberState,
    incarnation: Number(incarnation),
  };
}

const show = (claim: Claim): string => `${claim.id}:${claim.state}@${claim.incarnation}`;

function showMessage(message: Message): string {
  switch (message.type) {
    case 'ping':
    case 'ping-req':
      return `${message.type} ${message.target} sequence=${message.sequence}`;
    case 'ack':
      return `ack sequence=${message.sequence}`;
    case 'sync':
      return message.wantsAnswer ? 'sync answer' : 'sync';
  }
}

function showTimer(timer: Timer): string {
  switch (timer.type) {
    case 'indirect':
    case 'verdict':
      return `${timer.type} ${timer.target} sequence=${timer.sequence}`;
    case 'suspicion':
      return `suspicion ${timer.target}@${timer.incarnation}`;
    default:
      return timer.type;
  }
}

class Run {
  #swim: Swim | null = null;
  #nowMs = 0;
  readonly #timers: Timer[] = [];

  line(text: string): string[] {
    const [verb = '', ...words] = text.split(/\s+/);
    const options = new Map(words.map((word) => word.split('=', 2) as [string, string]));
    const list = (name: string): string[] => options.get(name)?.split(',') ?? [];
    switch (verb) {
      case 'new':
        this.#swim = new Swim(
          { ...claimOf(words[0]), changedAtMs: 0 },
          list('known').map(claimOf),
          () => list('seeds'),
          {
            ...defaultSwimSettings,
            noRefutation: options.has('no-refutation'),
            neverProbeDead: options.has('never-probe-dead'),
          },
          () => 0,
        );
        return [];
      case 'start':
        return this.#show(this.#swim!.start());
      case 'at':
        this.#nowMs = Number(words[0]);
        return [];
      case 'leave':
        return this.#show(this.#swim!.leave());
      case 'members':
        return [this.#swim!.self, ...this.#swim!.others()].map((member: Member) => show(member));
      case 'fire': {
        const [type, target] = words.filter((word) => !word.includes('='));
        const at = this.#timers.findIndex(
          (timer) =>
            timer.type === type && (!target || ('target' in timer && timer.target === target)),
        );
        if (at < 0) throw new Error(`no timer for: ${text}`);
        const [timer] = this.#timers.splice(at, 1);
        const lateMs = Number(options.get('late') ?? 0);
        return this.#show(this.#swim!.timer(timer!, this.#nowMs, lateMs));
      }
      case 'receive': {
        const message = this.#message(words[0], options);
        const gossip = list('gossip').map(claimOf);
        return this.#show(this.#swim!.receive(claimOf(words[1]), message, gossip, this.#nowMs));
      }
      default:
        throw new Error(`no such command: ${text}`);
    }
  }

  #message(type: string, options: ReadonlyMap<string, string>): Message {
    const sequence = Number(options.get('sequence'));
    const target = options.get('target') ?? this.#swim!.self.id;
    switch (type) {
      case 'ack':
        return { type, sequence };
      case 'ping':
      case 'ping-req':
        return { type, sequence, target };
      case 'sync':
        return { type, wantsAnswer: options.has('answer') };
      default:
        throw new Error(`no such message: ${type}`);
    }
  }

  #show(effects: readonly Effect[]): string[] {
    const lines: string[] = [];
    for (const effect of effects) {
      switch (effect.type) {
        case 'send': {
          const gossip = effect.gossip.length > 0 ? ` gossip=${effect.gossip.map(show)}` : '';
          lines.push(`send ${effect.to} ${showMessage(effect.message)}${gossip}`);
          break;
        }
        case 'timer':
          this.#timers.push(effect.timer);
          lines.push(`timer ${showTimer(effect.timer)} after ${Math.round(effect.afterMs)} ms`);
          break;
        case 'changed':
          lines.push(`changed ${show(effect.member)}`);
          break;
      }
    }
    return lines;
  }
}

/** The script with the output of now in it. */
export function transcribe(script: string): string {
  const run = new Run();
  const lines: string[] = [];
  let command = '';
  for (const line of script.split('\n')) {
    if (line.startsWith('  ')) continue;
    lines.push(line);
    if (line === '' || line.startsWith('#')) continue;
    command += line;
    if (command.endsWith('\\')) {
      command = command.slice(0, -1);
      continue;
    }
    for (const output of run.line(command)) lines.push(`  ${output}`);
    command = '';
  }
  return lines.join('\n');
}
