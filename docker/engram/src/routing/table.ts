/**
 * Who is primary of each space: a state machine without I/O.
 *
 * The first reachable owner in order of preference serves as primary. If the primary that an entry names
 * cannot be reached or owns the space no longer, that owner promotes itself. Each promotion takes a
 * new generation, and generations are ballots as in Paxos: node i uses only numbers that are i
 * modulo 128. So two sides of a cut that promote separately never give one generation two
 * primaries; after the heal the higher (generation, node) wins everywhere, and the next promotion
 * goes beyond both. Safety does not rest on it: any owner may write.
 */

export interface Route {
  readonly space: string;
  readonly primary: string;
  readonly replicas: readonly string[];
  /** 0: nobody was ever promoted, the primary is what placement says. */
  readonly generation: number;
  /** Grows with every change that this node has seen. */
  readonly version: number;
}

const ballots = 128;

/** The next generation after `current` that belongs to the node at `index`. */
export function nextGeneration(current: number, index: number): number {
  const base = current - (current % ballots) + (index % ballots);
  return base > current ? base : base + ballots;
}

export interface RoutingView {
  readonly self: string;
  /** Index of this node among all known members, sorted by id; 1 or more. */
  index(): number;
  owners(space: string): readonly string[];
  reachable(id: string): boolean;
  /** It can be reached and takes no writes. */
  sick?(id: string): boolean;
  /** On purpose, see faults.ts: promotion keeps the old generation. */
  readonly keepsGeneration?: boolean;
}

export class RoutingTable {
  readonly #view: RoutingView;
  readonly #routes = new Map<string, Route>();

  constructor(view: RoutingView) {
    this.#view = view;
  }

  /** The route of a space as this node believes it. */
  route(space: string): Route {
    const owners = this.#view.owners(space);
    const known = this.#routes.get(space);
    const primary = known?.primary ?? owners[0];
    const replicas = owners.filter((owner) => owner !== primary);
    return {
      space,
      primary,
      replicas,
      generation: known?.generation ?? 0,
      version: known?.version ?? 0,
    };
  }

  /** As in `route`, for those who ask for nothing else. */
  primary(space: string): string {
    return this.#routes.get(space)?.primary ?? this.#view.owners(space)[0];
  }

  generation(space: string): number {
    return this.#routes.get(space)?.generation ?? 0;
  }

  /** Reachable owners, the primary first, then by preference; sick ones last. */
  candidates(space: string): string[] {
    const owners = this.#view.owners(space);
    const primary = this.#routes.get(space)?.primary ?? owners[0];
    return owners
      .filter((owner) => this.#view.reachable(owner))
      .sort((left, right) => Number(right === primary) - Number(left === primary))
      .sort((left, right) => Number(this.#isSick(left)) - Number(this.#isSick(right)));
  }

  #isSick(owner: string): boolean {
    return this.#view.sick?.(owner) ?? false;
  }

  /** Promotes this node where it must; returns the new route, or null where nothing changed. */
  promote(space: string): Route | null {
    const { self } = this.#view;
    const owners = this.#view.owners(space);
    const known = this.#routes.get(space);
    const primary = known?.primary ?? owners[0];
    const fit = (owner: string): boolean =>
      this.#view.reachable(owner) && !(this.#view.sick?.(owner) ?? false);
    if (owners.includes(primary) && fit(primary)) return null;
    const heir = owners.find(fit);
    if (heir !== self) return null;
    const old = known?.generation ?? 0;
    const generation = this.#view.keepsGeneration ? old : nextGeneration(old, this.#view.index());
    return this.#store(space, self, generation, (known?.version ?? 0) + 1);
  }

  #store(space: string, primary: string, generation: number, version: number): Route {
    const replicas = this.#view.owners(space).filter((owner) => owner !== primary);
    const route: Route = { space, primary, replicas, generation, version };
    this.#routes.set(space, route);
    return route;
  }

  /** Takes over what a peer knows; returns whether it was news. */
  merge(theirs: Route): boolean {
    const mine = this.#routes.get(theirs.space);
    if (mine) {
      const order = theirs.generation - mine.generation;
      if (order < 0 || (order === 0 && theirs.primary <= mine.primary)) return false;
    } else if (theirs.generation === 0) {
      return false;
    }
    const version = Math.max(theirs.version, (mine?.version ?? 0) + 1);
    this.#store(theirs.space, theirs.primary, theirs.generation, version);
    return true;
  }

  /** Routes that differ from plain placement. Sorted by space. */
  entries(): Route[] {
    return [...this.#routes.keys()].sort().map((space) => this.route(space));
  }
}
