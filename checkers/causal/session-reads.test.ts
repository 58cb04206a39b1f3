import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionReads } from './session-reads.ts';
import { Op, type Trace } from './trace.ts';

const keys = 3;
const reads = fc.array(
  fc.record({ key: fc.nat(keys - 1), source: fc.nat(4), gap: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 120 },
);
const questions = fc.array(
  fc.record({ key: fc.nat(keys - 1), deadline: fc.nat(260), id: fc.nat(4) }),
  { maxLength: 60 },
);

describe('the reads of a session', () => {
  it('are found as a scan over all of them finds them, near the last one and far from it', () => {
    fc.assert(
      fc.property(reads, questions, (given, asked) => {
        let place = 0;
        const all = given.map(({ key, source, gap }) => ({ key, source, at: (place += gap) }));
        const op = new Uint8Array(place + 1).fill(Op.Skip);
        const key = new Int32Array(place + 1);
        const value = new Int32Array(place + 1);
        for (const each of all) {
          op[each.at] = each.source === 0 ? Op.ReadInitial : Op.Read;
          key[each.at] = each.key;
          value[each.at] = each.source;
        }
        const trace = { op, key, value, lastInitial: new Int32Array(keys) };
        const session = new SessionReads(trace as unknown as Trace);
        session.index(Int32Array.from(all.map((each) => each.at)));
        for (const { key: x, deadline, id } of asked) {
          const first = all.findIndex((each) => each.key === x && each.at >= deadline);
          const expected = all.find(
            (each, i) => i >= first && each.key === x && each.source !== id,
          );
          const isThere = first >= 0 && expected !== undefined;
          expect(session.find(x, deadline, id)).toBe(isThere);
          if (isThere)
            expect([session.read, session.source]).toEqual([expected.at, expected.source]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
