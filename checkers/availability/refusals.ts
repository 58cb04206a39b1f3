/**
 * Nodes that go on refusing after everything was healed. A refusal during a fault is a matter of degree; one
 * that is still the last word of a node long after the last fault says that it has not found back.
 */
import { Flag, type History, Status } from '../history/history.ts';
import type { Anomaly } from '../verdict/verdict.ts';
import { describe, indices, keyName, lanes } from '../verdict/witness.ts';

/** The class of outcome in which a node says itself that it cannot serve a request. */
const refusal = 'unavailable';

/**
 * Rows of final reads that a node refused more than `calmNs` after the last fault, and after which it never
 * served that key: the last such read of each node and key.
 */
export function lastingRefusals(history: History, calmNs: number): number[] {
  const { n, error, errors, flags, status, invoke, node, key, keys } = history;
  const refused = errors.indexOf(refusal);
  if (error === null || refused < 0) return [];
  const healedNs = history.faults.reduce((latest, { end }) => Math.max(latest, end), 0);
  const settled = new Set<number>();
  const found: number[] = [];
  for (let row = n - 1; row >= 0; row--) {
    if ((flags[row] & Flag.Final) === 0 || node[row] < 0) continue;
    const place = node[row] * keys.length + key[row];
    if (settled.has(place)) continue;
    settled.add(place);
    const isLate = invoke[row] > healedNs + calmNs;
    if (isLate && status[row] === Status.Fail && error[row] === refused) found.push(row);
  }
  return found.reverse();
}

export function refusalAnomaly(history: History, row: number, count: number): Anomaly {
  const node = history.nodes[history.node[row]];
  return {
    pattern: 'refused-after-heal',
    violates: ['availability after heal'],
    key: keyName(history, row),
    ops: indices(history, [row]),
    summary: `${describe(history, row)}; ${node} still refused it after all faults were healed`,
    steps: [describe(history, row)],
    lanes: lanes(history, [row]),
    count,
    // One operation, which the node itself refused: there is nothing to leave out.
    confirmed: true,
    minimal: true,
  };
}
