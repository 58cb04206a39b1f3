/**
 * For each lane the operations as buckets of time, and above them coarser ones: how many were invoked, and the
 * worst that any of them came to. Whatever the zoom, a lane is drawn from about as many buckets as it has pixels,
 * and one violation among a million is never averaged away.
 */
import { drawnUs, type World } from './world.ts';

export interface Level {
  /** us of a bucket. */
  readonly width: number;
  readonly buckets: number;
  /** lane * buckets + bucket. Counts stop at 65,535. */
  readonly count: Uint16Array;
  readonly worst: Uint8Array;
}

export interface Pyramid {
  readonly levels: readonly Level[];
  /** Rows of each lane in order of time: rows.subarray(start[lane], start[lane + 1]). */
  readonly rows: Int32Array;
  readonly start: Int32Array;
  readonly lanes: number;
}

const bucketsMax = 1 << 15;
const cellsMax = 1 << 22;
const coarsest = 64;

/** `wanted`: 1 for each row that is shown; null: all. `laneOf`: another arrangement than by process. */
export function buildPyramid(
  world: World,
  lanes: number,
  laneOf: (row: number) => number,
  wanted: Uint8Array | null,
): Pyramid {
  const { columns, rank, viewport } = world;
  const { n, invoke } = columns;
  const start = new Int32Array(lanes + 1);
  for (let row = 0; row < n; row++) {
    if (wanted === null || wanted[row] === 1) start[laneOf(row) + 1]++;
  }
  for (let lane = 0; lane < lanes; lane++) start[lane + 1] += start[lane];
  const rows = new Int32Array(start[lanes]);
  const next = start.slice();
  let buckets = bucketsMax;
  while (buckets > coarsest && buckets * lanes > cellsMax) buckets >>= 1;
  const width = viewport.end / buckets;
  const count = new Uint16Array(lanes * buckets);
  const worst = new Uint8Array(lanes * buckets);
  for (let row = 0; row < n; row++) {
    if (wanted !== null && wanted[row] !== 1) continue;
    const lane = laneOf(row);
    rows[next[lane]++] = row;
    const first = Math.min(buckets - 1, Math.floor(invoke[row] / width));
    const ends = Math.min(viewport.end, invoke[row] + drawnUs(world, row));
    const last = Math.min(buckets - 1, Math.floor(ends / width));
    const cell = lane * buckets + first;
    if (count[cell] < 65_535) count[cell]++;
    for (let bucket = first; bucket <= last; bucket++) {
      const at = lane * buckets + bucket;
      if (worst[at] < rank[row]) worst[at] = rank[row];
    }
  }
  const levels: Level[] = [{ width, buckets, count, worst }];
  for (let below = levels[0]; below.buckets > coarsest; ) {
    below = halve(below, lanes);
    levels.push(below);
  }
  return { levels, rows, start, lanes };
}

function halve(below: Level, lanes: number): Level {
  const buckets = below.buckets >> 1;
  const count = new Uint16Array(lanes * buckets);
  const worst = new Uint8Array(lanes * buckets);
  for (let to = 0; to < count.length; to++) {
    // Buckets are a power of two, so two of a lane always lie side by side.
    const from = 2 * to;
    count[to] = Math.min(65_535, below.count[from] + below.count[from + 1]);
    worst[to] = Math.max(below.worst[from], below.worst[from + 1]);
  }
  return { width: 2 * below.width, buckets, count, worst };
}

/** The coarsest level whose buckets are not wider than a pixel; null: single operations are to be drawn. */
export function levelFor({ levels }: Pyramid, usPerPixel: number): Level | null {
  if (levels[0].width > usPerPixel) return null;
  return levels.findLast((level) => level.width <= usPerPixel) ?? levels[0];
}

/** Position in `rows` of the first operation of a lane that may reach into a window from `us` on. */
export function firstOfLane(world: World, pyramid: Pyramid, lane: number, us: number): number {
  const { invoke } = world.columns;
  let [low, high] = [pyramid.start[lane], pyramid.start[lane + 1]];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (invoke[pyramid.rows[middle]] < us) low = middle + 1;
    else high = middle;
  }
  return Math.max(pyramid.start[lane], low - 1);
}
