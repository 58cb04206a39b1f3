/** What the pictures of a run are made from: its data, its columns and what is derived from both once. */
import { durationCode, durationOf } from '../bytes.ts';
import type { Columns } from '../columns.ts';
import type { PageData, PageOperation } from '../page-data.ts';
import { makeViewport, type Viewport } from './viewport.ts';

/** Ranks of what an operation may be, the worst last. */
export const Rank = { ok: 1, info: 2, fail: 3, violating: 4 } as const;

export interface World {
  readonly data: PageData;
  readonly columns: Columns;
  readonly viewport: Viewport;
  /** By row: the rank. */
  readonly rank: Uint8Array;
  /** By row: code of how long it is drawn. What has no known end ends where its client went on. */
  readonly drawn: Uint16Array;
  /** Number of the row in the columns; -1 for operations that are not there. */
  readonly rowOfIdx: (idx: number) => number;
  readonly known: ReadonlyMap<number, PageOperation>;
  /** Opens an operation's panel. */
  open(row: number): void;
}

const RANK_OF_OUTCOME = [Rank.ok, Rank.info, Rank.fail];

export function makeWorld(
  data: PageData,
  columns: Columns,
  open: (world: World, row: number) => void,
): World {
  const { n, idx, outcome } = columns;
  const rows = new Int32Array(highest(idx) + 1).fill(-1);
  for (let row = 0; row < n; row++) if (idx[row] >= 0) rows[idx[row]] = row;
  const rank = new Uint8Array(n);
  for (let row = 0; row < n; row++) rank[row] = RANK_OF_OUTCOME[outcome[row]];
  for (const ops of Object.values(data.violations)) {
    for (const op of ops) if (rows[op] >= 0) rank[rows[op]] = Rank.violating;
  }
  const world: World = {
    data,
    columns,
    viewport: makeViewport(data.duration / 1e3),
    rank,
    drawn: drawnDurations(columns),
    rowOfIdx: (op) => rows[op] ?? -1,
    known: new Map(data.operations.map((each) => [each.idx, each])),
    open: (row) => open(world, row),
  };
  return world;
}

function drawnDurations(columns: Columns): Uint16Array {
  const { n, took, lane, invoke } = columns;
  const drawn = took.slice();
  const next = new Float64Array(columns.lanes.length).fill(-1);
  for (let row = n - 1; row >= 0; row--) {
    const after = next[lane[row]];
    if (took[row] === 0 && after >= 0) drawn[row] = durationCode(after - invoke[row]);
    next[lane[row]] = invoke[row];
  }
  return drawn;
}

function highest(numbers: Int32Array): number {
  let most = -1;
  for (const each of numbers) if (each > most) most = each;
  return most;
}

/** First row that was invoked at `us` or later. */
export function firstRowAt({ invoke, n }: Columns, us: number): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (invoke[middle] < us) low = middle + 1;
    else high = middle;
  }
  return low;
}

const durations = new Float64Array(1024).map((_, code) => durationOf(code));

/** us that an operation took; Infinity where it never ended. */
export function tookUs({ took }: Columns, row: number): number {
  return durations[took[row]];
}

/** us for which an operation is drawn. */
export function drawnUs({ drawn }: World, row: number): number {
  return durations[drawn[row]];
}

/** us of a code. */
export function usOf(code: number): number {
  return durations[code];
}

/** Who served; where nobody said, who was asked. */
export function serverOf({ server, node }: Columns, row: number): number {
  return server[row] >= 0 ? server[row] : node[row];
}

export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)} s`;
}
