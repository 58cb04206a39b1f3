/**
 * Flip-flops: reads that come back to a value which their session had left for another one, a violation of monotonic
 * reads whichever of the two values is the newer one.
 */

import { IntList, PairIndex } from '../history/int-list.ts';
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import type { Breach, Findings } from './findings.ts';
import { Op, type Trace } from './trace.ts';

/** Pairs of session and key up to which a table is taken for an index. */
const directMax = 1 << 24;

/** By key: 1 where something was found. */
function keysOf({ key, lastInitial }: Trace, { by, read }: Findings): Uint8Array {
  const found = new Uint8Array(lastInitial.length);
  for (const list of [by.items, read.items]) {
    for (let i = 0; i < list.length; i++) found[key[list[i]]] = 1;
  }
  return found;
}

/** By session: its number among those that read often enough to come back to something; -1 for the others. */
function returners({ n, op, session, width }: Trace): Int32Array {
  const numbers = new Int32Array(width.length);
  for (let at = 0; at < n; at++) if (op[at] === Op.Read) numbers[session[at]]++;
  let count = 0;
  for (let s = 0; s < numbers.length; s++) numbers[s] = numbers[s] < 3 ? -1 : count++;
  return numbers;
}

/** In order of their place; only of keys of which something was found. */
export function flips(trace: Trace, findings: Findings, budget: Budget): Breach[] {
  const { n, op, session, key, value } = trace;
  const keys = trace.lastInitial.length;
  const inQuestion = keysOf(trace, findings);
  const numbers = returners(trace);
  const sessions = 1 + numbers.reduce((most, number) => Math.max(most, number), -1);
  // By session and key what was read last; by value a bit for each session that has left it.
  const direct = sessions * keys <= directMax;
  const pairs = new PairIndex();
  const current = new IntList(direct ? sessions * keys : 1024);
  const leftBy = new Int32Array(trace.column.length);
  const left = sessions > 32 ? new PairIndex() : null;
  const found: Breach[] = [];
  for (let at = 0; at < n; at++) {
    if ((at & STEP_MASK) === 0) budget.step();
    if (op[at] !== Op.Read || inQuestion[key[at]] === 0) continue;
    const s = numbers[session[at]];
    if (s < 0) continue;
    const pair = direct ? s * keys + key[at] : pairs.add(s, key[at]);
    if (!direct && pair === current.length) current.push(0);
    const before = current.data[pair];
    const id = value[at];
    if (before === id) continue;
    const bit = 1 << (s & 31);
    if ((leftBy[id] & bit) !== 0 && (left === null || left.find(s, id) >= 0)) {
      found.push({
        guarantee: 'monotonic-reads',
        read: at,
        source: id,
        newer: before,
        through: 0,
        flip: true,
      });
    }
    if (before !== 0) {
      leftBy[before] |= bit;
      left?.add(s, before);
    }
    current.data[pair] = id;
  }
  return found;
}
