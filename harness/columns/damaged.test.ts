/** A run file with a flipped bit, a lost stretch or a missing end, wherever it is: a verdict or a sentence, no crash. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFacts } from '../campaign/run-facts.ts';
import { EXPORT_FORMATS, exportRun } from '../foreign/export-run.ts';
import { judgeRun } from '../judge/judge.ts';
import { simulate } from '../run/testing/simulate.ts';
import { overview } from '../store/look.ts';
import { openRunFile } from '../store/run-file.ts';
import { makeRun, row } from '../store/testing/made-runs.ts';
import { EXIT, explain } from '../world/exit-codes.ts';
import { makeRng, type Rng } from '../world/rng.ts';

const folder = mkdtempSync(join(tmpdir(), 'amnesia-damage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function spoil(bytes: Buffer, rng: Rng): Buffer {
  const at = rng.int(bytes.length);
  switch (rng.int(8)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + rng.int(8192)));
    case 2:
    case 3:
    case 4: {
      // What holds JSON together, which a bit seldom hits.
      const spoilt = Buffer.from(bytes);
      const next = spoilt
        .subarray(at)
        .findIndex((byte) => '[]{},:"'.includes(String.fromCharCode(byte)));
      if (next >= 0) spoilt[at + next] = 'x'.charCodeAt(0);
      return spoilt;
    }
    default: {
      const spoilt = Buffer.from(bytes);
      for (let flips = rng.int(3); flips >= 0; flips--) {
        spoilt[rng.int(bytes.length)] ^= 1 << rng.int(8);
      }
      return spoilt;
    }
  }
}

/** What is done with a run file, each without a word where the file allows it. */
const uses: Readonly<Record<string, (path: string) => void>> = {
  check: (path) => {
    const { valid, verdicts } = judgeRun(path);
    if (valid === false) throw new Error('operations are accused that were damaged only here');
    const died = verdicts.find((each) => each.message.startsWith('the checker itself failed'));
    if (died !== undefined) throw new Error(`${died.checker}: ${died.message}`);
  },
  compare: (path) => void readFacts(path),
  show: (path) => {
    const file = openRunFile(path);
    try {
      overview(file);
    } finally {
      file.db.close();
    }
  },
  ...Object.fromEntries(
    EXPORT_FORMATS.map((format) => [
      `export ${format}`,
      (path: string) => {
        for (const _ of exportRun(path, format));
      },
    ]),
  ),
};

let whole: Buffer;
beforeAll(async () => {
  await simulate(folder, { seed: '4', rate: '100', 'time-limit': '12', settle: '1' });
  whole = readFileSync(join(folder, 'engram', 'latest', 'run.sqlite'));
});

it('is read as far as it goes, or refused in a sentence', () => {
  const rng = makeRng(Number(process.env.AMNESIA_DAMAGE_SEED ?? 1));
  const crashes: string[] = [];
  for (let round = 0; round < Number(process.env.AMNESIA_DAMAGE_ROUNDS ?? 30); round++) {
    const bytes = spoil(whole, rng);
    for (const [use, attempt] of Object.entries(uses)) {
      const path = join(folder, `${round}.sqlite`);
      writeFileSync(path, bytes);
      try {
        attempt(path);
      } catch (error) {
        const { exitCode, text } = explain(error);
        if (exitCode === EXIT.crash) crashes.push(`round ${round}, ${use}: ${text}`);
      }
      rmSync(path);
    }
  }
  expect(crashes).toEqual([]);
});

describe('rows beside chunks that cannot be used', () => {
  const values = Array.from({ length: 400 }, (_, n) => `value ${n}`);
  const rows = values.flatMap((value, n) => [
    row(2 * n, { f: 'write', value, invoked: 4 * n, completed: 4 * n + 1 }),
    row(2 * n + 1, { f: 'read', value, invoked: 4 * n + 2, completed: 4 * n + 3 }),
  ]);
  const judged = (sql: string, spoilt: (bytes: Buffer) => void = () => {}) => {
    const path = makeRun(rows);
    const db = new Database(path);
    db.exec(sql);
    db.close();
    const bytes = readFileSync(path);
    spoilt(bytes);
    writeFileSync(path, bytes);
    return judgeRun(path, { store: false, checkers: ['causal', 'stats'] });
  };
  const noChunks = 'UPDATE chunk SET cols = zeroblob(length(cols))';
  /** A read of the value 300 shows that of 200 now, which is stale. */
  const another = (bytes: Buffer): void => {
    const written = bytes.indexOf('"value 300"');
    const read = bytes.indexOf('"value 300"', written + 1);
    bytes.write('"value 200"', read);
  };

  it('count as far as they are what was written', () => {
    const { valid, verdicts, screen } = judged(noChunks, another);
    expect(valid).toBe('unknown');
    expect(verdicts.filter((each) => each.valid === false)).toEqual([]);
    // Blocks of 256: row 600 or 601 is in the third.
    expect(verdicts[1].figures).toMatchObject({ 'operation-count': 512 });
    expect(screen.notes.join()).toMatch(/operations after 511 cannot be read: they are not what/);
  });

  it('are missed', () => {
    const { valid, screen } = judged(`${noChunks}; INSERT INTO row_check VALUES ('op', 4, 0)`);
    expect(valid).toBe('unknown');
    expect(screen.notes.join()).toMatch(/operations after 799 cannot be read: they are missing/);
  });

  it.each([
    ['they are as they were', noChunks],
    ['they were changed on purpose', `UPDATE op SET message = 'seen by hand' WHERE idx = 3`],
    ['no checksums were kept', `${noChunks}; DROP TABLE row_check`],
  ])('count where %s', (_, sql) => {
    const { valid, verdicts } = judged(sql);
    expect(valid).toBe(true);
    expect(verdicts[1].figures).toMatchObject({ 'operation-count': 800 });
  });

  it('accuse where one was changed on purpose', () => {
    const { valid } = judged(`UPDATE op SET value = '"value 200"' WHERE idx = 601`);
    expect(valid).toBe(false);
  });
});

