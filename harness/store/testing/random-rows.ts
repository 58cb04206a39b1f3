/** Random rows of run files for fast-check: every kind of operation, every outcome, every column. */
import fc from 'fast-check';
import type { StoredRow } from '../fields.ts';
import { row } from './made-runs.ts';

/** A context token of these counters. */
export function token(v: Readonly<Record<string, number>>): string {
  return Buffer.from(JSON.stringify({ v, t: [0, 0] })).toString('base64url');
}

const outcomes = ['ok', 'fail', 'info', 'flying'] as const;

/** What one thread does, one after the other: gap and length in ms, kind, place, outcome. */
const step = fc.record({
  gap: fc.nat(4),
  length: fc.nat(9),
  f: fc.constantFrom(
    'read',
    'write',
    'add',
    'read-all',
    'cas',
    'append',
    'read-list',
    'delete',
    'x',
  ),
  space: fc.constantFrom('s-1', 's-2'),
  id: fc.constantFrom('', '/a', '/b'),
  outcome: fc.constantFrom(...outcomes),
  seen: fc.array(fc.nat(30), { maxLength: 5 }),
  extras: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Rows in order of invocation. Written values are unique; what is read may be anything. */
function rowsOf(threads: readonly (readonly Step[])[]): StoredRow[] {
  const drafts: (StoredRow & { readonly at: number })[] = [];
  threads.forEach((steps, thread) => {
    let at = 0;
    let process = thread;
    steps.forEach((each, i) => {
      const begin = at + each.gap;
      at = begin + each.length;
      const unique = thread * 100 + i;
      const value = valueFor(each, unique);
      const end = each.outcome === 'flying' ? {} : { completed: at, outcome: each.outcome };
      drafts.push({
        at: begin,
        ...row(0, { invoked: begin, ...end, process, thread, f: each.f, value }),
        key: each.space + each.id,
        final: each.extras,
        ...(each.extras ? extrasOf(each, unique) : {}),
      });
      if (each.outcome === 'info') process += threads.length;
      if (each.outcome === 'flying') process += threads.length;
      at += 1;
    });
  });
  drafts.sort((a, b) => a.at - b.at);
  return drafts.map(({ at: _, ...each }, idx) => ({ ...each, idx }));
}

function valueFor(each: Step, unique: number): unknown {
  switch (each.f) {
    case 'write':
    case 'add':
    case 'append':
      return unique % 2 === 0 ? unique : `v"${unique}`;
    case 'cas':
      return [each.seen[0] ?? null, unique];
    case 'read':
    case 'delete':
      return each.seen[0] ?? null;
    case 'read-all':
    case 'read-list':
      return each.outcome === 'ok' ? each.seen : null;
    default:
      return null;
  }
}

function extrasOf(each: Step, unique: number): Partial<StoredRow> {
  return {
    confidence: 0.5,
    warnings: each.seen.length,
    stale: each.seen.length === 2,
    server: 'n9',
    hops: 1,
    error: `e${each.seen.length}`,
    version: `n1:${unique}`,
    ...(each.f === 'read' ? { siblings: each.seen } : {}),
    sentContext: token({ n1: each.seen.length, n2: 3 }),
    // The machine is overloaded.
    ...(each.seen.length === 4 ? { scheduled: -2e9 } : {}),
  };
}

export const histories = fc
  .array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 })
  .map(rowsOf);
