/** Log order within one instant, for whoever makes a history. */

/**
 * Orders operations of one instant, which come in the order of the source: writes before reads, so that a read may
 * see them, except that those of one process stay as they are: a write that follows a read of its own process
 * does not precede it.
 */
export function orderMoment(
  moment: Uint32Array,
  processOf: (operation: number) => number | string,
  writes: (operation: number) => boolean,
): void {
  if (moment.length < 2) return;
  const queues = new Map<number | string, number[]>();
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