describe('a table around the operations', () => {
  const path = join(folder, 'around.sqlite');
  const judged = (bytes: Buffer, sql = '') => {
    writeFileSync(path, bytes);
    const db = new Database(path);
    db.exec(sql);
    db.close();
    return judgeRun(path, { store: false });
  };

  it.each([
    ['fault', `kind || variant || description`],
    ['sample', 'node || path || body'],
    ['node_log', 'node || level || text'],
  ])('is left out when it is not what was written: %s', (table, cells) => {
    writeFileSync(path, whole);
    const db = new Database(path, { readonly: true });
    // As they stand in the file, one behind the other; the longest may go on elsewhere.
    const some = `SELECT ${cells} FROM ${table} WHERE length(${cells}) BETWEEN 30 AND 600`;
    const cell = Buffer.from(db.prepare<[], string>(some).pluck().get()!);
    db.close();
    const bytes = Buffer.from(whole);
    const at = bytes.indexOf(cell);
    expect(at).toBeGreaterThan(0);
    bytes[at + cell.findIndex((byte) => byte >= 0x31 && byte <= 0x38)] ^= 1;
    const { valid, screen } = judged(bytes);
    expect(valid).toBe('unknown');
    expect(screen.notes.join()).toContain(`table ${table} is not what was written`);
  });

  it('counts as it is when it was changed on purpose', () => {
    const shifted = ['fault', 'sample', 'node_log'].map((name) => `DELETE FROM ${name};`).join('');
    expect(judged(whole).screen.notes).toEqual([]);
    expect(judged(whole, shifted).screen.notes).toEqual([]);
  });
});

describe('a row that is not what was written', () => {
  const one = (f: string) => `(SELECT max(idx) FROM op WHERE f = '${f}' AND outcome = 'ok')`;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['a list', `op SET value = '[1,"x' WHERE idx = ${one('read-all')}`, /operation \d+ cannot be/],
    ['a value', `op SET value = '{1' WHERE idx = ${one('write')}`, /operation \d+ cannot be read/],
    ['siblings', `op SET siblings = '[1' WHERE idx = ${one('read')}`, /operation \d+ cannot be/],
    ['no list', `op SET siblings = '5' WHERE idx = ${one('read')}`, /siblings that are no list/],
    ['a key', `op SET key = x'00' WHERE idx = ${one('read')}`, /operation \d+ is not what was/],
    ['a look', `sample SET body = '{"a' WHERE id = 9`, /table sample could be read in part only/],
    ['a path', `sample SET path = x'00' WHERE id = 9`, /table sample could be read in part only/],
    ['targets', `fault SET targets = '[1]' WHERE id = 1`, /table fault could be read in part only/],
    ['a grudge', `fault SET grudge = '{"n1":3}'`, /table fault could be read in part only/],
    ['a line', `node_log SET text = x'00' WHERE id = 1`, /table node_log could be read in part/],
  ];
  function changed(change: string): string {
    const path = join(folder, 'changed.sqlite');
    writeFileSync(path, whole);
    const db = new Database(path);
    expect(db.prepare(`UPDATE ${change}`).run().changes).toBeGreaterThan(0);
    db.close();
    return path;
  }

  it.each(cases)('%s', (_, change, sentence) => {
    const { valid, verdicts, screen } = judgeRun(changed(change), { store: false });
    expect(valid).toBe('unknown');
    const reasons = verdicts.map((each) => each.message);
    expect([...screen.notes, ...reasons].join('\n')).toMatch(sentence);
    expect(reasons.filter((each) => each.includes('itself failed'))).toEqual([]);
  });

  it('ends the history: what has seen the rest of it is in flight', () => {
    const path = makeRun([
      { ...row(0, { f: 'add', key: 's', value: 9, invoked: 0, completed: 5 }), process: 2 },
      { ...row(1, { f: 'read-all', key: 's', value: [9, 1], invoked: 6, completed: 100 }) },
      { ...row(2, { f: 'read-all', key: 's', value: [9], invoked: 8, completed: 12 }), process: 3 },
      { ...row(3, { f: 'read', key: 'x', value: null, invoked: 14, completed: 15 }), process: 4 },
      { ...row(4, { f: 'add', key: 's', value: 1, invoked: 16, completed: 20 }), process: 5 },
    ]);
    const db = new Database(path);
    db.prepare(`UPDATE op SET key = x'00' WHERE idx = 4`).run();
    db.close();
    const judged = judgeRun(path, { store: false, checkers: ['lost-writes', 'causal', 'stats'] });
    expect(judged.valid).toBe('unknown');
    expect(judged.verdicts.map((each) => each.counts)).toEqual([{}, {}, {}]);
    expect(judged.verdicts[2].figures).toMatchObject({ 'ok-count': 2, 'info-count': 2 });
  });

  it('is not exported, nor compared with others', () => {
    const exported = (change: string) => [...exportRun(changed(`op SET ${change}`), 'jsonl')];
    expect(() => exported(`f = x'00' WHERE idx = 7`)).toThrow(/operation 7 cannot be read/);
    expect(() => exported(`value = '[1' WHERE idx = 7`)).toThrow(/operation 7 cannot be read/);
    expect(() => readFacts(changed(`sample SET body = '{"a'`))).toThrow(/is damaged: its facts/);
  });
});
