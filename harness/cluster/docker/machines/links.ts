/**
 * Bad links between containers: a forwarder in each node's sidecar, to which rules hand the packets as long as
 * anything is wrong with a link of that node.
 */
import type { NodeHandle } from '../../cluster.ts';
import type { LinkFault, LinkMeasure, LinkPowers } from '../../powers.ts';
import type { Conversation } from './conversation.ts';
import { linesFor } from './link-lines.ts';
import { divertScript, queueNumber, undivertScript } from './link-rules.ts';
import { program, receiverProgram, senderProgram } from './programs.ts';
import type { Sidecars } from './sidecars.ts';

const execTimeoutMs = 10_000;
const measureTimeoutMs = 60_000;
const packetBytes = 1000;
/** So that they do not overrun the receiver's buffer on a busy machine. */
const pauseMs = 1;
/** Longer than any delay of a fault: later than that a packet counts as lost. */
const quietMs = 1500;

const script = (source: string): string[] => ['/bin/sh', '-c', source];

interface Received {
  readonly numbers: readonly number[];
  readonly latencies: readonly number[];
  readonly changed: number;
}

/** From what arrived, in the order in which it did. */
export function measureOf(sent: number, { numbers, latencies, changed }: Received): LinkMeasure {
  const seen = new Set<number>();
  let [highest, overtaken, sum] = [-1, 0, 0];
  numbers.forEach((number, i) => {
    if (seen.has(number)) return;
    seen.add(number);
    sum += latencies[i];
    if (number < highest) overtaken++;
    highest = Math.max(highest, number);
  });
  const repeated = numbers.length - seen.size;
  return { sent, arrived: seen.size, repeated, overtaken, changed, meanMs: sum / seen.size };
}

export class ContainerLinks implements LinkPowers {
  readonly #nodes: () => readonly NodeHandle[];
  readonly #sidecars: Sidecars;
  readonly #seed: number;
  readonly #faults = new Map<string, LinkFault>();
  readonly #forwarders = new Map<string, Conversation>();
  /** Nodes whose packets are handed to a forwarder. */
  readonly #diverted = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(nodes: () => readonly NodeHandle[], sidecars: Sidecars, seed: number) {
    this.#nodes = nodes;
    this.#sidecars = sidecars;
    this.#seed = seed;
  }

  /** One change after another: each one concerns the forwarders of several nodes. */
  setLink(node: string, fault: LinkFault | null): Promise<void> {
    const change = this.#last.then(() => {
      if (fault) this.#faults.set(node, fault);
      else this.#faults.delete(node);
      return this.#tellAll();
    });
    this.#last = change.catch(() => {});
    return change;
  }

  async #tellAll(): Promise<void> {
    const nodes = this.#nodes();
    await Promise.all(nodes.map((node) => this.#tell(node, linesFor(node, nodes, this.#faults))));
  }

  async #tell(node: NodeHandle, lines: readonly string[]): Promise<void> {
    if (lines.length === 1) return this.#restore(node.name);
    const forwarder = await this.#forwarder(node.name);
    for (const line of lines) await forwarder.say(line);
    if (this.#diverted.has(node.name)) return;
    this.#diverted.add(node.name);
    await this.#sidecars.run(node.name, script(divertScript), execTimeoutMs);
  }

  async #forwarder(node: string): Promise<Conversation> {
    const known = this.#forwarders.get(node);
    if (known && !known.ended) return known;
    const seed = this.#seed + this.#nodes().findIndex(({ name }) => name === node);
    const argv = ['link-forwarder', String(queueNumber), String(seed)];
    const forwarder = await this.#sidecars.converse(node, argv);
    this.#forwarders.set(node, forwarder);
    return forwarder;
  }

  /** The rules go first, so that what the forwarder still holds is all that it can lose. */
  async #restore(node: string): Promise<void> {
    if (this.#diverted.has(node)) {
      await this.#sidecars.run(node, script(undivertScript), execTimeoutMs);
      this.#diverted.delete(node);
    }
    const forwarder = this.#forwarders.get(node);
    if (forwarder && !forwarder.ended) await forwarder.say('clear');
  }

  async measure(from: string, to: string, packets: number): Promise<LinkMeasure> {
    const { address } = this.#nodes().find(({ name }) => name === to)!;
    const argv = program(receiverProgram, address, String(quietMs));
    const receiver = await this.#sidecars.converse(to, argv);
    try {
      const received = receiver.next(measureTimeoutMs);
      const sizes = [packets, packetBytes, pauseMs].map(String);
      const sender = program(senderProgram, address, receiver.greeting, ...sizes);
      await this.#sidecars.run(from, sender, measureTimeoutMs);
      return measureOf(packets, JSON.parse(await received) as Received);
    } finally {
      receiver.close();
    }
  }

  close(): void {
    for (const forwarder of this.#forwarders.values()) forwarder.close();
  }
}
