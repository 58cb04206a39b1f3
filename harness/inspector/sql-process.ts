/** One question in SQL, in a process of its own, so that one that never ends can be ended: JSON in, JSON out. */
import { readFileSync } from 'node:fs';
import { query } from '../store/query.ts';

function answer(): object {
  try {
    const asked = JSON.parse(readFileSync(0, 'utf8')) as {
      path: string;
      sql: string;
      limit: number;
    };
    const { columns, rows, cut } = query(asked.path, asked.sql, asked.limit);
    const cells = rows.map((row) =>
      row.map((cell) => {
        if (cell instanceof Uint8Array) return `<${cell.byteLength} bytes>`;
        return typeof cell === 'bigint' ? String(cell) : cell;
      }),
    );
    return { columns, rows: cells, cut };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

process.stdout.write(JSON.stringify(answer()));
