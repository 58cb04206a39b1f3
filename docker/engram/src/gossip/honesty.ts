/**
 * What an answer about a space says of itself, and which spaces this node serves yet. A node that has become an owner
 * of a space, or comes with an empty disk, is *joining* until it covers what the serving owners have that it
 * hears, at least one; where nobody serves a space, it is new, and all its owners do as soon as they hear each other.
 */
import type { Placement, Standing } from '../data.ts';
import type { Replica } from '../store/replica.ts';
import type { Membership } from '../swim/membership.ts';
import { PeerViews } from './views.ts';

export class Honesty {
  readonly #replica: Replica;
  readonly #membership: Membership;
  readonly #placement: Placement;
  readonly views: PeerViews;
  /** Spaces that this node serves. */
  readonly #serving = new Set<string>();

  constructor(replica: Replica, membership: Membership, placement: Placement) {
    this.#replica = replica;
    this.#membership = membership;
    this.#placement = placement;
    this.views = new PeerViews((space) => replica.peek(space).known);
  }

  /** What the log has of a former life was served by it. */
  start(): void {
    for (const space of this.#replica.names()) this.#serving.add(space);
  }

  #others(space: string): readonly string[] {
    const self = this.#membership.self.id;
    return this.#placement.owners(space).filter((owner) => owner !== self);
  }

  serves(space: string): boolean {
    if (this.#serving.has(space) || this.#replica.faults.has('serve-while-joining')) return true;
    if (!this.#mayServe(space)) return false;
    this.#serving.add(space);
    return true;
  }

  #mayServe(space: string): boolean {
    const nowMs = this.#replica.env.monotonicMs();
    const others = this.#others(space);
    const heard = others.filter((owner) => this.views.isHeard(owner, nowMs));
    const serving = heard.filter((owner) => this.views.serves(owner, space) === true);
    if (serving.length > 0) return serving.every((owner) => this.views.coversNewest(owner, space));
    return heard.length === others.length;
  }

  /** An owner that is known to serve a space, other than this node. */
  servingOwner(space: string): string | null {
    const nowMs = this.#replica.env.monotonicMs();
    const found = this.#others(space).find(
      (owner) => this.views.isHeard(owner, nowMs) && this.views.serves(owner, space) === true,
    );
    return found ?? null;
  }

  standing(space: string): Standing {
    const nowMs = this.#replica.env.monotonicMs();
    const self = this.#membership.self.id;
    const others = this.#others(space);
    const owners = this.#placement.owners(space);
    const heard = owners.filter((owner) => owner === self || this.views.isHeard(owner, nowMs));
    const counts = { heard: heard.length, owners: owners.length };
    if (this.#replica.faults.has('serve-while-joining')) return { partial: [], ...counts };
    const behind = others.filter((owner) => !this.views.covers(owner, space, nowMs));
    const partial = this.serves(space) ? behind : [self, ...behind];
    return { partial: partial.sort(), ...counts };
  }
}
