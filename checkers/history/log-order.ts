/**
 * Log order: reads at their completion, writes at their invocation (see `history.ts`).
 *
 * Rows come in order of invocation, so the result is nearly sorted: insertion is linear in rows and
 * in how far operations overlap. A history where everything overlaps everything is sorted in
 * O(n log n) instead.
 */

/** Moves for each row after which insertion is given up. */
const MOVES_PER_ROW_MAX = 64;

/**
 * Row numbers in order of `time`; at one moment writes (1 in `writes`) stand before reads, as far as the order
 * within each process lets them.
 */
export function logOrder(
  time: Float64Array,
  writes: Uint8Array,
  process: ArrayLike<number>,
): Uint32Array {
  const order = byTime(time);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && time[order[end]] === time[order[start]]) end++;
    if (end - start < 2) continue;
    orderMoment(
      order.subarray(start, end),
      (row) => process[row],
      (row) => writes[row] === 1,
    );
  }
  return order;
}

/** Row numbers in order of `time`; at one time as they come. */
export function byTime(time: Float64Array): Uint32Array {
  const n = time.length;
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let moves = MOVES_PER_ROW_MAX * n;
  for (let row = 1; row < n; row++) {
    const at = time[row];
    let j = row - 1;
    while (j >= 0 && time[order[j]] > at) {
      order[j + 1] = order[j];
      j--;
    }
    order[j + 1] = row;
    moves -= row - 1 - j;
    if (moves < 0) {
      return Uint32Array.from(time, (_, i) => i).sort((a, b) => time[a] - time[b] || a - b);
    }
  }
  return order;
}

/**
 * Orders operations of one instant, which come in the order of the source: writes before reads, so that a read may
 * see them, except that those of one process stay as they are: a write that follows a read of its own process
 * does not precede it.
 */
function orderMoment(
  moment: Uint32Array,
  processOf: (operation: number) => number,
  writes: (operation: number) => boolean,
): void {
  if (moment.length < 2) return;
  const queues = new Map<number, number[]>();
  for (const i of moment) {
    const queue = queues.get(processOf(i));
    if (queue) queue.push(i);
    else queues.set(processOf(i), [i]);
  }
  for (const queue of queues.values()) queue.reverse();
  for (let placed = 0; placed < moment.length; ) {
    for (const queue of queues.values()) {
      while (queue.length > 0 && writes(queue.at(-1)!)) moment[placed++] = queue.pop()!;
    }
    for (const queue of queues.values()) if (queue.length > 0) moment[placed++] = queue.pop()!;
  }
}
