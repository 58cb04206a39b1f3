/** Questions in SQL from a page: read-only, at most so many rows, at most so long. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface SqlAnswer {
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly (string | number | null)[])[];
  readonly cut?: boolean;
  readonly problem?: string;
}

const rowsMax = 1000;
const timeLimitMs = 10_000;
const runningMax = 2;
const sqlMax = 20_000;
const answerBytesMax = 32 * 2 ** 20;

/** This file runs as TypeScript in development and as JavaScript when built. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const program = fileURLToPath(new URL(`sql-process${extension}`, import.meta.url));

let running = 0;

/** Never rejects: what is wrong is in `problem`. `limitMs`: after so long it is stopped. */
export async function askSql(path: string, sql: string, limitMs = timeLimitMs): Promise<SqlAnswer> {
  if (sql.length > sqlMax) return { problem: `a question has at most ${sqlMax} characters` };
  if (running >= runningMax) return { problem: 'two questions are being answered: wait for them' };
  running++;
  try {
    return await performSql(JSON.stringify({ path, sql, limit: rowsMax }), limitMs);
  } finally {
    running--;
  }
}

function performSql(question: string, limitMs: number): Promise<SqlAnswer> {
  return new Promise((resolve) => {
    const flags = extension === '.ts' ? ['--import', 'tsx'] : [];
    const child = spawn(process.execPath, ['--max-old-space-size=512', ...flags, program], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let text = '';
    const end = (answer: SqlAnswer): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      resolve(answer);
    };
    const timer = setTimeout(
      () => end({ problem: `not answered within ${limitMs / 1000} s, and stopped` }),
      limitMs,
    );
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (part: string) => {
      text += part;
      if (text.length > answerBytesMax) end({ problem: 'the answer is too long: ask for less' });
    });
    child.on('error', (error) => end({ problem: error.message }));
    child.on('close', () => end(parse(text)));
    child.stdin.on('error', () => {});
    child.stdin.end(question);
  });
}

function parse(text: string): SqlAnswer {
  try {
    return JSON.parse(text) as SqlAnswer;
  } catch {
    return { problem: 'the question ended without an answer: it may have taken too much memory' };
  }
}
