/**
 * Windows: the parts of a trace in which cycles can be. All edges but a few *backward* ones lead from left to
 * right, so a cycle spans an interval that backward edges cover without a gap: wherever one cuts it, the
 * cycle must come back across the cut. Merged intervals of backward edges are therefore all there is to search.
 */

export interface Windows {
  /** Number of places in all windows. A place of a window has a *node* 0..nodes-1, in order. */
  readonly nodes: number;
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** By window: the node of its first place. */
  readonly node: Int32Array;
}

/** Each edge spans [left, right]. */
export function mergeWindows(left: Int32Array, right: Int32Array): Windows {
  const order = new Int32Array(left.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  order.sort((a, b) => left[a] - left[b]);
  const first: number[] = [];
  const last: number[] = [];
  for (const i of order) {
    const open = last.length - 1;
    if (open >= 0 && left[i] <= last[open]) last[open] = Math.max(last[open], right[i]);
    else {
      first.push(left[i]);
      last.push(right[i]);
    }
  }
  return numbered(Int32Array.from(first), Int32Array.from(last));
}

function numbered(first: Int32Array, last: Int32Array): Windows {
  const node = new Int32Array(first.length);
  let nodes = 0;
  for (let i = 0; i < first.length; i++) {
    node[i] = nodes;
    nodes += last[i] - first[i] + 1;
  }
  return { nodes, first, last, node };
}

/** Some of the windows, by number. */
export function onlyWindows({ first, last }: Windows, chosen: readonly number[]): Windows {
  return numbered(
    Int32Array.from(chosen, (w) => first[w]),
    Int32Array.from(chosen, (w) => last[w]),
  );
}

/** The window that a place is in, or -1. */
export function windowOf({ first, last }: Windows, place: number): number {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (last[middle] < place) low = middle + 1;
    else high = middle;
  }
  return low < first.length && first[low] <= place ? low : -1;
}

/** The place of a node. */
export function placeOf(windows: Windows, node: number): number {
  let low = 0;
  let high = windows.node.length;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (windows.node[middle] <= node) low = middle;
    else high = middle;
  }
  return windows.first[low] + node - windows.node[low];
}
