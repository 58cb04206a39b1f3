import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { query } from './query.ts';
import { EXAMPLES, resultsReadme } from './reference.ts';
import { TABLES } from './schema.ts';
import { makeRun, row } from './testing/made-runs.ts';
import { VIEWS } from './views.ts';

const page = fileURLToPath(new URL('../../results/README.md', import.meta.url));

describe('results/README.md', () => {
  it('is what the schema prints (renew it with UPDATE_DOCS=1)', () => {
    if (process.env.UPDATE_DOCS === '1') writeFileSync(page, resultsReadme());
    expect(readFileSync(page, 'utf8')).toBe(resultsReadme());
  });

  it('names the columns that tables and views have', () => {
    const path = makeRun([row(0, { invoked: 1, completed: 2 })]);
    const described = [
      ...TABLES.map(({ name, columns }) => [name, columns.map((column) => column.name)] as const),
      ...VIEWS.map(({ name, columns }) => [name, columns.map(([column]) => column)] as const),
    ];
    for (const [name, columns] of described) {
      expect([name, query(path, `select * from ${name}`, 1).columns]).toEqual([name, columns]);
    }
    const all = "select name from sqlite_schema where type in ('table', 'view') order by name";
    expect(query(path, all, 99).rows.flat()).toEqual(described.map(([name]) => name).sort());
  });

  it.each(EXAMPLES.map(({ question, sql }) => [question, sql]))(
    'has a query that works: %s',
    (_, sql) => {
      const path = makeRun([
        row(0, { f: 'add', key: 's', value: 'e17', invoked: 1, completed: 2 }),
        row(1, { f: 'read-all', key: 's', value: ['e17'], final: true, invoked: 3, completed: 4 }),
      ]);
      expect(() => query(path, sql, 1000)).not.toThrow();
    },
  );

  it('has an example that finds what is missing', () => {
    const lost = EXAMPLES.find(({ question }) => question.includes('lack'))!;
    const path = makeRun([
      row(0, { f: 'add', key: 's', value: 'a', invoked: 1, completed: 2 }),
      row(1, { f: 'add', key: 's', value: 'b', invoked: 3, completed: 4 }),
      row(2, { f: 'read-all', key: 's', value: ['a'], final: true, invoked: 5, completed: 6 }),
    ]);
    expect(query(path, lost.sql, 9).rows).toEqual([['n1', 's', '"b"']]);
  });
});
