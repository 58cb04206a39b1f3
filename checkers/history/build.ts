/**
 * From plain operations to columns. This is the door for histories of any origin: tests, witnesses, programs that
 * use the checkers as a library.
 */
import {
  type BuildOptions,
  CELL_NAMES,
  type Cell,
  type CellName,
  type Cells,
  HistoryBuilder,
} from './builder.ts';
import type { OptionalCells } from './columns.ts';
import type { DecodedContext } from './context-table.ts';
import {
  type ClusterSample,
  type FaultWindow,
  Flag,
  type History,
  type LogLine,
  PHASES,
  type Phase,
  Status,
} from './history.ts';
import { KIND_ROWS, kindOf } from './kinds.ts';

export { HistoryError, type HistoryErrorCode } from './refusals.ts';

/** Beside these it has what columns may lack: server, error, confidence, hops, late (ns) ... */
export interface PlainOperation extends OptionalCells {
  /** Index in its source; its place in the list where left out. */
  readonly index?: number;
  readonly process: number | string;
  /** Name of the session; the process where left out. */
  readonly session?: string;
  readonly f: string;
  /** From `f` where left out, see `KINDS`. */
  readonly kind?: number;
  readonly key: string | null;
  /** Writes: the value. Reads: what was read; null or undefined is the initial value. */
  readonly value?: unknown;
  /** Cas: the value that was expected. */
  readonly expected?: unknown;
  readonly siblings?: readonly unknown[] | null;
  /** ns. */
  readonly invoke: number;
  /** ns; null where it never completed. */
  readonly complete: number | null;
  readonly status: 'ok' | 'fail' | 'info';
  readonly final?: boolean;
  readonly stale?: boolean;
  readonly warned?: boolean;
  readonly phase?: Phase;
  readonly node?: string | null;
  /** Writes and deletes: `actor:counter`. */
  readonly dot?: string | null;
  /** Version vector of the request's context. */
  readonly context?: Readonly<Record<string, number>> | null;
  /** Single dots `actor:counter` that it covers besides. */
  readonly contextDots?: readonly string[] | null;
}

export interface Surroundings extends Pick<BuildOptions, 'recognised' | 'typeOf'> {
  readonly faults?: readonly FaultWindow[];
  readonly samples?: readonly ClusterSample[];
  readonly logs?: readonly LogLine[];
  /** Names in the order in which faults and samples refer to them. */
  readonly nodes?: readonly string[];
}

const STATUS = { ok: Status.Ok, fail: Status.Fail, info: Status.Info } as const;

const json = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

/** How cells come from an operation, if not as they stand. */
const MADE: Readonly<
  Record<Exclude<CellName, keyof OptionalCells>, (op: PlainOperation, place: number) => Cell>
> = {
  index: (op, place) => op.index ?? place,
  status: (op) => STATUS[op.status],
  flags: (op) =>
    (op.final ? Flag.Final : 0) | (op.stale ? Flag.Stale : 0) | (op.warned ? Flag.Warned : 0),
  phase: (op) => Math.max(0, PHASES.indexOf(op.phase ?? 'chaos')),
  f: (op) => op.f,
  session: (op) => op.session ?? String(op.process),
  process: (op) => op.process,
  key: (op) => op.key,
  value: (op) =>
    KIND_ROWS[op.kind ?? kindOf(op.f)].value === 'swapped'
      ? JSON.stringify([op.expected ?? null, op.value ?? null])
      : json(op.value),
  node: (op) => op.node || null,
  invoke: (op) => op.invoke,
  complete: (op) => op.complete,
  siblings: (op) => json(op.siblings),
  dot: (op) => op.dot || null,
  context: (op) => contextText(op),
};

const CELLS = CELL_NAMES.map(
  (name) =>
    (MADE as Partial<Record<CellName, (op: PlainOperation, place: number) => Cell>>)[name] ??
    ((op: PlainOperation) => op[name as keyof OptionalCells] ?? null),
);

/** As `decodeContext` below takes it. */
function contextText({ context, contextDots }: PlainOperation): string | null {
  if (!context) return null;
  const d: Record<string, number[]> = {};
  for (const dot of contextDots ?? []) {
    const colon = dot.lastIndexOf(':');
    (d[dot.slice(0, colon)] ??= []).push(Number(dot.slice(colon + 1)));
  }
  return JSON.stringify({ v: context, d });
}

const decodeContext = (text: string) => JSON.parse(text) as DecodedContext;

const cellsOf = (op: PlainOperation, place: number): Cells => CELLS.map((cell) => cell(op, place));

/** Throws HistoryError. */
export function buildHistory(
  ops: readonly PlainOperation[],
  { nodes, recognised, typeOf, ...around }: Surroundings = {},
): History {
  const builder = new HistoryBuilder({ nodes, room: ops.length });
  builder.add(ops.map(cellsOf));
  ops.forEach((op, row) => {
    if (op.kind !== undefined) builder.setKind(row, op.kind);
  });
  // Whoever says the kinds has no use for names.
  const hasKinds = ops.some(({ kind }) => kind !== undefined);
  const types = {
    recognised: recognised ?? (hasKinds ? ('own' as const) : ('names' as const)),
    typeOf,
  };
  return builder.build({ ...around, ...types, decodeContext });
}
