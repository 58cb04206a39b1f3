/**
 * Which nodes own a space: consistent hashing (Karger et al. 1997) with virtual nodes, no two copies in
 * one rack while racks suffice. Over all known members, alive or dead, so that a partition moves
 * no data. Pure; a look-up is a map access, since owners are remembered until the members change.
 */
import type { Placement } from '../data.ts';
import { hashText } from '../gossip/merkle.ts';

/** 512 points give each node a share within about 5 % of the mean. */
export const virtualNodes = 512;

export interface RingMember {
  readonly id: string;
  readonly rack: string;
}

export class Ring {
  readonly #points: Float64Array;
  readonly #owners: Uint16Array;
  readonly #members: readonly RingMember[];

  constructor(members: readonly RingMember[]) {
    this.#members = [...members].sort((left, right) => (left.id < right.id ? -1 : 1));
    const points: { readonly point: number; readonly owner: number }[] = [];
    this.#members.forEach((member, owner) => {
      for (let i = 0; i < virtualNodes; i++) {
        points.push({ point: hashText(`${member.id}#${i}`), owner });
      }
    });
    points.sort((left, right) => left.point - right.point || left.owner - right.owner);
    this.#points = Float64Array.from(points, (each) => each.point);
    this.#owners = Uint16Array.from(points, (each) => each.owner);
  }

  /** The first `count` different nodes clockwise from the key, those of new racks first. */
  preference(key: string, count: number): string[] {
    const wanted = Math.min(count, this.#members.length);
    const chosen: number[] = [];
    const passedOver: number[] = [];
    const racks = new Set<string>();
    const start = this.#firstAfter(hashText(key));
    for (let i = 0; i < this.#points.length && chosen.length < wanted; i++) {
      const owner = this.#owners[(start + i) % this.#points.length]!;
      if (chosen.includes(owner) || passedOver.includes(owner)) continue;
      const { rack } = this.#members[owner]!;
      if (rack !== '' && racks.has(rack)) {
        passedOver.push(owner);
        continue;
      }
      racks.add(rack);
      chosen.push(owner);
    }
    return [...chosen, ...passedOver].slice(0, wanted).map((owner) => this.#members[owner]!.id);
  }

  #firstAfter(point: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]! < point) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Placement over a changing list of members. */
export class RingPlacement implements Placement {
  readonly #members: () => readonly RingMember[];
  readonly #factor: number;
  #seen: readonly RingMember[] = [];
  #signature = '';
  #ring = new Ring([]);
  readonly #cache = new Map<string, readonly string[]>();

  constructor(members: () => readonly RingMember[], factor: number) {
    this.#members = members;
    this.#factor = factor;
  }

  owners(space: string): readonly string[] {
    const members = this.#members();
    if (members !== this.#seen) {
      this.#seen = members;
      const signature = members.map((member) => `${member.id}/${member.rack}`).join(',');
      if (signature !== this.#signature) {
        this.#signature = signature;
        this.#ring = new Ring(members);
        this.#cache.clear();
      }
    }
    let owners = this.#cache.get(space);
    if (!owners) {
      owners = this.#ring.preference(space, this.#factor);
      this.#cache.set(space, owners);
    }
    return owners;
  }
}
