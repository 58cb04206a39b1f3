/**
 * Reads table `op` into columns in the order of the table, page by page, so that of a damaged file everything
 * before the damage is had.
 */
import { Flag, PHASES, Status } from '../../checkers/history/history.ts';
import { BLOCK_ROWS } from '../store/digest.ts';
import { jsonCell, type StoredRow } from '../store/op-writer.ts';
import { intactBlocks } from '../store/row-checks.ts';
import type { RunFile } from '../store/run-file.ts';
import { type Raw, RowCollector, type RowColumns } from './row-columns.ts';

const PAGE_ROWS = 20_000;
/** Words become numbers within SQLite: a string costs more than all the rest of a cell. */
const WANTED = `idx, process, thread,
  CASE phase ${PHASES.map((phase, i) => `WHEN '${phase}' THEN ${i}`).join(' ')} ELSE 0 END,
  f, key, value, node, invoked - scheduled, invoked, completed,
  CASE outcome WHEN 'ok' THEN ${Status.Ok} WHEN 'fail' THEN ${Status.Fail} ELSE ${Status.Info} END,
  (final IS 1) * ${Flag.Final} + (stale IS 1) * ${Flag.Stale} +
    (coalesce(warnings, 0) > 0) * ${Flag.Warned},
  error, confidence, version, siblings, server, hops, sent_context`;

const STATUS = { ok: Status.Ok, fail: Status.Fail, info: Status.Info } as const;

/** The same as WANTED says of a row of the table. */
function rawOf(row: StoredRow): Raw {
  const flags =
    (row.final === true ? Flag.Final : 0) |
    (row.stale === true ? Flag.Stale : 0) |
    ((row.warnings ?? 0) > 0 ? Flag.Warned : 0);
  return [
    row.idx,
    row.process,
    row.thread,
    Math.max(0, PHASES.indexOf(row.phase)),
    row.f,
    row.key,
    jsonCell(row.value),
    row.node,
    row.invoked - row.scheduled,
    row.invoked,
    row.completed ?? null,
    STATUS[row.outcome ?? 'info'],
    flags,
    row.error ?? null,
    row.confidence ?? null,
    row.version ?? null,
    jsonCell(row.siblings),
    row.server ?? null,
    row.hops ?? null,
    row.sentContext ?? null,
  ];
}

/** Operations of clients that are all in memory, in order of `idx`: what `readRows` would read of them. */
export function collectRows(stored: readonly StoredRow[], nodes: readonly string[]): RowColumns {
  const rows = new RowCollector(nodes, stored.length);
  for (const row of stored) if (row.process !== 'nemesis') rows.add(rawOf(row));
  return rows.finish();
}

/** Cells of `Raw` by what they hold, beside null. */
const textCells = [5, 6, 7, 13, 15, 16, 17, 19] as const;
const numberCells = [2, 10, 14, 18] as const;

/** A row of a damaged page may have anything anywhere. */
function isOperation(raw: Raw): boolean {
  for (const at of textCells) if (raw[at] !== null && typeof raw[at] !== 'string') return false;
  for (const at of numberCells) if (raw[at] !== null && typeof raw[at] !== 'number') return false;
  return (
    (typeof raw[1] === 'number' || typeof raw[1] === 'string') &&
    typeof raw[4] === 'string' &&
    typeof raw[8] === 'number' &&
    typeof raw[9] === 'number'
  );
}

/**
 * Reads the operations of all clients (not the nemesis'). Of a damaged file it is the history up to
 * the last operation before the damage, and the reason goes to `note`.
 */
export function readRows(
  file: RunFile,
  nodes: readonly string[],
  note: (text: string) => void,
): RowColumns {
  let last = -1;
  let lastInvoked = Number.NEGATIVE_INFINITY;
  let room = 0;
  try {
    room = file.db
      .prepare<[], { n: number }>('SELECT coalesce(max(idx), 0) + 1 AS n FROM op')
      .get()!.n;
  } catch {
    // The last page is gone: the columns grow as they are filled.
  }
  const rows = new RowCollector(nodes, Math.min(room, 20_000_000));
  const intact = intactBlocks(file);
  let left = intact === null ? Number.POSITIVE_INFINITY : intact * BLOCK_ROWS;
  const take = (raw: Raw): void => {
    if (left-- === 0) throw new TypeError('they are not what was written');
    if (!isOperation(raw)) throw new TypeError(`operation ${raw[0]} is not what was written`);
    last = raw[0];
    lastInvoked = raw[9];
    if (raw[1] !== 'nemesis') rows.add(raw);
  };
  try {
    const page = file.db
      .prepare<[number], Raw>(
        `SELECT ${WANTED} FROM op WHERE idx > ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
      )
      .raw();
    for (;;) {
      const before = last;
      let read: readonly Raw[] | null = null;
      try {
        read = page.all(last);
      } catch {
        // Row by row now, to have what stands before the damage within this page.
      }
      for (const raw of read ?? page.iterate(last)) take(raw);
      if (last === before) break;
    }
    if (intact !== null) throw new TypeError('they are missing');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    note(`operations after ${last} cannot be read: ${reason}`);
    // In order of invocation: whatever is missing began no earlier than the last one that is there.
    rows.endAt(lastInvoked);
  }
  return rows.finish();
}
