/**
 * Histories of sealed runs that do not fit into memory, as *parts*: complete histories of the operations of some keys.
 * One pass over the chunks counts what each key has and finds what only the whole knows; keys are dealt out
 * so that each part is expected to fit; one more pass for each part (two where there are versions) builds it. Never
 * more than one chunk and one part are in memory.
 *
 * Keys that share a session stay together where they fit into one part: then no causal path leaves it.
 * Sessions and nodes keep the numbers of the whole, so that sentences about them do.
 */

import { LateStarts, lateStartsOfPart } from '../../checkers/availability/overload.ts';
import {
  Flag,
  type History,
  isWrite,
  Kind,
  PHASES,
  Status,
} from '../../checkers/history/history.ts';
import { type Survey, surveyPart } from '../../checkers/history/survey.ts';
import { DOT_NUMBERS, firstDot } from '../../checkers/history/versions.ts';
import { type Chunk, readChunks, readHeader, type SealHeader } from '../columns/chunks.ts';
import { distinct, placeOf, renumberKeys, renumberValues } from '../columns/renumber.ts';
import { allocate } from '../columns/sealed.ts';
import { type RunSurroundings, surroundingsOf } from '../columns/surroundings.ts';
import type { RunFile } from '../store/run-file.ts';
import { valueTexts } from '../store/value-texts.ts';

/** Columns of an operation, and what a checker takes beside them. */
const OPERATION_BYTES = 256;
/** The same for each number of a list (changes of whole reads, siblings). */
const ELEMENT_BYTES = 32;

/** Operations of some keys. */
interface Share {
  n: number;
  /** Lengths of the lists of all of them. */
  deltas: number;
  siblings: number;
}

/** What one pass over all chunks has found. */
export interface Whole {
  readonly file: RunFile;
  readonly header: SealHeader;
  readonly nodes: readonly string[];
  readonly surroundings: RunSurroundings;
  /** What the checkers would have found in the whole. */
  readonly survey: Pick<Survey, 'nodes' | 'loadOverNs'>;
  readonly lateStarts: LateStarts;
  /** Operations by outcome. */
  readonly counts: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly hasFinals: boolean;
  readonly hasDeletes: boolean;
  /** Operations that ended otherwise than the first one of their sort with the same error. */
  readonly otherOutcomes: number;
  /** By key, the operations without a key at last. */
  readonly shares: readonly Share[];
  /** By key: the smallest key with which it is connected by sessions. */
  readonly connected: Int32Array;
}

export interface Plan {
  /** By key, the operations without a key at last. */
  readonly partOf: Int32Array;
  readonly parts: readonly (Share & { readonly bytes: number })[];
  /** Every causal path stays in one part. */
  readonly closed: boolean;
}

