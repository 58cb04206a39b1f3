/** What several checkers want to know of a history, found in one scan and kept as long as the history is. */
import { Flag, type History, Kind, PHASES, type Ragged, Status } from './history.ts';
import { isRead, isWrite } from './kinds.ts';

export interface Survey {
  /** By key, 1 where a write did not definitely fail. */
  readonly written: Uint8Array;
  /** By key: when its last acknowledged write or delete was over, ns; -1 for none. */
  readonly writtenUntil: Float64Array;
  /** Rows of the final reads of objects, answered or not. */
  readonly finals: readonly number[];
  /** By node, 1 where a client talked to it; 2 where it was asked for a final answer too. */
  readonly nodes: Uint8Array;
  /** When the first operation after the load was invoked, ns; Infinity for none. */
  readonly loadOverNs: number;
  /** Operations that write, and those of them that were acknowledged. */
  readonly attempts: number;
  readonly acknowledged: number;
  /** By value id: the first register read that showed it, stale answers included; -1 for none. */
  readonly firstShown: Int32Array;
  /** Acknowledged register writes of each key as a chain of value ids from the last one back; 0 ends it. */
  readonly lastKept: Int32Array;
  readonly keptBefore: Int32Array;
}

const known = new WeakMap<History, Survey>();

export function survey(history: History): Survey {
  let found = known.get(history);
  if (!found) known.set(history, (found = { ...scanWrites(history), ...scanEnd(history) }));
  return found;
}

function scanWrites(history: History) {
  const { n, kind, status, key, value, complete, siblings, expected } = history;
  const written = new Uint8Array(history.keys.length);
  const writtenUntil = new Float64Array(history.keys.length).fill(-1);
  const firstShown = new Int32Array(history.values + 1).fill(-1);
  const lastKept = new Int32Array(history.keys.length);
  const keptBefore = new Int32Array(history.writes + 1);
  let attempts = 0;
  let acknowledged = 0;
  for (let row = 0; row < n; row++) {
    const what = kind[row];
    const id = value[row];
    const isOk = status[row] === Status.Ok;
    if (what === Kind.Read) {
      if (!isOk) continue;
      if (firstShown[id] === -1) firstShown[id] = row;
      if (siblings !== null) noteSiblings(siblings, row, firstShown);
      continue;
    }
    const k = key[row];
    if (isWrite(what)) {
      attempts++;
      if (k >= 0 && status[row] !== Status.Fail) written[k] = 1;
      if (!isOk) continue;
      acknowledged++;
      if (what === Kind.Cas && expected !== null && firstShown[expected[row]] === -1) {
        firstShown[expected[row]] = row;
      }
      if (k >= 0 && (what === Kind.Write || what === Kind.Cas)) {
        keptBefore[id] = lastKept[k];
        lastKept[k] = id;
      }
    } else if (what !== Kind.Delete || !isOk) {
      continue;
    }
    if (k >= 0 && complete[row] > writtenUntil[k]) writtenUntil[k] = complete[row];
  }
  // The initial value is no value.
  firstShown[0] = -1;
  return { written, writtenUntil, attempts, acknowledged, firstShown, lastKept, keptBefore };
}

/** What is about the last rows only: nearly all of the others are passed over in a very short loop. */
function scanEnd(history: History) {
  const { n, kind, key, flags, phase, node, invoke } = history;
  const nodes = Uint8Array.from(history.nodes, (_, each) => (node.includes(each) ? 1 : 0));
  const finals: number[] = [];
  const afterLoad = PHASES.indexOf('heal');
  let loadOverNs = Number.POSITIVE_INFINITY;
  let row = 0;
  while (row < n && phase[row] < afterLoad && (flags[row] & Flag.Final) === 0) row++;
  for (; row < n; row++) {
    if (phase[row] >= afterLoad && invoke[row] < loadOverNs) loadOverNs = invoke[row];
    if ((flags[row] & Flag.Final) === 0) continue;
    if (node[row] >= 0) nodes[node[row]] = 2;
    if (isRead(kind[row]) && key[row] >= 0) finals.push(row);
  }
  return { nodes, finals, loadOverNs };
}

function noteSiblings({ off, data }: Ragged, row: number, firstShown: Int32Array): void {
  for (let i = off[row]; i < off[row + 1]; i++) {
    if (firstShown[data[i]] === -1) firstShown[data[i]] = row;
  }
}
