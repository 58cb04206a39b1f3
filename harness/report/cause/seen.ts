/** When somebody last saw a value, and whether anybody did. One scan over the changes between reads. */
import { Flag, type History, Kind, Status } from '../../../checkers/history/history.ts';

export interface Sightings {
  /** Value id -> row of the last read that showed it. Only of those that were asked for. */
  readonly last: ReadonlyMap<number, number>;
  /** 1 for each value id that some read showed. */
  readonly ever: Uint8Array;
}

/** `wanted`: value ids whose last sighting is wanted; a few, since each is followed through all reads. */
export function sightings(history: History, wanted: ReadonlySet<number>): Sightings {
  const { n, kind, status, delta, session, key, value, values } = history;
  const last = new Map<number, number>();
  const ever = new Uint8Array(values + 1);
  const shown = new Map<number, Set<number>>();
  const keys = history.keys.length + 1;
  for (let row = 0; row < n; row++) {
    if (status[row] !== Status.Ok) continue;
    if (kind[row] === Kind.Read) {
      ever[value[row]] = 1;
      if (wanted.has(value[row])) last.set(value[row], row);
    } else if (kind[row] === Kind.ReadAll || kind[row] === Kind.ReadList) {
      const chain = session[row] * keys + key[row];
      let present = shown.get(chain);
      if (present === undefined) shown.set(chain, (present = new Set()));
      for (let i = delta?.off[row] ?? 0; i < (delta?.off[row + 1] ?? 0); i++) {
        const id = delta!.data[i];
        if (id > 0) ever[id] = 1;
        if (!wanted.has(Math.abs(id))) continue;
        if (id > 0) present.add(id);
        else present.delete(-id);
      }
      for (const id of present) last.set(id, row);
    }
  }
  return { last, ever };
}

/** Rows of the last final answer of each node about the key of a row. */
export function finalReads(history: History, row: number): number[] {
  const { n, key, flags, status, node } = history;
  const byNode = new Map<number, number>();
  for (let each = 0; each < n; each++) {
    if ((flags[each] & Flag.Final) === 0 || key[each] !== key[row]) continue;
    if (status[each] === Status.Ok) byNode.set(node[each], each);
  }
  return [...byNode.values()];
}
