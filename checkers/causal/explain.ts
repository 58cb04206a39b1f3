/**
 * Says in words what the detector found: one anomaly for each cause, with its witness, a sentence for each
 * step and a picture. Nothing here decides anything.
 */
import { type History, isWrite, Kind } from '../history/history.ts';
import type { Anomaly } from '../verdict/verdict.ts';
import {
  describe,
  indices,
  keyName,
  lanes,
  valueName,
  type Witness,
  writtenIn,
} from '../verdict/witness.ts';
import type { CausalAnalysis } from './analysis.ts';
import type { CausalCycle } from './convergent.ts';
import type { HbViolation, SessionModel } from './deadlines.ts';
import type { Breach } from './guarantees.ts';
import type { ListViolation } from './lists.ts';
import { Op, type Trace } from './trace.ts';
import {
  witnessOfBreach,
  witnessOfCycle,
  witnessOfHb,
  witnessOfList,
  witnessOfRead,
  witnessOfSourceless,
} from './witness.ts';

/** What one anomaly is made from. */
export type Finding =
  | { readonly type: 'sourceless'; readonly i: number }
  | {
      readonly type: 'read';
      readonly place: number;
      readonly source: number;
      readonly newer: number;
    }
  | { readonly type: 'cycle'; readonly cycle: CausalCycle }
  | { readonly type: 'hb'; readonly model: SessionModel; readonly violation: HbViolation }
  | { readonly type: 'breach'; readonly breach: Breach }
  | { readonly type: 'list'; readonly violation: ListViolation };

/** Violations with one cause, by the first of them. */
export interface Cause {
  readonly pattern: string;
  readonly violates: readonly string[];
  readonly finding: Finding;
  /** Place of the first violation. */
  readonly place: number;
  readonly count: number;
}

/** Groups by cause as they are found, in order. */
export class Causes {
  readonly #groups = new Map<string, { cause: Cause; count: number }>();
  readonly counts: Record<string, number> = {};

  add(
    pattern: string,
    violates: readonly string[],
    name: string,
    place: number,
    finding: Finding,
  ): void {
    this.counts[pattern] = (this.counts[pattern] ?? 0) + 1;
    const known = this.#groups.get(`${pattern} ${name}`);
    if (known) known.count++;
    else {
      const cause = { pattern, violates, finding, place, count: 1 };
      this.#groups.set(`${pattern} ${name}`, { cause, count: 1 });
    }
  }

