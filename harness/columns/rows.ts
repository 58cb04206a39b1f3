/**
 * Reads table `op` page by page, so that of a damaged file everything before the damage is had. The cells of an
 * operation are what the builder of histories asks for.
 */
import {
  CELL_NAMES,
  type Cell,
  type CellName,
  type Cells,
  HistoryBuilder,
} from '../../checkers/history/builder.ts';
import { Flag, PHASES, Status } from '../../checkers/history/history.ts';
import { BLOCK_ROWS } from '../store/digest.ts';
import {
  cellOf,
  FIELD_LIST,
  type FIELDS,
  type Field,
  type FieldName,
  isCell,
  type StoredRow,
} from '../store/fields.ts';
import { intactBlocks } from '../store/row-checks.ts';
import type { RunFile } from '../store/run-file.ts';

const PAGE_ROWS = 20_000;

/** Where a cell comes from: an expression over table `op`, and the same of a row in memory. */
interface Source extends Pick<Field, 'holds' | 'absent'> {
  readonly sql: string;
  readonly of: (row: StoredRow) => Cell;
}

const number = (sql: string, of: Source['of']): Source => ({
  sql,
  of,
  holds: 'number',
  absent: 'never',
});

const STATUS = { ok: Status.Ok, fail: Status.Fail, info: Status.Info } as const;

/** Cells that are a field as it stands. */
type Straight = NonNullable<(typeof FIELDS)[FieldName]['cell']>;

/**
 * Cells that are made of a field, or of several. Words become numbers within SQLite: a string costs more than all the
 * rest of a cell.
 */
const MADE: Readonly<Record<Exclude<CellName, Straight>, Source>> = {
  status: number(
    `CASE outcome WHEN 'ok' THEN ${Status.Ok} WHEN 'fail' THEN ${Status.Fail} ELSE ${Status.Info} END`,
    (row) => STATUS[row.outcome ?? 'info'],
  ),
  flags: number(
    `(final IS 1) * ${Flag.Final} + (stale IS 1) * ${Flag.Stale} +
      (coalesce(warnings, 0) > 0) * ${Flag.Warned}`,
    (row) =>
      (row.final === true ? Flag.Final : 0) |
      (row.stale === true ? Flag.Stale : 0) |
      ((row.warnings ?? 0) > 0 ? Flag.Warned : 0),
  ),
  phase: number(
    `CASE phase ${PHASES.map((phase, i) => `WHEN '${phase}' THEN ${i}`).join(' ')} ELSE 0 END`,
    (row) => Math.max(0, PHASES.indexOf(row.phase)),
  ),
  session: { ...sessions(), holds: 'process', absent: 'never' },
  late: number('invoked - scheduled', (row) => row.invoked - row.scheduled),
};

const STRAIGHT: Readonly<Record<string, Source>> = Object.fromEntries(
  FIELD_LIST.flatMap(({ cell, name, sql, holds, absent }) =>
    cell === null ? [] : [[cell, { sql, holds, absent, of: (row) => cellOf(row, name, holds) }]],
  ) as [string, Source][],
);

/**
 * A client thread. Foreign histories know none, there it is the process. A final read that carries no context
 * belongs to no session: nothing was promised to it.
 */
function sessions(): Pick<Source, 'sql' | 'of'> {
  return {
    sql: `CASE WHEN thread < 0 THEN 'process ' || process
      WHEN final IS 1 AND sent_context IS NULL THEN 'final read ' || idx ELSE thread END`,
    of: ({ thread, process, final, sentContext, idx }) => {
      if (thread < 0) return `process ${process}`;
      return final === true && sentContext === undefined ? `final read ${idx}` : thread;
    },
  };
}

const SOURCES: Readonly<Record<string, Source>> = { ...STRAIGHT, ...MADE };
const COLUMNS = CELL_NAMES.map((name) => SOURCES[name]);
const WANTED = COLUMNS.map(({ sql }) => sql).join(', ');
const place = (name: CellName): number => CELL_NAMES.indexOf(name);
const [INDEX, PROCESS, INVOKE] = [place('index'), place('process'), place('invoke')];

/** Engram promises causal order to a client within a memory space: the part of a key before the first `/`. */
function spaceOf(key: string): string {
  const slash = key.indexOf('/');
  return slash === -1 ? key : key.slice(0, slash);
}

const builderFor = (nodes: readonly string[], room: number): HistoryBuilder =>
  new HistoryBuilder({ nodes, room, scopeOf: spaceOf });

/** Operations of clients that are all in memory, in order of `idx`: what `readRows` would read of them. */
export function collectRows(
  stored: readonly StoredRow[],
  nodes: readonly string[],
): HistoryBuilder {
  const builder = builderFor(nodes, stored.length);
  const clients = stored.filter(({ process }) => process !== 'nemesis');
  builder.add(clients.map((row) => COLUMNS.map(({ of }) => of(row))));
  return builder;
}

function isOperation(cells: Cells): boolean {
  for (let at = 0; at < COLUMNS.length; at++) if (!isCell(cells[at], COLUMNS[at])) return false;
  return true;
}

/**
 * Reads the operations of all clients (not the nemesis'). Of a damaged file it is the history up to
 * the last operation before the damage, and the reason goes to `note`.
 */
export function readRows(
  file: RunFile,
  nodes: readonly string[],
  note: (text: string) => void,
): HistoryBuilder {
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
  const builder = builderFor(nodes, Math.min(room, 20_000_000));
  const intact = intactBlocks(file);
  let left = intact === null ? Number.POSITIVE_INFINITY : intact * BLOCK_ROWS;
  let taken: Cells[] = [];
  const take = (cells: Cells): void => {
    if (left-- === 0) throw new TypeError('they are not what was written');
    if (!isOperation(cells))
      throw new TypeError(`operation ${cells[INDEX]} is not what was written`);
    last = cells[INDEX] as number;
    lastInvoked = cells[INVOKE] as number;
    if (cells[PROCESS] !== 'nemesis') taken.push(cells);
  };
  const flush = (): void => {
    builder.add(taken);
    taken = [];
  };
  try {
    const page = file.db
      .prepare<[number], Cells>(
        `SELECT ${WANTED} FROM op WHERE idx > ? ORDER BY idx LIMIT ${PAGE_ROWS}`,
      )
      .raw();
    for (;;) {
      const before = last;
      let read: readonly Cells[] | null = null;
      try {
        read = page.all(last);
      } catch {
        // Row by row now, to have what stands before the damage within this page.
      }
      for (const cells of read ?? page.iterate(last)) take(cells);
      if (last === before) break;
      flush();
    }
    if (intact !== null) throw new TypeError('they are missing');
  } catch (error) {
    flush();
    const reason = error instanceof Error ? error.message : String(error);
    note(`operations after ${last} cannot be read: ${reason}`);
    // In order of invocation: whatever is missing began no earlier than the last one that is there.
    builder.endAt(lastInvoked);
  }
  return builder;
}
