/**
 * Causal convergence (CCv): CO extends to one arbitration of all writes by which each read returns the last
 * write to its key in its past. With unique values it holds iff CC does and CO together with the conflict
 * edges is acyclic (CyclicCF; Bouajjani et al., POPL 2017, section 3). A conflict edge leads from a
 * write that a read had in its past to the other write that it returned.
 *
 * The trace itself is a candidate for the arbitration, so only windows of conflict edges that point
 * backwards in it are searched (`windows.ts`).
 */

import { IntList } from '../history/int-list.ts';
import type { Budget } from '../verdict/checker.ts';
import { windowsWithoutOrder } from './arbitrate.ts';
import { blockWidth, type Clocks, clocksOf, inBlock, isBefore } from './clocks.ts';
import { Graph } from './cycles.ts';
import type { Findings } from './findings.ts';
import { endWithin, KeyIndex } from './key-index.ts';
import { replay } from './replay.ts';
import { Op, type Trace } from './trace.ts';
import { mergeWindows, onlyWindows, placeOf, type Windows } from './windows.ts';

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
    left[i] = trace.place[findings.to.data[i]];
    right[i] = trace.place[findings.from.data[i]];
  }
  const merged = mergeWindows(left, right);
  const size = { windows: merged.first.length, places: merged.nodes };
  const without = findings.clocks
    ? windowsWithoutOrder(trace, findings, findings.clocks, merged, budget)
    : null;
  if (without !== null && without.length === 0) return { cycles: [], reads: 0, ...size };
  const windows = without === null ? merged : onlyWindows(merged, without);
  const graph = new Graph(windows.nodes);
  const nodeOf = writeNodes(trace, windows);
  let backward = 0;
  for (let i = 0; i < count; i++) {
    const { from, to, by } = findings;
    if (nodeOf.node[from.data[i]] < 0) continue;
    graph.edge(nodeOf.node[from.data[i]], nodeOf.node[to.data[i]], by.data[i]);
    backward++;
  }
  causalEdges(trace, windows, nodeOf.node, graph, budget);
  forwardEdges(trace, findings, nodeOf, graph, budget);
  return { ...cyclesOf(graph, windows, backward), ...size };
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
    const first = windows.first[w];
    for (let at = first; at <= windows.last[w]; at++) {
      if (op[at] !== Op.Write && op[at] !== Op.InfoWrite) continue;
      const id = value[at];
      node[id] = windows.node[w] + at - first;
      const before = last[key[at]];
      if (before !== 0 && node[before] >= windows.node[w]) previous[id] = before;
      last[key[at]] = id;
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
    const base = windows.node[w];
    const first = windows.first[w];
    for (let at = first; at <= windows.last[w]; at++) {
      const o = op[at];
      if (o === Op.Skip) continue;
      const here = base + at - first;
      const before = lastNode[session[at]];
      if (before >= base) graph.edge(before, here, -1);
      if (o !== Op.InfoWrite) lastNode[session[at]] = here;
      if (o === Op.Read) {
        const source = node[value[at]];
        if (source >= base && source < here) graph.edge(source, here, -1);
      } else if (o === Op.ReadAll) {
        const from = row ? row[at] : at;
        for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
          const source = changes!.data[i] > 0 ? node[changes!.data[i]] : -1;
          if (source >= base && source < here) graph.edge(source, here, -1);
        }
      }
    }
  }
}

/** Conflict edges from left to right with both ends in a window. */
function forwardEdges(
  trace: Trace,
  findings: Findings,
  nodes: WriteNodes,
  graph: Graph,
  budget: Budget,
): void {
  const seeker = new ForwardEdges(trace, nodes, graph);
  if (findings.clocks === null || !seeker.lookBack(findings.clocks, budget)) {
    seeker.replayAll(budget);
  }
}

class ForwardEdges {
  readonly #t: Trace;
  readonly #node: Int32Array;
  readonly #previous: Int32Array;
  readonly #graph: Graph;
  #index: KeyIndex | null = null;

  constructor(trace: Trace, { node, previous }: WriteNodes, graph: Graph) {
    this.#t = trace;
    this.#node = node;
    this.#previous = previous;
    this.#graph = graph;
  }

