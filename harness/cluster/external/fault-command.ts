/**
 * A user's own program that makes faults in a cluster that we do not run. It is called with a verb and its arguments,
 * each an argument of its own, and says what it can do when it is asked for its `capabilities`: words out of kill,
 * pause and cut.
 *
 * | call | what it does |
 * | --- | --- |
 * | `capabilities` | prints the words |
 * | `kill n1`, `start n1`, `pause n1`, `resume n1` | the process of the node |
 * | `state n1` | prints running, paused or exited |
 * | `cut '{"n1":["n2"]}'`, `heal` | n1 drops the packets of n2; all that was cut is whole again |
 * | `probe n1` | prints what n1 sees: `{"open":{"n2":false},"dropped":{"n2":3}}` |
 */
import { z } from 'zod';
import type { Grudge } from '../../generator/fault-plan.ts';
import type { NodeHandle, ProcessState } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NetworkPowers, Probe } from '../powers.ts';
import { mustRun } from '../processes/run.ts';
import { Turns } from '../turns.ts';

const callTimeoutMs = 60_000;
export const commandPowers = ['kill', 'pause', 'cut'] as const;
export type CommandPower = (typeof commandPowers)[number];

const states = z.enum(['running', 'paused', 'exited']);
const probeSchema = z.object({
  open: z.record(z.string(), z.boolean()),
  dropped: z.record(z.string(), z.number()).default({}),
});

export class FaultCommand implements NetworkPowers {
  readonly #argv: readonly string[];
  readonly #nodes: readonly NodeHandle[];
  readonly #turns = new Turns();

  constructor(argv: readonly string[], nodes: readonly NodeHandle[]) {
    this.#argv = argv;
    this.#nodes = nodes;
  }

  call(verb: string, ...args: readonly string[]): Promise<string> {
    return mustRun([...this.#argv, verb, ...args], callTimeoutMs);
  }

  /** Rejects with ClusterError where it says something else than it may. */
  async capabilities(): Promise<CommandPower[]> {
    const words = (await this.call('capabilities')).split(/\s+/).filter((word) => word !== '');
    return words.map((word) => {
      const known = commandPowers.find((each) => each === word);
      if (known !== undefined) return known;
      const text = `the fault command says that it can ${JSON.stringify(word)}`;
      throw new ClusterError('settings-refused', `${text}; known are ${commandPowers.join(', ')}`);
    });
  }

  async state(node: string): Promise<ProcessState> {
    const printed = (await this.call('state', node)).trim();
    const state = states.safeParse(printed);
    if (state.success) return state.data;
    const text = `the fault command says that ${node} is ${JSON.stringify(printed)}`;
    throw new ClusterError('program-failed', `${text}; known are ${states.options.join(', ')}`);
  }

  cut(grudge: Grudge, flapMs: number | null): Promise<void> {
    return this.#turns.begin(flapMs, {
      on: async () => void (await this.call('cut', JSON.stringify(grudge))),
      off: async () => void (await this.call('heal')),
    });
  }

  heal(): Promise<void> {
    return this.#turns.end(async () => void (await this.call('heal')));
  }

  async probe(node: string): Promise<Probe | null> {
    const printed = await this.call('probe', node);
    let seen: z.infer<typeof probeSchema>;
    try {
      seen = probeSchema.parse(JSON.parse(printed));
    } catch (cause) {
      const text = `the fault command did not say what ${node} sees: ${printed.slice(0, 200)}`;
      throw new ClusterError('program-failed', text, { cause });
    }
    const byAddress = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(
        this.#nodes
          .filter(({ name }) => Object.hasOwn(values, name))
          .map(({ name, address }) => [address, values[name]]),
      );
    const dropped = byAddress(seen.dropped);
    return { open: byAddress(seen.open), dropped, chained: Object.keys(dropped).length > 0 };
  }
}
