/**
 * Cycles of a directed graph in typed arrays: Kahn's algorithm (1962) from both ends leaves what lies on
 * cycles or between them, Tarjan's (1972) splits that into strongly connected components, and a
 * breadth-first search finds a shortest cycle through a given edge.
 */
import { IntList } from '../history/int-list.ts';

export class Graph {
  readonly nodes: number;
  readonly from = new IntList(1024);
  readonly to = new IntList(1024);
  /** The place of the read that proves an edge; -1 for session order and reads-from. */
  readonly by = new IntList(1024);
  #off: Int32Array = new Int32Array();
  #edges: Int32Array = new Int32Array();

  constructor(nodes: number) {
    this.nodes = nodes;
  }

  edge(from: number, to: number, by: number): void {
    this.from.push(from);
    this.to.push(to);
    this.by.push(by);
  }

  /** Edges that lead from a node, by number. Call after the last `edge`. */
  #seal(): void {
    const off = new Int32Array(this.nodes + 1);
    const from = this.from.items;
    for (let i = 0; i < from.length; i++) off[from[i] + 1]++;
    for (let i = 0; i < this.nodes; i++) off[i + 1] += off[i];
    const fill = off.slice(0, this.nodes);
    const edges = new Int32Array(from.length);
    for (let i = 0; i < from.length; i++) edges[fill[from[i]]++] = i;
    this.#off = off;
    this.#edges = edges;
  }

  /** By node: number of its strongly connected component from 1 on, 0 where it is on no cycle. */
  knots(): { readonly of: Int32Array; readonly count: number } {
    this.#seal();
    const left = this.#peel();
    return this.#components(left);
  }

  /** 1 for nodes that Kahn's algorithm cannot remove. */
  #peel(): Uint8Array {
    const { nodes } = this;
    const from = this.from.items;
    const to = this.to.items;
    const indegree = new Int32Array(nodes);
    for (let i = 0; i < to.length; i++) indegree[to[i]]++;
    const left = new Uint8Array(nodes).fill(1);
    const queue = new Int32Array(nodes);
    let tail = 0;
    for (let node = 0; node < nodes; node++) if (indegree[node] === 0) queue[tail++] = node;
    for (let head = 0; head < tail; head++) {
      const node = queue[head];
      left[node] = 0;
      for (let i = this.#off[node]; i < this.#off[node + 1]; i++) {
        const next = to[this.#edges[i]];
        if (--indegree[next] === 0) queue[tail++] = next;
      }
    }
    if (tail === nodes) return left;
    // Nodes behind the last cycle go as well: from the other end, a few rounds are enough.
    for (let removed = true, round = 0; removed && round < 8; round++) {
      removed = false;
      const out = new Int32Array(nodes);
      for (let i = 0; i < from.length; i++) {
        if (left[from[i]] === 1 && left[to[i]] === 1) out[from[i]]++;
      }
      for (let node = 0; node < nodes; node++) {
        if (left[node] === 1 && out[node] === 0) {
          left[node] = 0;
          removed = true;
        }
      }
    }
    return left;
  }

  #components(left: Uint8Array): { of: Int32Array; count: number } {
    const { nodes } = this;
    const to = this.to.items;
    const of = new Int32Array(nodes);
    const number = new Int32Array(nodes);
    const low = new Int32Array(nodes);
    const next = new Int32Array(nodes);
    const path: number[] = [];
    const stack: number[] = [];
    const onStack = new Uint8Array(nodes);
    let visited = 0;
    let count = 0;
    for (let start = 0; start < nodes; start++) {
      if (left[start] === 0 || number[start] !== 0) continue;
      path.push(start);
      while (path.length > 0) {
        const node = path.at(-1)!;
        if (number[node] === 0) {
          number[node] = low[node] = ++visited;
          next[node] = this.#off[node];
          stack.push(node);
          onStack[node] = 1;
        }
        if (next[node] < this.#off[node + 1]) {
          const child = to[this.#edges[next[node]++]];
          if (left[child] === 0) continue;
          if (number[child] === 0) path.push(child);
          else if (onStack[child] === 1) low[node] = Math.min(low[node], number[child]);
          continue;
        }
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent] = Math.min(low[parent], low[node]);
        if (low[node] !== number[node]) continue;
        const alone = stack.at(-1) === node;
        if (!alone) count++;
        for (;;) {
          const member = stack.pop()!;
          onStack[member] = 0;
          if (!alone) of[member] = count;
          if (member === node) break;
        }
      }
    }
    return { of, count };
  }

  /** Edges of a shortest cycle through an edge, that edge first; null where there is none within `limit`. */
  shortestThrough(edge: number, knot: Int32Array, limit: number): number[] | null {
    const start = this.to.data[edge];
    const goal = this.from.data[edge];
    const cameBy = new Map<number, number>([[start, -1]]);
    let frontier = [start];
    while (frontier.length > 0 && cameBy.size <= limit && !cameBy.has(goal)) {
      const further: number[] = [];
      for (const node of frontier) {
        for (let i = this.#off[node]; i < this.#off[node + 1]; i++) {
          const along = this.#edges[i];
          const next = this.to.data[along];
          if (knot[next] !== knot[goal] || cameBy.has(next)) continue;
          cameBy.set(next, along);
          further.push(next);
        }
      }
      frontier = further;
    }
    if (!cameBy.has(goal)) return null;
    const back: number[] = [];
    for (let node = goal; node !== start; ) {
      const along = cameBy.get(node)!;
      back.push(along);
      node = this.from.data[along];
    }
    return [edge, ...back.reverse()];
  }
}
