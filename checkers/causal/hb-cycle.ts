/** Cycles of HB, the order that causal memory and PRAM ask of one session (`deadlines.ts`). */

import { IntList } from '../history/int-list.ts';
import { Graph } from './cycles.ts';
import { Op, type Trace } from './trace.ts';
import { mergeWindows, placeOf, type Windows, windowOf } from './windows.ts';

/** HB of one session, by places of the trace. */
export interface HappensBefore {
  readonly trace: Trace;
  /** By place: the operation before it in its session; -1 for none. */
  readonly previous: Int32Array;
  /** Does it come before any operation of the session? */
  isKnown(at: number): boolean;
  /** The value id that the write at `at` must precede; 0 for none. */
  sourceAfter(at: number): number;
  /** Must a read come after its source? */
  followsSource(at: number): boolean;
}

/** Through so many edges a cycle is looked for, and so many steps are taken for each. */
const edgesMax = 32;
const stepsMax = 200_000;

/**
 * A short cycle, as places; null where there is none. Only an edge from a write to an earlier source points
 * backwards, so only what lies between the two is searched. `backward`: places of writes, among them all with
 * such an edge; any number of times each.
 */
export function cycleOf(hb: HappensBefore, backward: Int32Array): number[] | null {
  const { place } = hb.trace;
  const left = new IntList();
  const right = new IntList();
  for (const at of new Set(backward)) {
    const source = hb.sourceAfter(at);
    if (source === 0 || place[source] > at) continue;
    left.push(place[source]);
    right.push(at);
  }
  if (left.length === 0) return null;
  const windows = mergeWindows(left.items, right.items);
  const graph = graphOf(hb, windows, left, right);
  const knots = graph.knots();
  if (knots.count === 0) return null;
  let best: number[] | null = null;
  for (let edge = 0, tried = 0; edge < left.length && tried < edgesMax; edge++) {
    if (knots.of[graph.from.data[edge]] === 0) continue;
    if (knots.of[graph.from.data[edge]] !== knots.of[graph.to.data[edge]]) continue;
    tried++;
    const cycle = graph.shortestThrough(edge, knots.of, stepsMax);
    if (cycle && (best === null || cycle.length < best.length)) best = cycle;
  }
  return (best ?? []).map((edge) => placeOf(windows, graph.from.data[edge]));
}

/** Everything that HB says within the windows; the edges that point backwards come first. */
function graphOf(hb: HappensBefore, windows: Windows, left: IntList, right: IntList): Graph {
  const { op, value, place, changes, row } = hb.trace;
  const graph = new Graph(windows.nodes);
  const nodeOf = (at: number, window: number): number =>
    windows.node[window] + at - windows.first[window];
  for (let i = 0; i < left.length; i++) {
    const window = windowOf(windows, left.data[i]);
    graph.edge(nodeOf(right.data[i], window), nodeOf(left.data[i], window), 0);
  }
  for (let w = 0; w < windows.first.length; w++) {
    const first = windows.first[w];
    const last = windows.last[w];
    const add = (from: number, to: number): void => {
      if (from >= first && from <= last) graph.edge(nodeOf(from, w), nodeOf(to, w), -1);
    };
    for (let at = first; at <= last; at++) {
      if (op[at] === Op.Skip || !hb.isKnown(at)) continue;
      add(hb.previous[at], at);
      const o = op[at];
      if (o === Op.Write || o === Op.InfoWrite) {
        const source = hb.sourceAfter(at);
        const to = source === 0 ? -1 : place[source];
        if (to > at && to <= last) graph.edge(nodeOf(at, w), nodeOf(to, w), 0);
      } else if (o === Op.Read && hb.followsSource(at)) {
        add(place[value[at]], at);
      } else if (o === Op.ReadAll && hb.followsSource(at)) {
        const from = row ? row[at] : at;
        for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
          const id = changes!.data[i];
          if (id > 0 && place[id] < at) add(place[id], at);
        }
      }
    }
  }
  return graph;
}
