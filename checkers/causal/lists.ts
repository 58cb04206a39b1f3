/**
 * The order of lists. A list that is only ever appended to has one order: every read is the beginning of the longest
 * one (`IncompatibleOrder` otherwise, a violation of CCv: no single order of the appends exists). And no
 * read shows an element behind one that its append had followed in CO (`ListContradictsCO`, a
 * violation of CC; of monotonic writes where one session appended both).
 *
 * That elements are missing is the business of `elements.ts`. Cycles that arise only through the orders of
 * several lists together are not looked for.
 */

import { Flag, type History, Kind, Status } from '../history/history.ts';
import type { Budget } from '../verdict/checker.ts';
import { blockWidth, type Clocks, isBefore } from './clocks.ts';
import type { Findings } from './findings.ts';
import { pairsOf } from './replay.ts';
import { Op, type Trace } from './trace.ts';

export interface ListViolation {
  readonly pattern: 'IncompatibleOrder' | 'ListContradictsCO';
  /** Rows of reads: the one that is wrong and, where two exclude each other, the other one. */
  readonly rows: readonly number[];
  /** Value ids in the order shown, for contradictions: the second was appended before the first. */
  readonly first: number;
  readonly second: number;
  readonly oneSession: boolean;
}

interface Reading {
  readonly row: number;
  /** From here on it differs from the session's read before. */
  readonly from: number;
  readonly content: readonly number[];
}

export function listViolations(trace: Trace, findings: Findings, budget: Budget): ListViolation[] {
  const { history } = trace;
  if (!history.delta || !history.kind.includes(Kind.ReadList)) return [];
  const found: ListViolation[] = [];
  const longest = new Map<number, Reading>();
  forEachReading(history, budget, (reading) => {
    const known = longest.get(history.key[reading.row]);
    if (known && known.content.length >= reading.content.length) return;
    longest.set(history.key[reading.row], { ...reading, content: [...reading.content] });
  });
  const order = new OrderOfCO(trace, findings, budget);
  for (const { row, content } of longest.values()) order.judge(row, content, found);
  forEachReading(history, budget, ({ row, from, content }) => {
    const whole = longest.get(history.key[row])!;
    for (let i = from; i < content.length; i++) {
      if (content[i] === whole.content[i]) continue;
      const first = content[i];
      const second = whole.content[i];
      const rows = [row, whole.row];
      found.push({ pattern: 'IncompatibleOrder', rows, first, second, oneSession: false });
      order.judge(row, content, found);
      return;
    }
  });
  return found;
}

/** Content of each judged read of a list, session by session; the array is used again. */
function forEachReading(history: History, budget: Budget, judge: (reading: Reading) => void): void {
  const { n, kind, status, flags, session, key, keys, delta, writes, writeOp } = history;
  const contents = new Map<number, number[]>();
  const changedFrom = new Map<number, number>();
  for (let row = 0; row < n; row++) {
    if (kind[row] !== Kind.ReadList || status[row] !== Status.Ok) continue;
    budget.step();
    const name = session[row] * keys.length + key[row];
    let content = contents.get(name);
    if (!content) contents.set(name, (content = []));
    let from = changedFrom.get(name) ?? content.length;
    for (let i = delta!.off[row]; i < delta!.off[row + 1]; i++) {
      const id = delta!.data[i];
      if (id < 0) {
        const at = content.lastIndexOf(-id);
        if (at >= 0) content.splice(at, 1);
        from = Math.min(from, Math.max(at, 0));
      } else if (id <= writes && status[writeOp[id]] !== Status.Fail) {
        content.push(id);
      }
    }
    if ((flags[row] & Flag.Stale) !== 0) {
      changedFrom.set(name, from);
      continue;
    }
    changedFrom.delete(name);
    judge({ row, from, content });
  }
}

/** Does the order of a content contradict CO? */
class OrderOfCO {
  readonly #t: Trace;
  readonly #clocks: Clocks | null;
  readonly #budget: Budget;

  constructor(trace: Trace, findings: Findings, budget: Budget) {
    this.#t = trace;
    this.#clocks = findings.clocks;
    this.#budget = budget;
  }

  judge(row: number, content: readonly number[], found: ListViolation[]): void {
    const { place, op, session } = this.#t;
    const ids = content.filter((id) => place[id] >= 0 && op[place[id]] !== Op.Skip);
    const pair = this.#clocks ? this.#behind(ids, this.#clocks) : this.#behindSlowly(ids);
    if (pair === null) return;
    const [first, second] = pair;
    const oneSession = session[place[first]] === session[place[second]];
    found.push({ pattern: 'ListContradictsCO', rows: [row], first, second, oneSession });
  }

  /** Elements [a, b], a shown before b, of which b was appended before a in CO. */
  #behind(ids: readonly number[], clocks: Clocks): [number, number] | null {
    const { column, count, session, place } = this.#t;
    if (ids.length === 0) return null;
    const width = clocks.width[session[place[ids[0]]]];
    // By column: the smallest number among the elements that are shown further back.
    const least = new Int32Array(width).fill(0x7fffffff);
    const whose = new Int32Array(width);
    for (let i = ids.length - 1; i >= 0; i--) {
      const id = ids[i];
      const from = clocks.snapshot[id];
      for (let c = 0; c < width; c++) {
        const seen = c === column[id] ? count[id] - 1 : clocks.pool[from + c];
        if (least[c] <= seen && isBefore(this.#t, clocks, whose[c], id)) return [id, whose[c]];
      }
      if (count[id] < least[column[id]]) {
        least[column[id]] = count[id];
        whose[column[id]] = id;
      }
    }
    return null;
  }

  /** The same where the clocks did not fit into memory at once: neighbours only. */
  #behindSlowly(ids: readonly number[]): [number, number] | null {
    const earlier = Int32Array.from(ids.slice(1));
    const later = Int32Array.from(ids.slice(0, -1));
    const answers = pairsOf(this.#t, earlier, later, blockWidth(this.#t), this.#budget);
    const at = answers.indexOf(1);
    return at < 0 ? null : [later[at], earlier[at]];
  }
}
