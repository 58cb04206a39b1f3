/** What each address of the inspector answers. Reads files below the results and nothing else. */

import { relative, resolve, sep } from 'node:path';
import { openRunFile, type RunFile, readSummary } from '../store/run-file.ts';
import { listRuns } from '../store/run-index.ts';
import { AmnesiaError } from '../world/exit-codes.ts';
import { listCampaigns } from './campaigns.ts';
import { KeptPages } from './pages.ts';
import { growthSince, operationAnswer, replicaMatrix } from './questions.ts';
import { runFileBelow } from './run-folder.ts';
import { askSql } from './sql.ts';

export interface Reply {
  readonly status: number;
  readonly type: 'application/json' | 'application/octet-stream';
  readonly body: string | Uint8Array;
}

/** The address cannot be answered; the message says why. */
export class BadQuestionError extends AmnesiaError {
  readonly code = 'bad-question';
}

function json(value: unknown): Reply {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

function numberOf(query: URLSearchParams, name: string, least: number): number {
  const value = Number(query.get(name) ?? 'none');
  if (!Number.isSafeInteger(value) || value < least) {
    throw new BadQuestionError(`${name} is a whole number from ${least} on`);
  }
  return value;
}

export class Routes {
  readonly #results: string;
  readonly #pages = new KeptPages();

  constructor(results: string) {
    this.#results = resolve(results);
  }

  /** Null: there is no such address. Throws what cannot be answered. */
  async answer(path: string, query: URLSearchParams, body: string): Promise<Reply | null> {
    const run = query.get('run') ?? '';
    switch (path) {
      case '/api/runs':
        return json({ runs: this.#runs(), campaigns: listCampaigns(this.#results) });
      case '/api/page':
        return json(this.#pages.page(runFileBelow(this.#results, run), run).data);
      case '/api/columns': {
        const { columns } = this.#pages.page(runFileBelow(this.#results, run), run);
        return { status: 200, type: 'application/octet-stream', body: columns };
      }
      case '/api/operation':
        return this.#with(run, (file) => operationAnswer(file, numberOf(query, 'idx', 0)));
      case '/api/matrix':
        return this.#with(run, replicaMatrix);
      case '/api/growth':
        return this.#with(run, (file) =>
          growthSince(file, readSummary(file).state, numberOf(query, 'after', -1)),
        );
      case '/api/sql':
        return json(await askSql(runFileBelow(this.#results, run), sqlOf(body)));
      default:
        return null;
    }
  }

  #with(run: string, ask: (file: RunFile) => unknown): Reply {
    const file = openRunFile(runFileBelow(this.#results, run));
    try {
      return json(ask(file));
    } finally {
      file.db.close();
    }
  }

  #runs(): unknown[] {
    return listRuns(this.#results).map(({ dir, ...run }) => ({
      ...run,
      run: relative(this.#results, dir).split(sep).join('/'),
    }));
  }
}

function sqlOf(body: string): string {
  try {
    const { sql } = JSON.parse(body) as { sql?: unknown };
    if (typeof sql === 'string') return sql;
  } catch {
    // Said below.
  }
  throw new BadQuestionError('the body is JSON: {"sql": "select ..."}');
}