/** Null: the run is not sealed. Throws RangeError where the chunks cannot be used. */
export function surveyChunks(file: RunFile): Whole | null {
  const header = readHeader(file);
  if (header === null) return null;
  const { nodes, surroundings } = surroundingsOf(file, header.nodes);
  const keyless = header.keys.length;
  const shares = Array.from({ length: keyless + 1 }, () => ({ n: 0, deltas: 0, siblings: 0 }));
  const talks = new Uint8Array(nodes.length);
  const counts = [0, 0, 0];
  const connected = Int32Array.from(shares.keys());
  const firstKey = new Int32Array(header.sessions).fill(-1);
  /** By error, for reads and then for writes: how the first operation with it ended; 3 for none. */
  const firstOutcome = new Uint8Array(2 * header.errors.length).fill(3);
  const afterLoad = PHASES.indexOf('heal');
  const lateStarts = new LateStarts();
  let loadOverNs = Number.POSITIVE_INFINITY;
  let hasFinals = false;
  let hasDeletes = false;
  let otherOutcomes = 0;
  for (const { n, columns, delta, siblings } of readChunks(file, header)) {
    const { key, status, flags, phase, node, invoke, session, kind, error, late } = columns;
    for (let i = 0; i < n; i++) {
      const k = key[i] < 0 ? keyless : key[i];
      const share = shares[k];
      share.n++;
      if (late !== null) lateStarts.add(invoke[i], late[i]);
      if (delta !== null) share.deltas += delta.off[i + 1] - delta.off[i];
      if (siblings !== null) share.siblings += siblings.off[i + 1] - siblings.off[i];
      counts[status[i]]++;
      const isFinal = (flags[i] & Flag.Final) !== 0;
      hasFinals ||= isFinal;
      hasDeletes ||= kind[i] === Kind.Delete;
      if (node[i] >= 0 && talks[node[i]] < 2) talks[node[i]] = isFinal ? 2 : 1;
      if (phase[i] >= afterLoad && invoke[i] < loadOverNs) loadOverNs = invoke[i];
      // What neither reads nor writes passes nothing on.
      if (kind[i] !== Kind.Other) {
        if (firstKey[session[i]] === -1) firstKey[session[i]] = k;
        else connect(connected, firstKey[session[i]], k);
      }
      if (error === null || error[i] < 0 || status[i] === Status.Ok) continue;
      const changes = isWrite(kind[i]) || kind[i] === Kind.Delete;
      const sort = error[i] + (changes ? header.errors.length : 0);
      if (firstOutcome[sort] === 3) firstOutcome[sort] = status[i];
      else if (firstOutcome[sort] !== status[i]) otherOutcomes++;
    }
  }
  for (const k of connected.keys()) connected[k] = rootOf(connected, k);
  return {
    ...{ file, header, nodes, surroundings, shares, connected },
    survey: { nodes: talks, loadOverNs },
    lateStarts,
    counts: { ok: counts[Status.Ok], fail: counts[Status.Fail], info: counts[Status.Info] },
    ...{ hasFinals, hasDeletes, otherOutcomes },
  };
}

function rootOf(parent: Int32Array, key: number): number {
  let at = key;
  while (parent[at] !== at) at = parent[at] = parent[parent[at]];
  return at;
}

function connect(parent: Int32Array, left: number, right: number): void {
  const [a, b] = [rootOf(parent, left), rootOf(parent, right)];
  parent[Math.max(a, b)] = Math.min(a, b);
}

const bytesOf = ({ n, deltas, siblings }: Share): number =>
  n * OPERATION_BYTES + (deltas + siblings) * ELEMENT_BYTES;

/** Deals out keys in their order, up to `bytesMax` for each part; a key is never divided. */
export function planParts({ shares, connected }: Whole, bytesMax: number): Plan {
  const together = new Float64Array(shares.length);
  for (const [k, share] of shares.entries()) together[connected[k]] += bytesOf(share);
  // Connected keys by their smallest one; those that do not fit together each by itself.
  const groups = new Map<number, number[]>();
  let closed = true;
  for (const [k, share] of shares.entries()) {
    if (share.n === 0) continue;
    const fits = together[connected[k]] <= bytesMax;
    closed &&= fits || together[connected[k]] === bytesOf(share);
    const name = fits ? connected[k] : k;
    const group = groups.get(name);
    if (group) group.push(k);
    else groups.set(name, [k]);
  }
  const partOf = new Int32Array(shares.length).fill(-1);
  const parts: (Share & { bytes: number })[] = [];
  for (const keys of groups.values()) {
    const bytes = keys.reduce((sum, k) => sum + bytesOf(shares[k]), 0);
    if (parts.length === 0 || parts.at(-1)!.bytes + bytes > bytesMax) {
      parts.push({ n: 0, deltas: 0, siblings: 0, bytes: 0 });
    }
    const part = parts.at(-1)!;
    part.bytes += bytes;
    for (const k of keys) {
      partOf[k] = parts.length - 1;
      part.n += shares[k].n;
      part.deltas += shares[k].deltas;
      part.siblings += shares[k].siblings;
    }
  }
  // Nothing is judged too.
  if (parts.length === 0) parts.push({ n: 0, deltas: 0, siblings: 0, bytes: 0 });
  return { partOf, parts, closed };
}

