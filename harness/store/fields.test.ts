import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportRun } from '../foreign/export-run.ts';
import { readForeign } from '../foreign/import.ts';
import { DIGEST_FIELDS, EVENT_FIELDS, FIELD_LIST, type StoredRow } from './fields.ts';
import { openRunFile } from './run-file.ts';
import { storedRows } from './stored-rows.ts';
import { makeRun, row, temporaryFolder } from './testing/made-runs.ts';

/** An operation that has every field, none of them as it would be assumed. */
const full: Required<StoredRow> = {
  ...row(0, { invoked: 3, completed: 5, process: 4, thread: 2, phase: 'final', f: 'read' }),
  ...{ outcome: 'ok', completed: 5e6, key: 's-1/x', value: ['a', 1], node: 'n1', scheduled: 1e6 },
  ...{
    final: true,
    error: 'odd',
    message: 'it was odd',
    confidence: 0.5,
    warnings: 2,
    stale: true,
  },
  ...{
    server: 'n2',
    hops: 3,
    version: 'n1:7',
    siblings: ['a', 'b'],
    sentContext: 'c',
    context: 'd',
  },
  extra: { at: [0, 1] },
};

it('places in the digest are 0, 1, 2 ... and none is taken twice', () => {
  expect(DIGEST_FIELDS.map(({ digest }) => digest)).toEqual([...DIGEST_FIELDS.keys()]);
});

it('every field comes back from a run file as it was', () => {
  expect(Object.keys(full).sort()).toEqual(FIELD_LIST.map(({ name }) => name).sort());
  const file = openRunFile(makeRun([full]));
  try {
    expect([...storedRows(file)]).toEqual([full]);
  } finally {
    file.db.close();
  }
});

it('every field with a name of its own in events comes back from an exported history', () => {
  const { extra: _, ...operation } = full;
  const path = join(temporaryFolder(), 'history.jsonl');
  writeFileSync(path, [...exportRun(makeRun([operation]), 'jsonl')].join('\n'));
  const [back] = readForeign(path).rows;
  for (const { name } of [...EVENT_FIELDS.invocation, ...EVENT_FIELDS.end]) {
    expect([name, back[name]]).toEqual([name, full[name]]);
  }
});
