/**
 * The layout of a run file, said once: the statements that make it and the pages that describe it
 * are both printed from here (`results/README.md`, kept current by a test).
 *
 * It promises that a file made by `schemaSql()` is recognised by `APPLICATION_ID` and
 * `SCHEMA_VERSION`. It opens no file and runs no statement.
 */
import { FIELD_LIST } from './fields.ts';

/** "Amns" in ASCII: `PRAGMA application_id` of every run file. */
export const APPLICATION_ID = 0x416d6e73;
/** `PRAGMA user_version`. A reader refuses files of a newer one. */
export const SCHEMA_VERSION = 1;

export interface Column {
  readonly name: string;
  /** Type and constraints, as SQLite wants them. */
  readonly type: string;
  readonly meaning: string;
}

export interface Table {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly Column[];
}

export interface View {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly (readonly [name: string, meaning: string])[];
  readonly select: string;
}

function column(name: string, type: string, meaning: string): Column {
  return { name, type, meaning };
}

const oneOf = (name: string, values: readonly string[]): string =>
  `CHECK (${name} IN (${values.map((each) => `'${each}'`).join(', ')}))`;

const runTable: Table = {
  name: 'run',
  meaning: 'What was run, with what, and how it ended. One row.',
  columns: [
    column('id', 'INTEGER PRIMARY KEY CHECK (id = 1)', 'always 1'),
    column('run_id', 'TEXT NOT NULL', 'unique name of the run; part of every label of its cluster'),
    column('name', 'TEXT NOT NULL', 'name of the test; the folder under results/'),
    column('seed', 'INTEGER', 'seed of all randomness; NULL for imported histories'),
    column(
      'state',
      `TEXT NOT NULL ${oneOf('state', ['running', 'done', 'aborted', 'failed'])}`,
      'running while the control process works on it; aborted: stopped before its end',
    ),
    column('state_message', 'TEXT', 'why it was aborted or failed'),
    column('started_at', 'TEXT NOT NULL', 'wall clock at time 0 of the run, RFC 3339 UTC'),
    column('ended_at', 'TEXT', 'wall clock at the end, RFC 3339 UTC'),
    column('duration', 'INTEGER', 'ns from the start to the end'),
    column('phases', 'TEXT NOT NULL', 'JSON object: phase -> ns since the start at which it began'),
    column('nodes', 'TEXT NOT NULL', 'JSON array of the names of the nodes'),
    column('config', 'TEXT NOT NULL', 'JSON object: every option of the run'),
    column('versions', 'TEXT NOT NULL', 'JSON object: versions of tester, node, Node.js, SQLite'),
    column('environment', 'TEXT NOT NULL', 'JSON object: engine, images, kernel, machine'),
    column('minimum_ok', 'TEXT', 'JSON object: ok operations below which nothing is said'),
    column('replay', 'TEXT NOT NULL', 'the command that runs this again'),
    column('source', 'TEXT', 'JSON object: file and format of an imported history, else NULL'),
    column('valid', 'TEXT', 'merged verdict of the newest check: true, false, unknown'),
    column('pid', 'INTEGER', 'process id of the control process'),
    column('pid_started', 'TEXT', 'when that process started, so that a reused id is recognised'),
    column('host', 'TEXT', 'machine that the control process ran on'),
  ],
};

const opTable: Table = {
  name: 'op',
  meaning:
    'The history: one row for each operation, in order of invocation. Times are ns since the start, ' +
    'monotonic. Operations in flight when the record ended have outcome NULL.',
  columns: FIELD_LIST.map(({ sql, type, meaning }) => column(sql, type, meaning)),
};

const faultTable: Table = {
  name: 'fault',
  meaning: 'What the nemesis did. Times are ns since the start.',
  columns: [
    column('id', 'INTEGER PRIMARY KEY', 'number of the fault in the schedule'),
    column('kind', 'TEXT NOT NULL', 'partition, kill, pause'),
    column('variant', 'TEXT NOT NULL', 'halves, isolate-one ...'),
    column('description', 'TEXT NOT NULL', 'one sentence'),
    column('targets', 'TEXT NOT NULL', 'JSON array of the nodes that were hit'),
    column('grudge', 'TEXT', 'JSON object: node -> nodes whose packets it drops'),
    column('plan', 'TEXT NOT NULL', 'JSON object: the fault as planned'),
    column('applied', 'INTEGER', 'when it was asked for; NULL: never'),
    column('in_force', 'INTEGER', 'when it was proved to be there'),
    column('heal_began', 'INTEGER', 'when healing was asked for'),
    column('healed_at', 'INTEGER', 'when it was proved to be gone; NULL: never'),
    column(
      'effective',
      `TEXT ${oneOf('effective', ['effective', 'partial', 'none'])}`,
      'what the proof showed; NULL: not proved',
    ),
    column('proof', 'TEXT', 'JSON array: lines of evidence that it was there'),
    column('healed', 'INTEGER NOT NULL CHECK (healed IN (0, 1))', '1: proved to be gone'),
    column('heal_proof', 'TEXT', 'JSON array: lines of evidence that it was gone'),
    column('error', 'TEXT', 'what went wrong while it was applied, proved or healed'),
  ],
};

