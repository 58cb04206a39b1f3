/**
 * The clocks of the causal pass once more, without its judgement: for what is asked afterwards, and of another block
 * of columns.
 */
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { type Clocks, clocksOf, isBefore } from './clocks.ts';
import { Op, type Trace } from './trace.ts';

/** The session reads the write: its past grows by the write and the write's past. True if it grew. */
export function join(trace: Trace, clocks: Clocks, session: number, id: number): boolean {
  const { clock, pool } = clocks;
  const width = clocks.width[session];
  const base = clocks.start[session];
  const column = trace.column[id] - clocks.low;
  const count = trace.count[id];
  const inside = column >= 0 && column < width;
  if (inside && clock[base + column] >= count) return false;
  const from = clocks.snapshot[id];
  let grew = inside;
  for (let c = 0; c < width; c++) {
    const theirs = pool[from + c];
    if (theirs > clock[base + c]) {
      clock[base + c] = theirs;
      grew = true;
    }
  }
  if (inside) clock[base + column] = count;
  return grew;
}

/** The clocks again, without any judgement. `afterRead` is told of each register read. */
export function replay(
  trace: Trace,
  clocks: Clocks,
  budget: Budget,
  afterRead: (at: number) => void,
): void {
  const { n, op, session, value, count, columnOf, changes, row, place } = trace;
  const { low, width, start, clock, snapshot, pool } = clocks;
  const changed = new Uint8Array(width.length).fill(1);
  const shared = new Int32Array(width.length);
  let top = 0;
  for (let at = 0; at < n; at++) {
    if ((at & STEP_MASK) === 0) budget.step();
    const o = op[at];
    if (o === Op.Skip || o === Op.ReadInitial) continue;
    const s = session[at];
    const wide = width[s];
    if (wide === 0) continue;
    const base = start[s];
    if (o === Op.Read) {
      if (join(trace, clocks, s, value[at])) changed[s] = 1;
      afterRead(at);
    } else if (o === Op.ReadAll) {
      const from = row ? row[at] : at;
      for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
        const id = changes!.data[i];
        if (id > 0 && place[id] < at && join(trace, clocks, s, id)) changed[s] = 1;
      }
    } else {
      const id = value[at];
      if (changed[s] === 1 || o === Op.InfoWrite) {
        pool.set(clock.subarray(base, base + wide), top);
        snapshot[id] = top;
        top += wide;
        if (o === Op.InfoWrite) continue;
        shared[s] = snapshot[id];
        changed[s] = 0;
      }
      snapshot[id] = shared[s];
      const c = columnOf[s] - low;
      if (c >= 0 && c < wide) clock[base + c] = count[id];
    }
  }
}

/** For each pair of value ids: 1 if the first is in the causal past of the second. */
export function pairsOf(
  trace: Trace,
  earlier: Int32Array,
  later: Int32Array,
  block: number,
  budget: Budget,
): Uint8Array {
  const answers = new Uint8Array(earlier.length);
  const wanted = new Set<number>();
  for (const id of earlier) wanted.add(Math.floor(trace.column[id] / block));
  for (const each of wanted) {
    const clocks = clocksOf(trace, each * block, (each + 1) * block);
    replay(trace, clocks, budget, () => {});
    for (let i = 0; i < earlier.length; i++) {
      if (Math.floor(trace.column[earlier[i]] / block) !== each) continue;
      answers[i] = isBefore(trace, clocks, earlier[i], later[i]) ? 1 : 0;
    }
  }
  return answers;
}
