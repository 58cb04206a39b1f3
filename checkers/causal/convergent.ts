/**
 * Causal convergence (CCv): CO extends to one arbitration of all writes by which each read returns the last
 * write to its key in its past. With unique values it holds iff CC does and CO together with the conflict
 * edges is acyclic (CyclicCF; Bouajjani et al., POPL 2017, section 3). A conflict edge leads from a
 * write that a read had in its past to the other write that it returned.
 *
 * The trace itself is a candidate for the arbitration, so only windows of conflict edges that point
 * backwards in it are searched (`windows.ts`).
 */
import type { Budget } from '../checker.ts';
import { blockWidth, type Clocks, clocksOf, inBlock, isBefore } from './clocks.ts';
import { Graph } from './cycles.ts';
import { endWithin, KeyIndex } from './key-index.ts';
import { type Findings, replay } from './scan.ts';
import { Op, type Trace } from './trace.ts';
import { mergeWindows, placeOf, type Windows } from './windows.ts';

/** A cycle of places; each leads to the next, the last to the first. */
export interface CausalCycle {
  readonly places: readonly number[];
  /** For each place: the read that proves the edge to the next one; -1 for causal edges. */
  readonly by: readonly number[];
}

export interface Convergence {
  readonly cycles: readonly CausalCycle[];
  /** Number of reads whose conflict edge lies on a cycle. */
  readonly reads: number;
  readonly windows: number;
  readonly places: number;
}

/** How many backward edges of one knot are tried for a shortest cycle, and how far each search goes. */
const triedMax = 32;
const visitedMax = 200_000;
const cyclesMax = 64;

export function converge(trace: Trace, findings: Findings, budget: Budget): Convergence {
  const count = findings.from.length;
  if (count === 0) return { cycles: [], reads: 0, windows: 0, places: 0 };
  const left = new Int32Array(count);
  const right = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    left[i] = trace.place[findings.to.data[i]!]!;
    right[i] = trace.place[findings.from.data[i]!]!;
  }
  const windows = mergeWindows(left, right);
  const graph = new Graph(windows.nodes);
  const nodeOf = writeNodes(trace, windows);
  for (let i = 0; i < count; i++) {
    const { from, to, by } = findings;
    graph.edge(nodeOf.node[from.data[i]!]!, nodeOf.node[to.data[i]!]!, by.data[i]!);
  }
  causalEdges(trace, windows, nodeOf.node, graph, budget);
  forwardEdges(trace, nodeOf, graph, budget);
  return {
    ...cyclesOf(graph, windows, count),
    windows: windows.first.length,
    places: windows.nodes,
  };
}

interface WriteNodes {
  /** By value id: node of its write, -1 outside of the windows. */
  readonly node: Int32Array;
  /** By value id: the write before it to the same key in the same window, 0 for none. */
  readonly previous: Int32Array;
}

function writeNodes(trace: Trace, windows: Windows): WriteNodes {
  const { op, key, value } = trace;
  const node = new Int32Array(trace.column.length).fill(-1);
  const previous = new Int32Array(trace.column.length);
  const last = new Int32Array(trace.lastInitial.length);
  for (let w = 0; w < windows.first.length; w++) {
    const first = windows.first[w]!;
    for (let at = first; at <= windows.last[w]!; at++) {
      if (op[at] !== Op.Write && op[at] !== Op.InfoWrite) continue;
      const id = value[at]!;
      node[id] = windows.node[w]! + at - first;
      const before = last[key[at]!]!;
      if (before !== 0 && node[before]! >= windows.node[w]!) previous[id] = before;
      last[key[at]!] = id;
    }
  }
  return { node, previous };
}

