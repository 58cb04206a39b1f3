/** Dense numbers of keys and values for a history that holds only some of a larger one. */
import { type History, isWrite } from '../../checkers/history/history.ts';
import type { SealHeader } from './chunks.ts';
import { IntList } from './set-deltas.ts';

/** Makes the numbers of keys dense, in their order; returns the names. */
export function renumberKeys(names: readonly string[], key: Int32Array): string[] {
  const used = distinct(key.filter((k) => k >= 0));
  for (let i = 0; i < key.length; i++) if (key[i] >= 0) key[i] = placeOf(used, key[i]);
  return Array.from(used, (k) => names[k]);
}

/** The same for values. Ids of what was written stay in log order, since they were. */
export function renumberValues(
  history: Pick<History, 'n' | 'kind' | 'value' | 'expected' | 'delta' | 'siblings' | 'duplicates'>,
  { writes: writesOfAll, unattempted: textsOfAll }: SealHeader,
) {
  const { n, kind, value, expected, delta, siblings, duplicates } = history;
  const written = new IntList();
  const foreign = new IntList();
  const note = (id: number): void => {
    if (Math.abs(id) > writesOfAll) foreign.push(Math.abs(id));
  };
  for (let i = 0; i < n; i++) {
    if (isWrite(kind[i])) written.push(value[i]);
    else note(value[i]);
    if (expected !== null) note(expected[i]);
  }
  for (const list of [delta?.data, siblings?.data]) list?.forEach(note);
  duplicates?.forEach((id, i) => {
    if (i % 2 === 1) note(id);
  });
  const [own, others] = [distinct(written.finish()), distinct(foreign.finish())];
  const writes = own.length;
  const renumber = (id: number): number => {
    if (id === 0) return 0;
    if (id < 0) return -renumber(-id);
    if (id > writesOfAll) return writes + 1 + placeOf(others, id);
    return 1 + placeOf(own, id);
  };
  for (const list of [value, expected, delta?.data, siblings?.data]) {
    if (list) for (let i = 0; i < list.length; i++) list[i] = renumber(list[i]);
  }
  for (let i = 1; duplicates && i < duplicates.length; i += 2) {
    duplicates[i] = renumber(duplicates[i]);
  }
  const values = writes + others.length;
  const writeOp = new Int32Array(values + 1).fill(-1);
  for (let i = 0; i < n; i++) if (isWrite(kind[i])) writeOp[value[i]] = i;
  const unattempted = Array.from(others, (id) => textsOfAll[id - writesOfAll - 1]);
  return { writes, values, writeOp, unattempted };
}

/** Ascending, each once. */
export function distinct(numbers: Int32Array): Int32Array {
  return numbers.sort().filter((each, i, sorted) => i === 0 || each !== sorted[i - 1]);
}

/** Place of a number in an ascending list that has it. */
export function placeOf(sorted: Int32Array, wanted: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle] < wanted) from = middle + 1;
    else to = middle;
  }
  if (sorted[from] !== wanted) throw new RangeError(`number ${wanted} belongs to no key of a part`);
  return from;
}
