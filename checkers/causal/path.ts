/**
 * Causal paths: why is one operation in the past of another? The path with the fewest changes of session, and of each
 * stay in a session only its first and last operation.
 */
import { IntList } from '../history/int-list.ts';
import { Op, type Trace } from './trace.ts';

/** Places from `from` to `to`, each before the next in session order or by reads-from; null for none. */
export function causalPath(trace: Trace, from: number, to: number): number[] | null {
  if (from === to) return [from];
  if (from > to) return null;
  const search = new Search(trace, from, to);
  return search.run();
}

class Search {
  readonly #t: Trace;
  readonly #from: number;
  readonly #to: number;
  /** By place - from: the operation before it in its session, within the range. */
  readonly #previous: Int32Array;
  /** By session: everything up to this place has been looked at. */
  readonly #seen: Int32Array;
  /** Writes that the operation in hand has read from. */
  readonly #sources = new IntList();
  /** By write that was jumped to: the read that returned it. */
  readonly #reader = new Map<number, number>();
  /** By read that a jump started from: where its session was entered. */
  readonly #entry = new Map<number, number>();

  constructor(trace: Trace, from: number, to: number) {
    this.#t = trace;
    this.#from = from;
    this.#to = to;
    const { op, session } = trace;
    this.#previous = new Int32Array(to - from + 1).fill(-1);
    this.#seen = new Int32Array(trace.width.length).fill(-1);
    const last = new Int32Array(trace.width.length).fill(-1);
    for (let at = from; at <= to; at++) {
      // A read whose own source was given up may still be where a path begins.
      if (op[at] === Op.Skip && at !== from) continue;
      this.#previous[at - from] = last[session[at]];
      if (op[at] !== Op.InfoWrite) last[session[at]] = at;
    }
  }

  run(): number[] | null {
    const { session } = this.#t;
    let frontier = [this.#to];
    while (frontier.length > 0) {
      const further: number[] = [];
      for (const entry of frontier) {
        const top = entry;
        for (let at = entry; at >= 0; at = this.#previous[at - this.#from]) {
          if (at <= this.#seen[session[at]] && at !== entry) break;
          if (at === this.#from) return this.#unwind([at], entry);
          this.#findSources(at);
          for (let i = 0; i < this.#sources.length; i++) {
            const source = this.#sources.data[i];
            if (source < this.#from || this.#reader.has(source)) continue;
            this.#reader.set(source, at);
            this.#entry.set(at, entry);
            if (source === this.#from) return this.#unwind([source, at], entry);
            if (source > this.#seen[session[source]]) further.push(source);
          }
        }
        this.#seen[session[entry]] = Math.max(this.#seen[session[entry]], top);
      }
      frontier = further;
    }
    return null;
  }

  #findSources(at: number): void {
    const { op, value, place, changes, row } = this.#t;
    const found = this.#sources;
    found.length = 0;
    if (op[at] === Op.Read) {
      found.push(place[value[at]]);
    } else if (op[at] === Op.ReadAll) {
      const from = row ? row[at] : at;
      for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
        const id = changes!.data[i];
        if (id > 0 && place[id] < at) found.push(place[id]);
      }
    }
  }

  /** From the found end along session entries and jumps to `to`. */
  #unwind(path: number[], entry: number): number[] {
    for (;;) {
      if (path.at(-1) !== entry) path.push(entry);
      if (entry === this.#to) return path;
      const read = this.#reader.get(entry)!;
      path.push(read);
      entry = this.#entry.get(read)!;
    }
  }
}
