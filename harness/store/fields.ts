/**
 * The fields of an operation, each said once: its column of table `op`, its name in the histories of other tools,
 * whether it counts for the digest, and which cell of the builder of histories it is. Schema, writer, readers,
 * digest, export and import are made from this table.
 *
 * A new field is a property of `Completion` or `OperationRow`, a row here (the compiler asks for it), and, where
 * checkers look at it, a row of `checkers/history/columns.ts`.
 */
import type { CellName } from '../../checkers/history/builder.ts';
import { PHASES } from '../../checkers/history/history.ts';
import type { OperationRow } from '../generator/operation.ts';

/** An operation with what only imported histories have. */
export interface StoredRow extends OperationRow {
  readonly extra?: Readonly<Record<string, unknown>>;
}

export type FieldName = keyof StoredRow;
/** What a column of table `op` holds. */
export type Cell = string | number | null;

export interface Field {
  /** Column of table `op`, in the order of this table. */
  readonly sql: string;
  /** Type and constraints, as SQLite wants them. */
  readonly type: string;
  /**
   * `whole`: a whole number; `number`; `text`; `bit`: true and false as 1 and 0; `json`: any value, as its text;
   * `list`: the same for arrays; `process`: a number or a name; `phase`: one of `PHASES`.
   */
  readonly holds: 'whole' | 'number' | 'text' | 'bit' | 'json' | 'list' | 'process' | 'phase';
  /** Every operation has it; of the others, what stands in a row that has none. */
  readonly absent: 'never' | null | undefined;
  /** When it is known: an operation is stored when it begins, and what its end shows is put in later. */
  readonly known: 'invocation' | 'end';
  /** Its place in the digest of a history; null: it does not count, so that older digests stay as they are. */
  readonly digest: number | null;
  /** Its name in the map of an event; null: it is said in another way, or not at all. */
  readonly event: string | null;
  /** The cell of the builder that it is as it stands; null: none, or one that is made of several (`rows.ts`). */
  readonly cell: CellName | null;
  readonly meaning: string;
}

type Given = Partial<Omit<Field, 'holds' | 'type' | 'digest' | 'meaning'>>;

/** A field, with what most have filled in. */
function field<const Own extends Given>(
  sql: string,
  type: string,
  holds: Field['holds'],
  digest: number | null,
  own: Own,
  meaning: string,
): Omit<Field, keyof Own> & Own {
  const usual = { absent: undefined, known: 'invocation', event: null, cell: null } as const;
  return { sql, type, holds, digest, meaning, ...usual, ...own };
}

const NEVER = { absent: 'never' } as const;
const END = { known: 'end' } as const;