  /**
   * Where few reads are concerned: was an older write in the past of a read? Its session's last snapshot
   * and the reads since then tell. False, without any edge, where that would take longer than a scan.
   */
  lookBack(clocks: Clocks, budget: Budget): boolean {
    const { n, op, value, session } = this.#t;
    const reads = new IntList();
    for (let at = 0; at < n; at++) {
      if (op[at] === Op.Read && this.#previous[value[at]] !== 0) reads.push(at);
    }
    let steps = 2 * n;
    const edges = new IntList();
    for (const at of reads.items) {
      if ((steps & 0xfff) === 0) budget.step();
      const s = session[at];
      let seen: IntList | null = null;
      for (let w = this.#previous[value[at]]; w !== 0; w = this.#previous[w]) {
        if (isBefore(this.#t, clocks, w, value[at])) continue;
        if (seen === null) {
          seen = new IntList();
          for (let back = at - 1; back >= 0; back--) {
            if (--steps < 0) return false;
            if (session[back] !== s) continue;
            if (op[back] === Op.ReadAll) return false;
            if (op[back] === Op.Read || op[back] === Op.Write) seen.push(value[back]);
            if (op[back] === Op.Write) break;
          }
        }
        steps -= seen.length;
        if (seen.items.some((id) => id === w || isBefore(this.#t, clocks, w, id))) {
          edges.push(w);
          edges.push(at);
        }
      }
    }
    for (let i = 0; i < edges.length; i += 2) {
      const at = edges.data[i + 1];
      this.#graph.edge(this.#node[edges.data[i]], this.#node[value[at]], at);
    }
    return true;
  }

  replayAll(budget: Budget): void {
    const block = blockWidth(this.#t);
    const { session, value, column, count } = this.#t;
    for (let low = 0; low < this.#t.widthMax; low += block) {
      const clocks = clocksOf(this.#t, low, low + block);
      const { clock, start, width } = clocks;
      replay(this.#t, clocks, budget, (at) => {
        const id = value[at];
        let w = this.#previous[id];
        if (w === 0) return;
        const s = session[at];
        for (let steps = 2 * width[s] + 32; w !== 0; w = this.#previous[w]) {
          if (steps-- === 0) {
            this.#newestOfColumns(clocks, at);
            return;
          }
          const c = column[w] - clocks.low;
          if (c < 0 || c >= width[s] || count[w] > clock[start[s] + c]) continue;
          if (!isBefore(this.#t, clocks, w, id))
            this.#graph.edge(this.#node[w], this.#node[id], at);
        }
      });
    }
  }

  /** The newest write of each column in the past stands for the older ones. */
  #newestOfColumns(clocks: Clocks, at: number): void {
    const { session, key, value, count, place } = this.#t;
    this.#index ??= new KeyIndex(this.#t, this.#t.history);
    const s = session[at];
    const id = value[at];
    const { columns, off, ids } = this.#index.of(key[at]);
    for (let i = 0; i < columns.length; i++) {
      if (!inBlock(this.#t, clocks, ids[off[i]], s)) continue;
      const seen = clocks.clock[clocks.start[s] + columns[i] - clocks.low];
      const end = endWithin(ids, count, off[i], off[i + 1], seen);
      if (end === off[i]) continue;
      const w = ids[end - 1];
      if (w === id || place[w] > place[id] || this.#node[w] < 0) continue;
      if (!isBefore(this.#t, clocks, w, id)) this.#graph.edge(this.#node[w], this.#node[id], at);
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
    const knot = knots.of[graph.from.data[edge]];
    if (knot === 0 || knots.of[graph.to.data[edge]] !== knot) continue;
    reads.add(graph.by.data[edge]);
    if (knot > cyclesMax || tried[knot] >= triedMax) continue;
    tried[knot]++;
    const cycle = graph.shortestThrough(edge, knots.of, visitedMax);
    if (cycle && (best[knot] === null || cycle.length < best[knot].length)) best[knot] = cycle;
  }
  const cycles = best
    .filter((cycle) => cycle !== null)
    .map((cycle) => ({
      places: cycle.map((edge) => placeOf(windows, graph.from.data[edge])),
      by: cycle.map((edge) => graph.by.data[edge]),
    }));
  return { cycles, reads: reads.size };
}
