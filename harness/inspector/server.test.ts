import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Built, buildForTest } from '../report/page/testing/built.ts';
import { makeRun, row, temporaryFolder } from '../store/testing/made-runs.ts';
import { type Inspector, startInspector } from './server.ts';
import { askSql } from './sql.ts';

let built: Built;
let inspector: Inspector | null = null;

beforeAll(async () => {
  built = await buildForTest();
});

afterAll(() => built?.remove());

afterEach(async () => {
  await inspector?.close();
  inspector = null;
});

async function serve(results: string, token: string | null = null): Promise<URL> {
  inspector = await startInspector({
    results,
    host: '127.0.0.1',
    port: 0,
    token,
    parts: built.folder,
  });
  return new URL(inspector.address);
}

interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** `fetch` would not let us choose Host and Origin. */
function get(
  at: URL,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const options = { host: at.hostname, port: at.port, path, headers, method };
    const asked = request(options, (response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Results with one run, `engram/one`. */
function results(): string {
  const folder = temporaryFolder();
  makeRun(
    [
      row(0, { invoked: 1, completed: 2, f: 'write', value: 1, server: 'n2' }),
      row(1, { invoked: 3, completed: 4, f: 'write', value: 2 }),
      row(2, { invoked: 5, completed: 8, f: 'read', value: 2, final: true }),
      row(3, { invoked: 6, completed: 7, f: 'write', value: 3, process: 1, thread: 1 }),
      row(4, { invoked: 9, completed: 10, outcome: 'fail', f: 'write', value: 4 }),
    ],
    {},
    join(folder, 'engram', 'one'),
  );
  return folder;
}

test('the list, a run in columns and an operation with the reasons for and against each write', async () => {
  const at = await serve(results());
  const { runs } = JSON.parse((await get(at, '/api/runs')).body);
  expect(runs).toMatchObject([{ run: 'engram/one', ops: 5 }]);
  const page = JSON.parse((await get(at, '/api/page?run=engram/one')).body);
  expect(page).toMatchObject({ columns: { n: 5 } });
  const { candidates } = JSON.parse((await get(at, '/api/operation?run=engram/one&idx=2')).body);
  expect(candidates).toMatchObject([
    { idx: 4, possible: false, why: 'it definitely failed' },
    { idx: 3, possible: true, why: 'it was going on while the read was' },
    { idx: 1, possible: true, returned: true },
    { idx: 0, possible: false },
  ]);
  expect(candidates[3].why).toContain('operation 1 began after it had ended');
});

test('what is not there or no question gets a sentence, and never a trace of the file system', async () => {
  const at = await serve(results());
  expect((await get(at, '/api/operation?run=engram/one&idx=99')).status).toBe(404);
  expect((await get(at, '/api/operation?run=engram/one&idx=x')).status).toBe(400);
  expect((await get(at, '/api/nothing')).status).toBe(404);
  expect((await get(at, '/api/sql?run=engram/one')).status).toBe(405);
});

test('paths out of the results are not served, and links are not followed', async () => {
  const folder = results();
  const outside = temporaryFolder();
  makeRun([row(0, { invoked: 1, completed: 2 })], {}, join(outside, 'run'));
  symlinkSync(join(outside, 'run'), join(folder, 'engram', 'linked'));
  mkdirSync(join(folder, 'engram', 'file'));
  symlinkSync(join(outside, 'run', 'run.sqlite'), join(folder, 'engram', 'file', 'run.sqlite'));
  const at = await serve(folder);
  const wanted = [
    '../x',
    'engram/../../etc',
    '/etc',
    'engram//one',
    'engram/linked',
    'engram/file',
    'engram\\one',
    'engram/one%00',
  ];
  for (const run of wanted) {
    const got = await get(at, `/api/page?run=${run.includes('%') ? run : encodeURIComponent(run)}`);
    expect([run, got.status]).toEqual([run, 404]);
    expect(got.body).not.toContain(outside);
  }
});

test('a damaged run file gets a sentence', async () => {
  const folder = results();
  mkdirSync(join(folder, 'engram', 'broken'));
  writeFileSync(join(folder, 'engram', 'broken', 'run.sqlite'), 'SQLite format 3\0nonsense');
  const at = await serve(folder);
  const got = await get(at, '/api/page?run=engram/broken');
  expect(got.status).toBe(422);
  expect(JSON.parse(got.body).problem).toMatch(/damaged|not a run file/);
});

test('foreign names and origins are refused over the wire, too', async () => {
  const at = await serve(results());
  expect((await get(at, '/api/runs', { Host: 'evil.example' })).status).toBe(403);
  expect((await get(at, '/api/runs', { Origin: 'http://evil.example' })).status).toBe(403);
  const page = await get(at, '/');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.headers['x-content-type-options']).toBe('nosniff');
});

test('with a token nothing is answered without it; the address trades it for a cookie', async () => {
  const at = await serve(results(), 'some-token-that-is-long');
  expect((await get(at, '/')).status).toBe(401);
  expect((await get(at, '/api/runs')).status).toBe(401);
  const first = await get(at, `/?token=some-token-that-is-long`);
  expect(first.status).toBe(303);
  expect(first.headers.location).toBe('/');
  const cookie = String(first.headers['set-cookie']).split(';')[0];
  expect(String(first.headers['set-cookie'])).toContain('HttpOnly; SameSite=Strict');
  expect((await get(at, '/api/runs', { Cookie: cookie })).status).toBe(200);
});

test('SQL reads and changes nothing', async () => {
  const at = await serve(results());
  const ask = async (sql: string) =>
    JSON.parse((await get(at, '/api/sql?run=engram/one', {}, JSON.stringify({ sql }))).body);
  expect(await ask('select count(*) as n from op')).toMatchObject({ columns: ['n'], rows: [[5]] });
  expect((await ask('delete from op')).problem).toContain('only statements that read');
  expect((await ask('select nothing')).problem).toContain('SQLite does not take the query');
  expect(await ask('select count(*) as n from op')).toMatchObject({ rows: [[5]] });
});

test('a question that never ends is ended', async () => {
  const path = join(results(), 'engram', 'one', 'run.sqlite');
  const endless =
    'with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n';
  expect((await askSql(path, endless, 2500)).problem).toBe(
    'not answered within 2.5 s, and stopped',
  );
});

test('equal final answers bear equal numbers, whatever the order of a set', async () => {
  const folder = temporaryFolder();
  const read = { f: 'read-all', key: 's', final: true } as const;
  makeRun(
    [
      row(0, { invoked: 1, completed: 2, f: 'add', key: 's', value: 1 }),
      row(1, { invoked: 3, completed: 4, f: 'add', key: 's', value: 2 }),
      row(2, { invoked: 5, completed: 6, ...read, value: [1, 2], node: 'n1' }),
      row(3, { invoked: 7, completed: 8, ...read, value: [2, 1], node: 'n2' }),
      row(4, { invoked: 9, completed: 10, ...read, value: [2], node: 'n3' }),
    ],
    {},
    join(folder, 'engram', 'one'),
  );
  const at = await serve(folder);
  const cells = JSON.parse((await get(at, '/api/matrix?run=engram/one')).body);
  expect(cells.map(({ node, answer }: { node: string; answer: number }) => [node, answer])).toEqual(
    [
      ['n1', 0],
      ['n2', 0],
      ['n3', 1],
    ],
  );
});
