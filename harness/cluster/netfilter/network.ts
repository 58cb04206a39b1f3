/**
 * Cuts by packet filters in the nodes' network namespaces, for every runtime that can work there. A program
 * beside each node (`script.ts`) does what is asked of it; it needs nothing of the node.
 */
import type { Grudge } from '../../generator/fault-plan.ts';
import type { NodeHandle } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import type { NetworkPowers, Probe } from '../powers.ts';
import { Turns } from '../turns.ts';
import type { Agent } from './agent.ts';
import { readProbe } from './answers.ts';

const workTimeoutMs = 30_000;
/** Nobody needs to listen there: a refusal is an answer. */
const probePort = 7433;

/** The nodes as this part of a runtime needs them. */
export interface Filtered {
  readonly nodes: readonly NodeHandle[];
  /** The program beside a node; a new one where the last has ended. Rejects where none can be had. */
  agentOf(node: string): Promise<Agent>;
  /** In which network namespace the node's process lives; null where it does not run, or nobody can tell. */
  namespaceOf(node: string): Promise<string | null>;
}

const addressesOf = ({ address, address6 }: NodeHandle): string[] =>
  address6 === undefined ? [address] : [address, address6];

export class FilteredNetwork implements NetworkPowers {
  readonly #of: Filtered;
  readonly #turns = new Turns();

  constructor(of: Filtered) {
    this.#of = of;
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

  /** On every node: one that is not in this grudge may still have the rules of the last. */
  async #cut(grudge: Grudge): Promise<void> {
    await Promise.all(
      this.#of.nodes.map(({ name }) => {
        const dropped = this.#of.nodes.filter((peer) => grudge[name]?.includes(peer.name));
        return this.#must(name, ['cut', ...dropped.flatMap(addressesOf)]);
      }),
    );
  }

  async #heal(): Promise<void> {
    await Promise.all(this.#of.nodes.map(({ name }) => this.#must(name, ['heal'])));
  }

  async #must(node: string, words: readonly string[]): Promise<void> {
    const agent = await this.#of.agentOf(node);
    const { status, lines } = await agent.ask(words, workTimeoutMs);
    if (status === 0) return;
    const printed = lines.join(' ').trim();
    throw new ClusterError('rules-refused', `${words[0]} on ${node} failed: ${printed}`);
  }

  async probe(node: string, timeoutMs: number): Promise<Probe | null> {
    const peers = this.#of.nodes.filter(({ name }) => name !== node);
    const words = ['probe', String(timeoutMs / 1000), String(probePort)];
    const [agent, lives] = await Promise.all([this.#of.agentOf(node), this.#of.namespaceOf(node)]);
    const asked = [...words, ...peers.flatMap(addressesOf)];
    const { lines } = await agent.ask(asked, timeoutMs + workTimeoutMs);
    return readProbe(lines, peers, lives);
  }
}
