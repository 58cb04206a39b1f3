/** What several checkers want to know of a history, found in one scan and kept as long as the history is. */
import { Flag, type History, isWrite, Kind, PHASES, Status } from './history.ts';

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
  const { n, kind, status, key, flags, phase, node, invoke, complete } = history;
  const written = new Uint8Array(history.keys.length);
  const writtenUntil = new Float64Array(history.keys.length).fill(-1);
  const nodes = new Uint8Array(history.nodes.length);
  const finals: number[] = [];
  const afterLoad = PHASES.indexOf('heal');
  let loadOverNs = Number.POSITIVE_INFINITY;
  let attempts = 0;
  let acknowledged = 0;
  for (let row = 0; row < n; row++) {
    const what = kind[row]!;
    const k = key[row]!;
    const changes = isWrite(what);
    if (changes) {
      attempts++;
      if (status[row] === Status.Ok) acknowledged++;
      if (k >= 0 && status[row] !== Status.Fail) written[k] = 1;
    }
    if (k >= 0 && status[row] === Status.Ok && (changes || what === Kind.Delete)) {
      if (complete[row]! > writtenUntil[k]!) writtenUntil[k] = complete[row]!;
    }
    const isFinal = (flags[row]! & Flag.Final) !== 0;
    if (node[row]! >= 0 && nodes[node[row]!]! < 2) nodes[node[row]!] = isFinal ? 2 : 1;
    if (phase[row]! >= afterLoad && invoke[row]! < loadOverNs) loadOverNs = invoke[row]!;
    const reads = what === Kind.Read || what === Kind.ReadAll || what === Kind.ReadList;
    if (isFinal && reads && k >= 0) finals.push(row);
  }
  return { written, writtenUntil, finals, nodes, loadOverNs, attempts, acknowledged };
}