export const ROW_CHECK: Table = {
  name: 'row_check',
  meaning:
    'Checksums of what was there when the run was sealed: which rows of a damaged file are still as they were.',
  columns: [
    column('name', 'TEXT NOT NULL', 'table: op, fault, sample, node_log'),
    column('block', 'INTEGER NOT NULL', 'op: 0, 1, 2 ..., 256 rows each in order of idx; else 0'),
    column('crc', 'INTEGER NOT NULL', 'CRC-32; of op: of its columns up to context'),
  ],
};

const otherTables: readonly Table[] = [
  {
    name: 'sample',
    meaning: 'Looks at the cluster from outside, about one a second and node.',
    columns: [
      column('id', 'INTEGER PRIMARY KEY', 'in order of arrival'),
      column('time', 'INTEGER NOT NULL', 'ns since the start'),
      column('node', 'TEXT NOT NULL', 'who was asked'),
      column('path', 'TEXT NOT NULL', '/cluster/health, /cluster/nodes, /cluster/spaces ...'),
      column('body', 'TEXT', 'JSON answer; NULL: the node did not answer'),
    ],
  },
  {
    name: 'node_log',
    meaning: "Lines of the nodes' own logs.",
    columns: [
      column('id', 'INTEGER PRIMARY KEY', 'in order of arrival'),
      column('time', 'INTEGER NOT NULL', 'ns since the start'),
      column('node', 'TEXT NOT NULL', 'whose log'),
      column('level', 'TEXT NOT NULL', 'error, warn, info ...'),
      column('text', 'TEXT NOT NULL', 'the line, as the node wrote it: not to be trusted'),
    ],
  },
  {
    name: 'verdict',
    meaning: 'What the checkers said. Each later check is kept beside the first.',
    columns: [
      column('id', 'INTEGER PRIMARY KEY', 'in order of storing'),
      column(
        'check_no',
        'INTEGER NOT NULL',
        '1: the check of the test itself; 2, 3 ...: later ones',
      ),
      column('checked_at', 'TEXT NOT NULL', 'wall clock, RFC 3339 UTC'),
      column('checker', 'TEXT NOT NULL', 'name of the checker'),
      column('version', 'TEXT NOT NULL', "version of the checker's rules"),
      column(
        'valid',
        `TEXT NOT NULL ${oneOf('valid', ['true', 'false', 'unknown'])}`,
        'true, false or unknown',
      ),
      column('reason', 'TEXT', 'only with unknown: one of the closed list'),
      column('message', 'TEXT NOT NULL', 'one sentence'),
      column('informational', 'INTEGER NOT NULL', '1: reported, not promised: never decides'),
      column('figures', 'TEXT NOT NULL', 'JSON object: name -> figure, unit last in the name'),
      column('details', 'TEXT', 'JSON object: larger tables'),
      column('anomalies', 'TEXT NOT NULL', 'JSON array of violations with their witnesses'),
      column('counts', 'TEXT NOT NULL', 'JSON object: pattern -> number of violations'),
      column('options', 'TEXT NOT NULL', 'JSON object: options of the check'),
    ],
  },
  {
    name: 'chunk',
    meaning:
      'The same history sealed as columns of numbers, for checkers. Rows win if they differ.',
    columns: [
      column('seq', 'INTEGER PRIMARY KEY', '0, 1, 2 ...'),
      column('n', 'INTEGER NOT NULL', 'operations in this chunk'),
      column('first_row', 'INTEGER NOT NULL', 'position of its first operation in log order'),
      column('t_min', 'INTEGER NOT NULL', 'earliest invocation, ns'),
      column('t_max', 'INTEGER NOT NULL', 'latest completion, ns'),
      column('crc', 'INTEGER NOT NULL', 'CRC-32 of cols'),
      column('cols', 'BLOB NOT NULL', 'little-endian typed arrays, each aligned to 8 bytes'),
    ],
  },
  {
    name: 'seal',
    meaning: 'What belongs to all chunks: dictionaries, and a digest of the rows. At most one row.',
    columns: [
      column('id', 'INTEGER PRIMARY KEY CHECK (id = 1)', 'always 1'),
      column('format', 'INTEGER NOT NULL', 'version of the layout of the chunks'),
      column('n', 'INTEGER NOT NULL', 'operations in all chunks'),
      column('digest', 'TEXT NOT NULL', 'digest of table op when it was sealed'),
      column('changed', 'INTEGER NOT NULL DEFAULT 0', '1: table op was changed afterwards'),
      column('crc', 'INTEGER NOT NULL', 'CRC-32 of header'),
      column('header', 'TEXT NOT NULL', 'JSON object: keys, nodes, names, errors, actors, sizes'),
    ],
  },
];

export const TABLES: readonly Table[] = [runTable, opTable, faultTable, ...otherTables, ROW_CHECK];

/** Names of the columns of a table, in order. */
export function columnNames(table: string): string[] {
  const found = TABLES.find((each) => each.name === table);
  if (found === undefined) throw new RangeError(`no table ${table} in a run file`);
  return found.columns.map((each) => each.name);
}

/** `CREATE TABLE` of one table. */
export function tableSql(table: Table): string {
  const columns = table.columns.map((each) => `  ${each.name} ${each.type}`);
  return `CREATE TABLE ${table.name} (\n${columns.join(',\n')}\n);`;
}
