import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { saveRun } from '../columns/save.ts';
import { Digest, packRows } from './digest.ts';
import type { StoredRow } from './fields.ts';
import { openRun } from './recorder.ts';
import { header, record, row, temporaryFolder } from './testing/made-runs.ts';
import { histories } from './testing/random-rows.ts';

/** The digest that the recorder kept, and that of the table as it is in the file. */
function digests(rows: readonly StoredRow[]): { readonly kept: string; readonly read: string } {
  const recorder = openRun(join(temporaryFolder(), 'run'), header(), { reproducible: true });
  record(recorder, rows);
  saveRun(recorder);
  const db = new Database(recorder.path, { readonly: true });
  try {
    const text = db.prepare<[], string>('SELECT environment FROM run').pluck().get()!;
    const read = new Digest();
    for (const block of packRows(db, null)) read.add(block);
    return { kept: (JSON.parse(text) as { digest: string }).digest, read: read.hex() };
  } finally {
    db.close();
  }
}

const write = row(0, { invoked: 1, completed: 2, f: 'write', value: 'x', message: 'späť, "so"' });

describe('the digest of a history', () => {
  it('is that of the table, though the table is not read for it', () => {
    fc.assert(
      fc.property(histories, (rows) => {
        const { kept, read } = digests(rows);
        expect(kept).toBe(read);
      }),
      { numRuns: 40 },
    );
    const { kept, read } = digests([write, row(1, { invoked: 3, confidence: 0.1, final: true })]);
    expect(kept).toBe(read);
  });

  it('is another as soon as one field is', () => {
    const changes: Partial<StoredRow>[] = [
      {},
      { value: null },
      { value: 7 },
      { value: '7' },
      { message: undefined },
      { error: '1:x', message: undefined },
      { error: undefined, message: '1:x' },
      { completed: 2e6 + 1 },
      { final: false },
      { stale: false },
      { siblings: ['x'] },
      { version: 'n1:1' },
      { server: 'n1:1' },
    ];
    const all = changes.map((change) => digests([{ ...write, ...change }]).kept);
    expect(new Set(all).size).toBe(changes.length);
  });
});
