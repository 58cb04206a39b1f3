/** What several checkers want to know of a history, found in one scan and kept as long as the history is. */
import { Flag, type History, isWrite, Kind, PHASES, type Ragged, Status } from './history.ts';

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
  if (!found) known.set(history, (found = scan(history)));
  return found;
}

/**
 * For a history that holds only some keys of a larger one: which nodes there are to be asked, and when the load
 * was over, is a matter of the whole. Without that a node that a part knows nothing of would not be missed in it.
 */
export function surveyPart(part: History, whole: Pick<Survey, 'nodes' | 'loadOverNs'>): void {
  const { nodes, loadOverNs } = whole;
  known.set(part, { ...scan(part), nodes, loadOverNs });
}

function scan(history: History): Survey {
  const { n, kind, status, key, value, flags, phase, node, invoke, complete } = history;
  const { siblings, expected } = history;
  const written = new Uint8Array(history.keys.length);
  const writtenUntil = new Float64Array(history.keys.length).fill(-1);
  const nodes = new Uint8Array(history.nodes.length);
  const finals: number[] = [];
  const firstShown = new Int32Array(history.values + 1).fill(-1);
  const lastKept = new Int32Array(history.keys.length);
  const keptBefore = new Int32Array(history.writes + 1);
  const afterLoad = PHASES.indexOf('heal');
  let loadOverNs = Number.POSITIVE_INFINITY;
  let attempts = 0;
  let acknowledged = 0;
  for (let row = 0; row < n; row++) {
    const what = kind[row]!;
    const k = key[row]!;
    const isOk = status[row] === Status.Ok;
    const isFinal = (flags[row]! & Flag.Final) !== 0;
    const who = node[row]!;
    if (who >= 0 && nodes[who]! < 2) nodes[who] = isFinal ? 2 : 1;
    if (phase[row]! >= afterLoad && invoke[row]! < loadOverNs) loadOverNs = invoke[row]!;
    if (what === Kind.Read) {
      const id = value[row]!;
      if (isOk && firstShown[id] === -1) firstShown[id] = row;
      if (isOk && siblings !== null) noteSiblings(siblings, row, firstShown);
      if (isFinal && k >= 0) finals.push(row);
    } else if (isWrite(what)) {
      attempts++;
      if (isOk) acknowledged++;
      if (k >= 0 && status[row] !== Status.Fail) written[k] = 1;
      if (k >= 0 && isOk && complete[row]! > writtenUntil[k]!) writtenUntil[k] = complete[row]!;
      if (k >= 0 && isOk && (what === Kind.Write || what === Kind.Cas)) {
        keptBefore[value[row]!] = lastKept[k]!;
        lastKept[k] = value[row]!;
      }
      if (what === Kind.Cas && isOk && expected !== null && firstShown[expected[row]!] === -1) {
        firstShown[expected[row]!] = row;
      }
    } else if (what === Kind.Delete) {
      if (k >= 0 && isOk && complete[row]! > writtenUntil[k]!) writtenUntil[k] = complete[row]!;
    } else if (isFinal && k >= 0 && (what === Kind.ReadAll || what === Kind.ReadList)) {
      finals.push(row);
    }
  }
  // The initial value is no value.
  firstShown[0] = -1;
  return {
    ...{ written, writtenUntil, finals, nodes, loadOverNs, attempts, acknowledged },
    ...{ firstShown, lastKept, keptBefore },
  };
}

function noteSiblings({ off, data }: Ragged, row: number, firstShown: Int32Array): void {
  for (let i = off[row]!; i < off[row + 1]!; i++) {
    if (firstShown[data[i]!] === -1) firstShown[data[i]!] = row;
  }
}