/** In the order in which people see them. */
export const FIELDS = {
  idx: field(
    'idx',
    'INTEGER PRIMARY KEY',
    'whole',
    0,
    { ...NEVER, cell: 'index' },
    '0, 1, 2 ... in order of invocation',
  ),
  // SQLite keeps what is no number as text also in such a column.
  process: field(
    'process',
    'INTEGER NOT NULL',
    'process',
    1,
    { ...NEVER, cell: 'process' },
    "number of the logical process, or 'nemesis'",
  ),
  f: field(
    'f',
    'TEXT NOT NULL',
    'text',
    5,
    { ...NEVER, cell: 'f' },
    'what it does: read, write, cas, add, read-all, append ...',
  ),
  // No CHECK here: it would cost a fifth of the rate at which operations are recorded.
  outcome: field(
    'outcome',
    'TEXT',
    'text',
    12,
    END,
    'ok: happened; fail: certainly did not; info: unknown; NULL: in flight at the end',
  ),
  invoked: field(
    'invoked',
    'INTEGER NOT NULL',
    'whole',
    10,
    { ...NEVER, cell: 'invoke' },
    'when it was started',
  ),
  completed: field(
    'completed',
    'INTEGER',
    'whole',
    11,
    { ...END, cell: 'complete' },
    'when its end was known; NULL while in flight',
  ),
  thread: field(
    'thread',
    'INTEGER NOT NULL',
    'whole',
    2,
    { ...NEVER, event: 'thread' },
    'logical thread; -1 for the nemesis',
  ),
  node: field(
    'node',
    'TEXT',
    'text',
    8,
    { absent: null, event: 'node', cell: 'node' },
    'node that the client talked to',
  ),
  key: field(
    'key',
    'TEXT',
    'text',
    6,
    { absent: null, cell: 'key' },
    'space of a set, space/id of a register; before the first /: the space',
  ),
  value: field(
    'value',
    'TEXT',
    'json',
    7,
    { ...END, absent: null, cell: 'value' },
    'JSON: what was written, or what was read; cas: [expected, new]',
  ),
  phase: field(
    'phase',
    'TEXT NOT NULL',
    'phase',
    3,
    { ...NEVER, event: 'phase' },
    'warm-up, chaos, heal or final',
  ),
  workload: field(
    'workload',
    'TEXT',
    'text',
    4,
    { absent: null, event: 'workload' },
    'the workload that asked for it',
  ),
  final: field('final', 'INTEGER', 'bit', 15, { event: 'final' }, '1: a read of the final phase'),
  error: field(
    'error',
    'TEXT',
    'text',
    13,
    { ...END, cell: 'error' },
    'class of error: a row of the outcome table',
  ),
  message: field(
    'message',
    'TEXT',
    'text',
    14,
    { ...END, event: 'message' },
    'what the error said',
  ),
  scheduled: field(
    'scheduled',
    'INTEGER NOT NULL',
    'whole',
    9,
    { ...NEVER, event: 'scheduled' },
    'when the open-loop schedule wanted it started',
  ),
  confidence: field(
    'confidence',
    'REAL',
    'number',
    16,
    { ...END, event: 'confidence', cell: 'confidence' },
    'confidence factor of the answer',
  ),
  warnings: field(
    'warnings',
    'INTEGER',
    'whole',
    17,
    { ...END, event: 'warnings' },
    'number of warnings in the answer',
  ),
  stale: field(
    'stale',
    'INTEGER',
    'bit',
    18,
    { ...END, event: 'stale' },
    '1: the server said that it could not answer as fresh as asked',
  ),
  server: field(
    'server',
    'TEXT',
    'text',
    19,
    { ...END, event: 'server', cell: 'server' },
    'node that served the request',
  ),
  hops: field(
    'hops',
    'INTEGER',
    'whole',
    20,
    { ...END, event: 'hops', cell: 'hops' },
    'number of forwards',
  ),
  version: field(
    'version',
    'TEXT',
    'text',
    21,
    { ...END, event: 'version', cell: 'dot' },
    'dot that the server gave to the value, node:counter',
  ),
  siblings: field(
    'siblings',
    'TEXT',
    'list',
    22,
    { ...END, event: 'siblings', cell: 'siblings' },
    'JSON array: all concurrent values, the shown one included',
  ),
  sentContext: field(
    'sent_context',
    'TEXT',
    'text',
    23,
    { ...END, event: 'sent-context', cell: 'context' },
    'causal context that the request carried',
  ),
  context: field(
    'context',
    'TEXT',
    'text',
    24,
    { ...END, event: 'context' },
    'causal context of the answer',
  ),
  extra: field(
    'extra',
    'TEXT',
    'json',
    null,
    {},
    'JSON object: what an imported history had beyond these columns',
  ),
} as const satisfies Readonly<Record<FieldName, Field>>;

/** All fields in the order of the table, in a type that loops can use. */
export const FIELD_LIST: readonly (Field & { readonly name: FieldName })[] = (
  Object.entries(FIELDS) as [FieldName, Field][]
).map(([name, each]) => ({ name, ...each }));

/** Those that count for the digest, in its order. */
export const DIGEST_FIELDS = FIELD_LIST.filter(({ digest }) => digest !== null).sort(
  (left, right) => left.digest! - right.digest!,
);

const place = ({ digest }: Field): number => digest ?? FIELD_LIST.length;

const inEvents = (known: Field['known']) =>
  FIELD_LIST.filter((each) => each.event !== null && each.known === known).sort(
    (left, right) => place(left) - place(right),
  );

/** Those that have a name of their own in the events of other tools, in the order in which they stand there. */
export const EVENT_FIELDS = { invocation: inEvents('invocation'), end: inEvents('end') } as const;

/** What the column of a field holds for a row. */
export function cellOf(row: StoredRow, name: FieldName, holds: Field['holds']): Cell {
  const value = row[name];
  if (value === undefined || value === null) return null;
  if (holds === 'json' || holds === 'list') return jsonText(value);
  return holds === 'bit' ? Number(value) : (value as Cell);
}

function jsonText(value: unknown): string {
  // Nearly all values are small numbers.
  return typeof value === 'number' && Number.isFinite(value)
    ? String(value)
    : JSON.stringify(value);
}

/** Whether a column can hold this for a field: a row of a damaged page may have anything anywhere. */
export function isCell(cell: unknown, { holds, absent }: Pick<Field, 'holds' | 'absent'>): boolean {
  if (cell === null) return absent !== 'never';
  if (holds === 'process') return typeof cell === 'number' || typeof cell === 'string';
  const isNumber = holds === 'whole' || holds === 'number' || holds === 'bit';
  return typeof cell === (isNumber ? 'number' : 'string');
}

/** Whether a value that came from elsewhere may stand in a field. */
export function fits(value: unknown, holds: Field['holds']): boolean {
  switch (holds) {
    case 'whole':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'text':
      return typeof value === 'string';
    case 'bit':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'process':
      return typeof value === 'number' || typeof value === 'string';
    case 'phase':
      return (PHASES as readonly unknown[]).includes(value);
    case 'json':
      return true;
    default:
      return holds satisfies never;
  }
}
