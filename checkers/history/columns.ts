/** Parts from which columns are built: interned names, ragged lists, versions and contexts. */
import type { Ragged, Versions } from './history.ts';

/** Dense numbers for names, in order of first appearance. */
export class Interner {
  readonly #ids = new Map<string, number>();
  readonly names: string[] = [];

  constructor(names: readonly string[] = []) {
    for (const name of names) this.id(name);
  }

  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.names.length;
      this.#ids.set(name, id);
      this.names.push(name);
    }
    return id;
  }
}

export class RaggedBuilder {
  readonly #lists: (readonly number[] | undefined)[];
  empty = true;

  constructor(rows: number) {
    this.#lists = new Array(rows);
  }

  set(row: number, list: readonly number[]): void {
    this.#lists[row] = list;
    this.empty = false;
  }

  build(): Ragged {
    const rows = this.#lists.length;
    const off = new Int32Array(rows + 1);
    for (let row = 0; row < rows; row++) off[row + 1] = off[row] + (this.#lists[row]?.length ?? 0);
    const data = new Int32Array(off[rows]);
    for (let row = 0; row < rows; row++) {
      const list = this.#lists[row];
      if (list) data.set(list, off[row]);
    }
    return { off, data };
  }
}

interface Versioned {
  readonly dot?: string | null;
  readonly context?: Readonly<Record<string, number>> | null;
  readonly contextDots?: readonly string[] | null;
}

function partsOf(dot: string): readonly [actor: string, counter: number] {
  const colon = dot.lastIndexOf(':');
  return [dot.slice(0, colon), Number(dot.slice(colon + 1))];
}

/** Null where no operation has a dot. */
export function buildVersions(n: number, at: (row: number) => Versioned): Versions | null {
  const actors = new Interner();
  const dotActor = new Int16Array(n).fill(-1);
  const dotCounter = new Int32Array(n);
  for (let row = 0; row < n; row++) {
    const { dot, context, contextDots } = at(row);
    if (dot) {
      const [actor, counter] = partsOf(dot);
      dotActor[row] = actors.id(actor);
      dotCounter[row] = counter;
    }
    for (const actor in context ?? {}) actors.id(actor);
    for (const each of contextDots ?? []) actors.id(partsOf(each)[0]);
  }
  if (actors.names.length === 0) return null;
  const width = actors.names.length;
  const context = new Int32Array(n).fill(-1);
  const known = new Map<string, number>();
  const rows: number[] = [];
  const dots: number[] = [];
  for (let row = 0; row < n; row++) {
    const { context: vector, contextDots } = at(row);
    if (!vector) continue;
    const counters = actors.names.map((actor) => vector[actor] ?? 0);
    const name = `${counters.join(',')} ${(contextDots ?? []).join(',')}`;
    let id = known.get(name);
    if (id === undefined) {
      id = known.size;
      known.set(name, id);
      for (const counter of counters) rows.push(counter);
      for (const each of contextDots ?? []) {
        const [actor, counter] = partsOf(each);
        dots.push(id, actors.id(actor), counter);
      }
    }
    context[row] = id;
  }
  return {
    actors: actors.names,
    dotActor,
    dotCounter,
    context,
    contexts: width === 0 ? new Int32Array() : Int32Array.from(rows),
    dots: Int32Array.from(dots),
  };
}
