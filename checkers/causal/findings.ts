/** What the causal pass has found (`scan.ts`), in lists that run in parallel. */

import { IntList } from '../history/int-list.ts';
import type { Clocks } from './clocks.ts';

export class Findings {
  /** Overwritten reads: place, what was read (0: initial; for sets: absent), what had replaced it. */
  readonly read = new IntList();
  readonly source = new IntList();
  readonly newer = new IntList();
  /** Conflict edges against the trace: `from` must precede `to` in any arbitration, as `by` shows. */
  readonly from = new IntList();
  readonly to = new IntList();
  readonly by = new IntList();
  /** Reads whose source is in another block of columns than what may have replaced it. */
  readonly openRead = new IntList();
  readonly openSource = new IntList();
  readonly openNewer = new IntList();
  /** The clocks as they stand at the end, where one block was enough. */
  clocks: Clocks | null = null;

  overwritten(place: number, source: number, newer: number): void {
    this.read.push(place);
    this.source.push(source);
    this.newer.push(newer);
  }

  conflict(from: number, to: number, by: number): void {
    this.from.push(from);
    this.to.push(to);
    this.by.push(by);
  }

  open(place: number, source: number, newer: number): void {
    this.openRead.push(place);
    this.openSource.push(source);
    this.openNewer.push(newer);
  }
}

/** Several blocks may have found the same read: in order, and each replacement once. */
export function tidy({ read, source, newer }: Findings): void {
  const order = Int32Array.from(read.items.keys());
  order.sort((a, b) => read.data[a] - read.data[b] || newer.data[a] - newer.data[b]);
  for (const list of [read, source, newer]) {
    const sorted = Int32Array.from(order, (i) => list.data[i]);
    list.data.set(sorted);
  }
}

export const GUARANTEES = [
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
] as const;
export type Guarantee = (typeof GUARANTEES)[number];

/** A read that breaks a guarantee. */
export interface Breach {
  readonly guarantee: Guarantee;
  /** Place of the read. */
  readonly read: number;
  /** What it returned; 0: initial or absent. */
  readonly source: number;
  /** What it should have known of (for flip-flops: what it had seen in between). */
  readonly newer: number;
  /** The write that its session had read and that came after `newer`; 0 where the pattern has none. */
  readonly through: number;
  readonly flip: boolean;
}
