/**
 * Which nodes own a space: consistent hashing (Karger et al. 1997) with virtual nodes, no two copies in
 * one rack while racks suffice. Over all known members, alive or dead, so that a partition moves
 * no data. Pure; a look-up is a map access, since owners are remembered until the members change.
 */
import type { Placement } from '../data.ts';
import { hashText } from '../gossip/merkle.ts';

/** The standard deviation of a node's share is about 1/sqrt(virtualNodes) of the mean: 3 %. */
export const virtualNodes = 1024;

/** A place on the ring has 32 bits; a point is place * ownersMax + index of its owner. */
const ownersMax = 2 ** 16;
const cachedSpacesMax = 100_000;

export interface RingMember {
  readonly id: string;
  /** Empty: nothing is known of racks, and the node shares none. */
  readonly rack: string;
}

function placeOf(text: string): number {
  return Math.floor(hashText(text) / 2 ** 21);
}

/** A node builds its ring anew with every member that it meets, and the others stay where they were. */
const placesById = new Map<string, Float64Array>();
const placesByIdMax = 1024;

function placesOf(id: string): Float64Array {
  const known = placesById.get(id);
  if (known !== undefined) return known;
  const places = new Float64Array(virtualNodes);
  for (let i = 0; i < virtualNodes; i++) places[i] = placeOf(`${id}#${i}`);
  if (placesById.size >= placesByIdMax) placesById.clear();
  placesById.set(id, places);
  return places;
}

export class Ring {
  /** Sorted. */
  readonly #points: Float64Array;
  readonly #members: readonly RingMember[];

  constructor(members: readonly RingMember[]) {
    this.#members = [...members].sort((left, right) => (left.id < right.id ? -1 : 1));
    this.#points = new Float64Array(members.length * virtualNodes);
    this.#members.forEach((member, owner) => {
      const places = placesOf(member.id);
      for (let i = 0; i < virtualNodes; i++) {
        this.#points[owner * virtualNodes + i] = places[i] * ownersMax + owner;
      }
    });
    this.#points.sort();
  }

  /** The first `count` different nodes clockwise from the key, those of new racks first. */
  preference(key: string, count: number): string[] {
    const wanted = Math.min(count, this.#members.length);
    const chosen: number[] = [];
    const passedOver: number[] = [];
    const racks = new Set<string>();
    const start = this.#firstAfter(placeOf(key) * ownersMax);
    for (let i = 0; i < this.#points.length && chosen.length < wanted; i++) {
      const owner = this.#points[(start + i) % this.#points.length] % ownersMax;
      if (chosen.includes(owner) || passedOver.includes(owner)) continue;
      const { rack } = this.#members[owner];
      if (rack !== '' && racks.has(rack)) {
        passedOver.push(owner);
        continue;
      }
      racks.add(rack);
      chosen.push(owner);
    }
    return [...chosen, ...passedOver].slice(0, wanted).map((owner) => this.#members[owner].id);
  }

  #firstAfter(point: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle] < point) low = middle + 1;
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

  /** `members` gives the same array for as long as nothing changes. */
  constructor(members: () => readonly RingMember[], factor: number) {
    this.#members = members;
    this.#factor = factor;
  }

  owners(space: string): readonly string[] {
    const members = this.#members();
    if (members !== this.#seen) this.#refresh(members);
    let owners = this.#cache.get(space);
    if (!owners) {
      owners = this.#ring.preference(space, this.#factor);
      if (this.#cache.size >= cachedSpacesMax) this.#cache.clear();
      this.#cache.set(space, owners);
    }
    return owners;
  }

  /** A change of state moves nothing: only who is there, and in which rack. */
  #refresh(members: readonly RingMember[]): void {
    this.#seen = members;
    const signature = members.map((member) => `${member.id}/${member.rack}`).join(',');
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#ring = new Ring(members);
    this.#cache.clear();
  }
}
