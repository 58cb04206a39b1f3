/**
 * Log order: reads at their completion, writes at their invocation (see `checkers/history.ts`).
 *
 * Rows come in order of invocation, so the result is nearly sorted: insertion is linear in rows and
 * in how far operations overlap. A history where everything overlaps everything is sorted in
 * O(n log n) instead.
 */

/** Moves for each row after which insertion is given up. */
const MOVES_PER_ROW_MAX = 64;

/**
 * Row numbers in order of `time`; at one moment those with `first` = 1 come first, then the lower
 * row number.
 */
export function logOrder(time: Float64Array, first: Uint8Array): Uint32Array {
  const n = time.length;
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let moves = MOVES_PER_ROW_MAX * n;
  for (let i = 1; i < n; i++) {
    const row = i;
    const at = time[row]!;
    let j = i - 1;
    while (j >= 0) {
      const before = order[j]!;
      const earlier = time[before]!;
      if (earlier < at || (earlier === at && first[before]! >= first[row]!)) break;
      order[j + 1] = before;
      j--;
    }
    order[j + 1] = row;
    moves -= i - 1 - j;
    if (moves < 0) return sortAll(time, first);
  }
  return order;
}

function sortAll(time: Float64Array, first: Uint8Array): Uint32Array {
  const order = Uint32Array.from(time, (_, i) => i);
  return order.sort(
    (left, right) => time[left]! - time[right]! || first[right]! - first[left]! || left - right,
  );
}