/** Throws RangeError where a chunk cannot be used. */
export function buildPart(whole: Whole, { partOf, parts }: Plan, part: number): History {
  const { file, header, surroundings, nodes } = whole;
  const { n, deltas, siblings } = parts[part];
  const {
    dotActor,
    dotCounter,
    context,
    contexts: _,
    writeOp: __,
    dots: ___,
    ...columns
  } = allocate({
    ...{
      n,
      has: header.has,
      actors: header.actors,
      contexts: 0,
      dots: 0,
      duplicates: null,
      values: 0,
    },
    delta: header.delta === null ? null : deltas,
    siblings: header.siblings === null ? null : siblings,
  });
  const all = { ...columns, dotActor, dotCounter, context };
  const duplicates: number[] = [];
  const lists = { delta: 0, siblings: 0 };
  let row = 0;
  let chunkFrom = 0;
  for (const chunk of readChunks(file, header)) {
    const first = row;
    const rows: number[] = [];
    for (let i = 0; i < chunk.n; i++) {
      const key = chunk.columns.key[i];
      if (partOf[key < 0 ? header.keys.length : key] === part) rows.push(i);
    }
    row += rows.length;
    for (const [name, from] of Object.entries(chunk.columns)) {
      const into = all[name as keyof Chunk['columns']];
      if (from === null || !into) continue;
      for (let r = 0; r < rows.length; r++) into[first + r] = from[rows[r]];
    }
    for (const name of ['delta', 'siblings'] as const) {
      const [from, into] = [chunk[name], columns[name]];
      if (from === null || into === null) continue;
      const before = from.off[0];
      for (let r = 0; r < rows.length; r++) {
        const [start, end] = [from.off[rows[r]] - before, from.off[rows[r] + 1] - before];
        into.data.set(from.data.subarray(start, end), lists[name]);
        lists[name] += end - start;
        into.off[first + r + 1] = lists[name];
      }
    }
    const newRow = new Map(chunk.duplicates.length === 0 ? [] : rows.map((i, r) => [i, first + r]));
    for (let i = 0; i < chunk.duplicates.length; i += 2) {
      const own = newRow.get(chunk.duplicates[i] - chunkFrom);
      if (own !== undefined) duplicates.push(own, chunk.duplicates[i + 1]);
    }
    chunkFrom += chunk.n;
  }
  const numbered = renumberKeys(header.keys, columns.key);
  const history: Omit<History, 'writes' | 'values' | 'writeOp' | 'valueText' | 'versions'> = {
    ...{ n, sessions: header.sessions, nodes, errors: header.errors, fs: header.fs },
    ...columns,
    keys: numbered,
    duplicates: header.duplicates === null ? null : Int32Array.from(duplicates),
    ...surroundings,
  };
  const values = renumberValues(history, header);
  const { actors } = header;
  const picked = actors === null ? null : pickContexts(file, header, context);
  const versions =
    actors === null || picked === null
      ? null
      : { actors, dotActor, dotCounter, context, ...picked };
  const made: History = {
    ...history,
    ...values,
    versions,
    valueText: valueTexts(file.path, { ...values, index: columns.index, oneByOne: true }),
  };
  surveyPart(made, whole.survey);
  lateStartsOfPart(made, whole.lateStarts);
  return made;
}

/** Contexts may be first used, and so be stored, long before: they take a pass of their own. */
function pickContexts(
  file: RunFile,
  header: SealHeader,
  context: Int32Array,
): { readonly contexts: Int32Array; readonly dots: Int32Array } {
  const used = distinct(context.filter((id) => id >= 0));
  for (let i = 0; i < context.length; i++) {
    if (context[i] >= 0) context[i] = placeOf(used, context[i]);
  }
  const width = header.actors!.length;
  const contexts = new Int32Array(used.length * width);
  const dots: number[] = [];
  let next = 0;
  for (const chunk of readChunks(file, header)) {
    const until = chunk.contextFrom + (width === 0 ? 0 : chunk.contexts.length / width);
    for (; next < used.length && used[next] < until; next++) {
      const at = (used[next] - chunk.contextFrom) * width;
      contexts.set(chunk.contexts.subarray(at, at + width), next * width);
      const id = used[next];
      for (let i = firstDot(chunk.dots, id); chunk.dots[i] === id; i += DOT_NUMBERS) {
        dots.push(next, chunk.dots[i + 1], chunk.dots[i + 2]);
      }
    }
  }
  return { contexts, dots: Int32Array.from(dots) };
}
