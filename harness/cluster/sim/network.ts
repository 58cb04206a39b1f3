/** The network of a virtual world under the tester's hands: cuts, bad links, and packets that try them. */
import type { VirtualWorld } from '../../../docker/engram/src/env/virtual.ts';
import type { Grudge } from '../../generator/fault-plan.ts';
import type { LinkFault, LinkMeasure, LinkPowers, NetworkPowers, Probe } from '../powers.ts';
import type { SimWorld } from './world.ts';

/** How long the last packet of a measurement is waited for. */
const measureWaitMs = 1000;

export class SimNetwork implements NetworkPowers, LinkPowers {
  readonly #world: SimWorld;
  readonly #virtual: VirtualWorld;
  readonly #names: readonly string[];
  /** Between two packets of a measurement: so long that in no fault none overtakes another. */
  readonly #spacingMs: number;
  /** Counts cuts, so that one that flaps knows when it is over. */
  #cuts = 0;

  constructor(world: SimWorld, names: readonly string[], latencyMs: number) {
    this.#world = world;
    this.#virtual = world.virtual;
    this.#names = names;
    this.#spacingMs = Math.max(1, 2 * latencyMs);
  }

  async cut(grudge: Grudge, flapMs: number | null): Promise<void> {
    const number = ++this.#cuts;
    let there = false;
    const turn = (): void => {
      if (number !== this.#cuts) return;
      there = !there;
      if (!there) this.#virtual.heal();
      else {
        for (const [node, dropped] of Object.entries(grudge)) {
          for (const peer of dropped) this.#virtual.cut(peer, node);
        }
      }
      if (flapMs !== null) this.#virtual.after(flapMs, turn);
    };
    turn();
  }

  async heal(): Promise<void> {
    this.#cuts++;
    this.#virtual.heal();
  }

  async probe(node: string, timeoutMs: number): Promise<Probe | null> {
    if (!this.#virtual.powered(node)) return null;
    const peers = this.#names.filter((each) => each !== node);
    const open: Record<string, boolean> = {};
    let left = peers.length;
    await new Promise<void>((resolve) => {
      const timer = this.#world.clock.timer(timeoutMs, resolve);
      for (const peer of peers) {
        open[peer] = false;
        const answered = (): void => {
          if (open[peer]) return;
          open[peer] = true;
          if (--left > 0) return;
          timer.cancel();
          resolve();
        };
        this.#virtual.probe(node, peer, () => this.#virtual.probe(peer, node, answered));
      }
    });
    const dropped: Record<string, number> = {};
    for (const peer of peers) {
      const packets = this.#virtual.dropped(peer, node);
      if (packets !== null) dropped[peer] = packets;
    }
    return { open, dropped, chained: Object.keys(dropped).length > 0 };
  }

  async setLink(node: string, fault: LinkFault | null): Promise<void> {
    this.#virtual.setLink(node, fault);
  }

  async measure(from: string, to: string, packets: number): Promise<LinkMeasure> {
    const { clock } = this.#world;
    const seen = new Set<number>();
    let [last, repeated, overtaken, sumMs] = [-1, 0, 0, 0];
    for (let number = 0; number < packets; number++) {
      const sentMs = this.#virtual.nowMs;
      this.#virtual.probe(from, to, () => {
        if (seen.has(number)) {
          repeated++;
          return;
        }
        seen.add(number);
        if (number < last) overtaken++;
        last = Math.max(last, number);
        sumMs += this.#virtual.nowMs - sentMs;
      });
      await clock.sleep(this.#spacingMs);
    }
    await clock.sleep(measureWaitMs);
    const meanMs = sumMs / seen.size;
    // Virtual packets are values: nothing changes them on their way.
    return { sent: packets, arrived: seen.size, repeated, overtaken, changed: 0, meanMs };
  }
}