/** Session order and reads-from, inside the windows. */
function causalEdges(
  trace: Trace,
  windows: Windows,
  node: Int32Array,
  graph: Graph,
  budget: Budget,
): void {
  const { op, session, value, changes, row } = trace;
  const lastNode = new Int32Array(trace.width.length).fill(-1);
  for (let w = 0; w < windows.first.length; w++) {
    budget.step();
    const base = windows.node[w]!;
    const first = windows.first[w]!;
    for (let at = first; at <= windows.last[w]!; at++) {
      const o = op[at]!;
      if (o === Op.Skip) continue;
      const here = base + at - first;
      const before = lastNode[session[at]!]!;
      if (before >= base) graph.edge(before, here, -1);
      if (o !== Op.InfoWrite) lastNode[session[at]!] = here;
      if (o === Op.Read) {
        const source = node[value[at]!]!;
        if (source >= base && source < here) graph.edge(source, here, -1);
      } else if (o === Op.ReadAll) {
        const from = row ? row[at]! : at;
        for (let i = changes!.off[from]!; i < changes!.off[from + 1]!; i++) {
          const source = changes!.data[i]! > 0 ? node[changes!.data[i]!]! : -1;
          if (source >= base && source < here) graph.edge(source, here, -1);
        }
      }
    }
  }
}

/** Conflict edges from left to right with both ends in a window. */
function forwardEdges(
  trace: Trace,
  { node, previous }: WriteNodes,
  graph: Graph,
  budget: Budget,
): void {
  const block = blockWidth(trace);
  const { session, key, value, column, count } = trace;
  let index: KeyIndex | null = null;
  for (let low = 0; low < trace.widthMax; low += block) {
    const clocks = clocksOf(trace, low, low + block);
    const { clock, start, width } = clocks;
    replay(trace, clocks, budget, (at) => {
      const id = value[at]!;
      if (node[id]! < 0) return;
      const s = session[at]!;
      let steps = 2 * width[s]! + 32;
      for (let w = previous[id]!; w !== 0; w = previous[w]!) {
        if (steps-- === 0) {
          index ??= new KeyIndex(trace, trace.history);
          newestOfColumns(trace, clocks, index, node, at, graph);
          return;
        }
        const c = column[w]! - clocks.low;
        if (c < 0 || c >= width[s]! || count[w]! > clock[start[s]! + c]!) continue;
        if (!isBefore(trace, clocks, w, id)) graph.edge(node[w]!, node[id]!, at);
      }
    });
  }

  /** The newest write of each column in the past stands for the older ones. */
  function newestOfColumns(
    of: Trace,
    clocks: Clocks,
    writes: KeyIndex,
    nodes: Int32Array,
    at: number,
    into: Graph,
  ): void {
    const s = session[at]!;
    const id = value[at]!;
    const { columns, off, ids } = writes.of(key[at]!);
    for (let i = 0; i < columns.length; i++) {
      if (!inBlock(of, clocks, ids[off[i]!]!, s)) continue;
      const seen = clocks.clock[clocks.start[s]! + columns[i]! - clocks.low]!;
      const end = endWithin(ids, count, off[i]!, off[i + 1]!, seen);
      if (end === off[i]) continue;
      const w = ids[end - 1]!;
      if (w === id || of.place[w]! > of.place[id]! || nodes[w]! < 0) continue;
      if (!isBefore(of, clocks, w, id)) into.edge(nodes[w]!, nodes[id]!, at);
    }
  }
}

function cyclesOf(
  graph: Graph,
  windows: Windows,
  backward: number,
): Pick<Convergence, 'cycles' | 'reads'> {
  const knots = graph.knots();
  if (knots.count === 0) return { cycles: [], reads: 0 };
  const tried = new Int32Array(knots.count + 1);
  const best: (number[] | null)[] = new Array(knots.count + 1).fill(null);
  const reads = new Set<number>();
  for (let edge = 0; edge < backward; edge++) {
    const knot = knots.of[graph.from.data[edge]!]!;
    if (knot === 0 || knots.of[graph.to.data[edge]!] !== knot) continue;
    reads.add(graph.by.data[edge]!);
    if (knot > cyclesMax || tried[knot]! >= triedMax) continue;
    tried[knot]!++;
    const cycle = graph.shortestThrough(edge, knots.of, visitedMax);
    if (cycle && (best[knot] === null || cycle.length < best[knot]!.length)) best[knot] = cycle;
  }
  const cycles = best
    .filter((cycle) => cycle !== null)
    .map((cycle) => ({
      places: cycle.map((edge) => placeOf(windows, graph.from.data[edge]!)),
      by: cycle.map((edge) => graph.by.data[edge]!),
    }));
  return { cycles, reads: reads.size };
}
