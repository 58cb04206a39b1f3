/**
 * Cuts between containers: rules in a chain of our own in each node's network namespace. What is run there is in
 * `inside.ts`.
 */
import type { Grudge } from '../../generator/fault-plan.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NetworkPowers, Probe } from '../powers.ts';
import { Turns } from '../turns.ts';
import { cutScript, healScript, probeProgram, program, script } from './inside.ts';

const execTimeoutMs = 10_000;
/** Nobody needs to listen there: a refusal is an answer. */
const probePort = 7433;

export class ContainerNetwork implements NetworkPowers {
  readonly #cluster: Cluster;
  readonly #turns = new Turns();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  cut(grudge: Grudge, flapMs: number | null): Promise<void> {
    return this.#turns.begin(flapMs, {
      on: () => this.#cut(grudge),
      off: () => this.#heal(),
    });
  }

  heal(): Promise<void> {
    return this.#turns.end(() => this.#heal());
  }

  async #cut(grudge: Grudge): Promise<void> {
    await Promise.all(
      Object.entries(grudge).map(async ([node, dropped]) => {
        if (dropped.length === 0) return;
        const addresses = this.#cluster.nodes
          .filter(({ name }) => dropped.includes(name))
          .map(({ address }) => address);
        await this.#must(node, script(cutScript, ...addresses), 'rules could not be set');
      }),
    );
  }

  async #heal(): Promise<void> {
    await Promise.all(
      this.#cluster.nodes.map(async ({ name }) => {
        const state = await this.#cluster.state(name);
        // A node that was restarted has a new namespace, without rules.
        if (state === 'exited') return;
        if (state === 'paused') {
          throw new ClusterError('rules-stay', `the rules of ${name} stay while it is paused`);
        }
        await this.#must(name, script(healScript), 'rules could not be removed');
      }),
    );
  }

  async #must(node: string, argv: readonly string[], what: string): Promise<void> {
    const { exitCode, stderr } = await this.#cluster.exec(node, argv, execTimeoutMs);
    if (exitCode === 0) return;
    throw new ClusterError('rules-stay', `on ${node} ${what}: ${stderr.trim()}`);
  }

  async probe(node: string, timeoutMs: number): Promise<Probe | null> {
    if ((await this.#cluster.state(node)) !== 'running') return null;
    const peers = this.#cluster.nodes.filter(({ name }) => name !== node);
    const addresses = peers.map(({ address }) => address);
    const argv = program(probeProgram, String(timeoutMs), String(probePort), ...addresses);
    const { exitCode, stdout } = await this.#cluster.exec(node, argv, execTimeoutMs);
    return exitCode === 0 ? (JSON.parse(stdout) as Probe) : null;
  }
}
