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
import { jsonCell, type StoredRow } from '../store/op-writer.ts';
import { intactBlocks } from '../store/row-checks.ts';
import type { RunFile } from '../store/run-file.ts';

const PAGE_ROWS = 20_000;

/** Where a cell comes from: an expression over table `op`, and the same of a row in memory. */
interface Source {
  readonly sql: string;
  readonly of: (row: StoredRow) => Cell;
  /** What it may hold; a row of a damaged page may have anything anywhere. */
  readonly holds: 'text' | 'number' | 'either';
  readonly required?: true;
}

const text = (sql: string, of: Source['of']): Source => ({ sql, of, holds: 'text' });
const number = (sql: string, of: Source['of']): Source => ({ sql, of, holds: 'number' });
const required = (source: Source): Source => ({ ...source, required: true });

const STATUS = { ok: Status.Ok, fail: Status.Fail, info: Status.Info } as const;

/** Words become numbers within SQLite: a string costs more than all the rest of a cell. */
const SOURCES: Readonly<Record<CellName, Source>> = {
  index: required(number('idx', (row) => row.idx)),
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
  f: required(text('f', (row) => row.f)),
  session: {
    ...sessions(),
    holds: 'either',
    required: true,
  },
  process: { sql: 'process', of: (row) => row.process, holds: 'either', required: true },
  key: text('key', (row) => row.key),
  value: text('value', (row) => jsonCell(row.value)),
  node: text('node', (row) => row.node),
  invoke: required(number('invoked', (row) => row.invoked)),
  complete: number('completed', (row) => row.completed ?? null),
  confidence: number('confidence', (row) => row.confidence ?? null),
  hops: number('hops', (row) => row.hops ?? null),
  server: text('server', (row) => row.server ?? null),
  error: text('error', (row) => row.error ?? null),
  late: required(number('invoked - scheduled', (row) => row.invoked - row.scheduled)),
  siblings: text('siblings', (row) => jsonCell(row.siblings)),
  dot: text('version', (row) => row.version ?? null),
  context: text('sent_context', (row) => row.sentContext ?? null),
};

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
  for (let at = 0; at < COLUMNS.length; at++) {
    const cell = cells[at];
    const { holds, required: isRequired } = COLUMNS[at];
    if (cell === null) {
      if (isRequired === true) return false;
      continue;
    }
    const isText = typeof cell === 'string';
    if (
      holds === 'text' ? !isText : !(typeof cell === 'number' || (isText && holds === 'either'))
    ) {
      return false;
    }
  }
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
