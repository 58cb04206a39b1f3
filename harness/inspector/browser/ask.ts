/** Questions to the server; what it refuses becomes an error with its sentence. */

import { makeWorld, type World } from '../../report/page/browser/world.ts';
import { unpackColumns } from '../../report/page/columns.ts';
import type { PageData } from '../../report/page/page-data.ts';

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const text = await response.text();
  let problem = text;
  try {
    problem = (JSON.parse(text) as { problem?: string }).problem ?? text;
  } catch {
    // It was no JSON: the text itself is all that there is.
  }
  throw new Error(problem || `the server answered ${response.status}`);
}

function address(path: string, query: Readonly<Record<string, string>>): string {
  return `/api/${path}?${new URLSearchParams(query)}`;
}

export async function ask<Answer>(
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return (await (await checked(await fetch(address(path, query)))).json()) as Answer;
}

export async function askSql<Answer>(run: string, sql: string): Promise<Answer> {
  const body = JSON.stringify({ sql });
  const headers = { 'Content-Type': 'application/json' };
  const request = { method: 'POST', headers, body };
  return (await (await checked(await fetch(address('sql', { run }), request))).json()) as Answer;
}

/** A run as the pictures need it. */
export async function askWorld(
  run: string,
  open: (world: World, row: number) => void,
): Promise<World> {
  const data = await ask<PageData>('page', { run });
  const response = await checked(await fetch(address('columns', { run })));
  const columns = unpackColumns(data.columns, new Uint8Array(await response.arrayBuffer()));
  return makeWorld(data, columns, open);
}