  /** At most `max` (one of each pattern at least), earliest first. */
  choose(max: number): Cause[] {
    const all = [...this.#groups.values()]
      .map(({ cause, count }) => ({ ...cause, count }))
      .sort((a, b) => a.place - b.place);
    const chosen = new Set<Cause>();
    const patterns = new Set<string>();
    for (const cause of all) {
      if (patterns.has(cause.pattern)) continue;
      patterns.add(cause.pattern);
      chosen.add(cause);
    }
    for (const cause of all) if (chosen.size < max) chosen.add(cause);
    return [...chosen].sort((a, b) => a.place - b.place).slice(0, Math.max(max, patterns.size));
  }
}

export function explain({ trace }: CausalAnalysis, cause: Cause): Anomaly {
  const { history } = trace;
  const { finding } = cause;
  const witness = witnessOf(trace, finding);
  const judged = rowOf(trace, cause.place);
  return {
    pattern: cause.pattern,
    violates: cause.violates,
    key: history.key[judged] < 0 ? null : keyName(history, judged),
    ops: indices(history, witness.rows),
    summary: summarise(trace, cause),
    steps: stepsOf(history, witness.rows),
    lanes: lanes(history, witness.rows),
    count: cause.count,
    confirmed: witness.confirmed,
    minimal: witness.minimal,
  };
}

const rowOf = (trace: Trace, place: number): number => (trace.row ? trace.row[place] : place);

function witnessOf(trace: Trace, finding: Finding): Witness {
  switch (finding.type) {
    case 'sourceless':
      return witnessOfSourceless(trace, finding.i);
    case 'read':
      return witnessOfRead(trace, finding.place, finding.source, finding.newer);
    case 'cycle':
      return witnessOfCycle(trace, finding.cycle);
    case 'hb':
      return witnessOfHb(trace, finding.model, finding.violation);
    case 'breach':
      return witnessOfBreach(trace, finding.breach);
    case 'list':
      return witnessOfList(trace, finding.violation);
  }
}

function summarise(trace: Trace, { finding, place }: Cause): string {
  const { history } = trace;
  const row = rowOf(trace, place);
  const named = (id: number): string => valueOfKey(trace, id);
  const newerIn = (id: number): ReadonlySet<number> => new Set(id === 0 ? [] : [id]);
  switch (finding.type) {
    case 'sourceless':
      return sourceless(trace, finding.i);
    case 'read': {
      const what = describe(history, row, newerIn(finding.newer));
      const newer = named(finding.newer);
      if (trace.op[place] === Op.ReadAll) return `${what}, although its causal past adds ${newer}`;
      return finding.source === 0
        ? `${what}, although ${newer} had been written in its causal past`
        : `${what}, although ${newer} had replaced it in its causal past`;
    }
    case 'cycle':
      return (
        `no single order of the writes explains ${finding.cycle.by.filter((by) => by >= 0).length} ` +
        `reads of ${keysOf(trace, finding.cycle)}: each order contradicts one of them`
      );
    case 'hb':
      return finding.violation.pattern === 'CyclicHB'
        ? `no sequence of the writes explains all reads of ${sessionName(trace, place)} at once`
        : `${describe(history, row)}, although its session's other reads put ` +
            `${named(trace.value[finding.violation.places[0]])} before it`;
    case 'breach':
      return breach(trace, finding.breach);
    case 'list':
      return list(trace, finding.violation);
  }
}

/** A written value with its key, since a proof goes through several. */
function valueOfKey({ history }: Trace, id: number): string {
  const write = id > 0 && id <= history.writes ? history.writeOp[id] : -1;
  const name = valueName(history, id);
  return write < 0 ? name : `${name} in ${keyName(history, write)}`;
}

function sessionName(trace: Trace, place: number): string {
  const row = rowOf(trace, place);
  const process = trace.history.process[row];
  return process < 0 ? `session ${trace.session[place]}` : `process ${process}`;
}

function keysOf(trace: Trace, cycle: CausalCycle): string {
  const keys = new Set(cycle.by.filter((by) => by >= 0).map((by) => trace.key[by]));
  return [...keys].map((key) => trace.history.keys[key]).join(', ');
}

function sourceless(trace: Trace, i: number): string {
  const { history } = trace;
  const id = trace.sourceless.value[i];
  const row = rowOf(trace, trace.sourceless.place[i]);
  const what = describe(history, row, new Set([id]));
  switch (trace.sourceless.pattern[i]) {
    case 'ThinAirRead':
      return `${what}, which nobody had written`;
    case 'AbortedRead':
      return `${what}, although the write of ${valueName(history, id)} had failed`;
    case 'FutureRead':
      return `${what}, which was written only after the read had ended`;
    case 'CyclicCO':
      return `${what}, whose write was itself caused by this read`;
  }
}

function breach(trace: Trace, each: Breach): string {
  const { history } = trace;
  const row = rowOf(trace, each.read);
  const what = describe(history, row, new Set([each.newer]));
  const newer = valueOfKey(trace, each.newer);
  const through = valueOfKey(trace, each.through);
  switch (each.guarantee) {
    case 'read-your-writes':
      return `${what}, after it had itself written ${newer}`;
    case 'monotonic-reads':
      return each.flip
        ? `${what} again, after it had already seen ${newer} in its place`
        : `${what}, after it had already read ${newer}`;
    case 'monotonic-writes':
      return `${what}, knowing ${through} but not ${newer}, which its writer wrote before`;
    case 'writes-follow-reads':
      return each.newer === each.source
        ? `${what}, knowing ${through}, which was written in reply to it`
        : `${what}, knowing ${through} but not ${newer}, which its writer had read before`;
  }
}

function list({ history }: Trace, violation: ListViolation): string {
  const { pattern, rows, first, second } = violation;
  const what = describe(history, rows[0], new Set([first, second]));
  const shown = `${valueName(history, first)} before ${valueName(history, second)}`;
  return pattern === 'ListContradictsCO'
    ? `${what}; it shows ${shown}, which had been appended earlier`
    : `${what}; it has ${valueName(history, first)} where ${describe(history, rows[1])} has ` +
        `${valueName(history, second)}: no order of the appends gives both`;
}

/** A sentence for each operation; a read also says whose write it returned, where the proof needs it. */
function stepsOf(history: History, rows: readonly number[]): string[] {
  const written = writtenIn(history, rows);
  const last = rows.at(-1);
  return rows.map((row) => {
    const what = describe(history, row, written);
    const id = history.kind[row] === Kind.Read ? history.value[row] : 0;
    if (isWrite(history.kind[row]) || id === 0 || !written.has(id)) return what;
    const writer = history.writeOp[id];
    if (history.session[writer] === history.session[row]) return `${what}, its own`;
    const process = history.process[writer];
    const who = process < 0 ? `session ${history.session[writer]}` : `process ${process}`;
    const knows = row === last ? '' : ', and so knows what was known there';
    return `${what}, which ${who} had written${knows}`;
  });
}
