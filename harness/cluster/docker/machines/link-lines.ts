/** What a forwarder has to be told, from the faults of all nodes. Pure. */
import type { LinkFault } from '../../powers.ts';

/** The faults of one packet's two ends, one after the other. */
export function both(left: LinkFault | undefined, right: LinkFault | undefined): LinkFault {
  if (!left || !right) return left ?? right ?? {};
  const either = (a = 0, b = 0): number => 1 - (1 - a) * (1 - b);
  const [leastLeft, mostLeft] = left.delayMs ?? [0, 0];
  const [leastRight, mostRight] = right.delayMs ?? [0, 0];
  const rates = [left.bytesPerMs, right.bytesPerMs].filter((rate) => rate !== undefined);
  return {
    loss: either(left.loss, right.loss),
    duplication: either(left.duplication, right.duplication),
    reordering: either(left.reordering, right.reordering),
    reorderMs: Math.max(left.reorderMs ?? 0, right.reorderMs ?? 0),
    corruption: either(left.corruption, right.corruption),
    burst: left.burst ?? right.burst,
    delayMs: [leastLeft + leastRight, mostLeft + mostRight],
    ...(rates.length > 0 ? { bytesPerMs: Math.min(...rates) } : {}),
  };
}

/** Keys and values of the line `set`; see docker/powers/forwarder/control.h. Empty: nothing is wrong. */
export function settingsOf(fault: LinkFault): string {
  const [least, most] = fault.delayMs ?? [0, 0];
  const values: Readonly<Record<string, number>> = {
    delay_ms: (least + most) / 2,
    jitter_ms: (most - least) / 2,
    loss: fault.loss ?? 0,
    burst_begin: fault.burst?.beginShare ?? 0,
    burst_end: fault.burst?.endShare ?? 0,
    duplicate: fault.duplication ?? 0,
    reorder: fault.reordering ?? 0,
    reorder_ms: fault.reorderMs ?? 0,
    corrupt: fault.corruption ?? 0,
    mend_checksum: fault.corruption ? 1 : 0,
    rate_bits: (fault.bytesPerMs ?? 0) * 8000,
  };
  return Object.entries(values)
    .filter(([, value]) => value > 0)
    .map(([key, value]) => `${key} ${value}`)
    .join(' ');
}

export interface Place {
  readonly name: string;
  readonly address: string;
}

/**
 * The lines for one node's forwarder, the first of which forgets what was before. A packet meets the faults of both
 * of its ends where it arrives, so the link to a peer has the node's own fault and the peer's. Everybody else, the
 * clients among them, has the node's own.
 */
export function linesFor(
  node: Place,
  nodes: readonly Place[],
  faults: ReadonlyMap<string, LinkFault>,
): string[] {
  const own = faults.get(node.name);
  const lines = ['clear'];
  if (own) lines.push(`set * ${settingsOf(own)}`);
  for (const peer of nodes) {
    const theirs = peer === node ? undefined : faults.get(peer.name);
    if (theirs) lines.push(`set ${peer.address} ${settingsOf(both(own, theirs))}`);
  }
  return lines;
}
