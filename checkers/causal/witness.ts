/**
 * From what the passes found to the operations that prove it. The detector says where; here the causal paths are
 * looked up, the operations on them are shrunk, and the rest is checked again by the same detector.
 */

import { type History, isWrite, Kind, Status } from '../history/history.ts';
import { unlimited } from '../verdict/checker.ts';
import { shrink, type Witness } from '../verdict/witness.ts';
import { analyse, CausalAnalysis } from './analysis.ts';
import type { CausalCycle } from './convergent.ts';
import type { HbViolation, SessionModel } from './deadlines.ts';
import type { Breach, Guarantee } from './guarantees.ts';
import type { ListViolation } from './lists.ts';
import { causalPath } from './path.ts';
import { Op, type Trace } from './trace.ts';

export type ReadPattern =
  | 'ThinAirRead'
  | 'AbortedRead'
  | 'FutureRead'
  | 'CyclicCO'
  | 'WriteCOInitRead'
  | 'WriteCORead';

const rowOf = (trace: Trace, place: number): number => (trace.row ? trace.row[place] : place);

/** Patterns of single reads that a history shows. */
function readPatterns({ trace, findings }: CausalAnalysis): Set<ReadPattern> {
  const patterns = new Set<ReadPattern>(trace.sourceless.pattern);
  for (let i = 0; i < findings.read.length; i++) {
    patterns.add(findings.source.data[i] === 0 ? 'WriteCOInitRead' : 'WriteCORead');
  }
  return patterns;
}

const showsRead = (pattern: ReadPattern) => (reduced: History) =>
  readPatterns(new CausalAnalysis(reduced, unlimited)).has(pattern);

/** Register reads without the write that they return would be read from nowhere. */
function withSources(history: History, rows: Iterable<number>): number[] {
  const all = new Set(rows);
  for (const row of [...all]) {
    const id =
      history.kind[row] === Kind.Read
        ? history.value[row]
        : history.kind[row] === Kind.Cas && history.status[row] === Status.Ok
          ? (history.expected?.[row] ?? 0)
          : 0;
    if (id > 0 && id <= history.writes) all.add(history.writeOp[id]);
  }
  return [...all];
}

function pathRows(trace: Trace, from: number, to: number): number[] {
  return (causalPath(trace, from, to) ?? [from, to]).map((place) => rowOf(trace, place));
}

/** A read whose source is wrong by itself. */
export function witnessOfSourceless(trace: Trace, i: number): Witness {
  const { history, sourceless, place: placeOf } = trace;
  const place = sourceless.place[i];
  const pattern = sourceless.pattern[i];
  const id = sourceless.value[i];
  const rows = [rowOf(trace, place)];
  if (id > 0 && id <= history.writes) rows.push(history.writeOp[id]);
  if (pattern === 'CyclicCO' && id > 0) rows.push(...pathRows(trace, place, placeOf[id]));
  return shrink(history, withSources(history, rows), showsRead(pattern));
}

/** A read (place) of `source` though `newer` had replaced it in its causal past. */
export function witnessOfRead(trace: Trace, place: number, source: number, newer: number): Witness {
  const { history, place: placeOf } = trace;
  const rows = [rowOf(trace, place), ...pathRows(trace, placeOf[newer], place)];
  if (source !== 0) rows.push(...pathRows(trace, placeOf[source], placeOf[newer]));
  const pattern = source === 0 ? 'WriteCOInitRead' : 'WriteCORead';
  return shrink(history, withSources(history, rows), showsRead(pattern));
}

/** A cycle of the arbitration: each conflict edge with the path that puts its write in its read's past. */
export function witnessOfCycle(trace: Trace, { places, by }: CausalCycle): Witness {
  const { history } = trace;
  const rows = new Set<number>();
  places.forEach((place, i) => {
    rows.add(rowOf(trace, place));
    if (by[i] < 0) return;
    for (const row of pathRows(trace, place, by[i])) rows.add(row);
  });
  // What breaks CC already is no news for CCv, unless the history itself breaks both.
  const broken = !analyse(history, unlimited).cc;
  return shrink(history, withSources(history, rows), (reduced) => {
    const analysis = new CausalAnalysis(reduced, unlimited);
    return (broken || analysis.cc) && analysis.convergence(unlimited).cycles.length > 0;
  });
}

/** Operations around the proof that are tried when the proof alone does not fail. */
const surroundingsMax = 4000;
/** Causal paths that are looked up for one proof; each may cost as much as the history is long. */
const pathsMax = 64;

export function witnessOfHb(trace: Trace, model: SessionModel, violation: HbViolation): Witness {
  const { history } = trace;
  const fails = (reduced: History): boolean => {
    const analysis = new CausalAnalysis(reduced, unlimited);
    // What breaks CC already is no news for CM.
    if (model === 'CM' && !analysis.cc) return false;
    return analysis.hb(model, unlimited).some((each) => each.pattern === violation.pattern);
  };
  const keys = new Set(violation.places.map((place) => trace.key[place]));
  const rows = new Set([...violation.places, violation.read].map((place) => rowOf(trace, place)));
  // The reads of the session that force the order, and how it came to know what it read.
  let paths = 0;
  for (let at = Math.min(...violation.places); at <= violation.upTo; at++) {
    if (trace.session[at] !== violation.session || !keys.has(trace.key[at])) continue;
    if (trace.op[at] === Op.Skip || isWrite(history.kind[rowOf(trace, at)])) continue;
    rows.add(rowOf(trace, at));
    for (const place of violation.places) {
      if (place >= at) continue;
      paths++;
      for (const row of causalRows(trace, place, at)) rows.add(row);
    }
    if (rows.size > surroundingsMax || paths > pathsMax) break;
  }
  const witness = shrink(history, withSources(history, rows), fails);
  if (witness.confirmed) return witness;
  const first = Math.min(...violation.places);
  for (let at = first; at <= violation.upTo && at - first < surroundingsMax; at++) {
    if (trace.op[at] !== Op.Skip) rows.add(rowOf(trace, at));
  }
  return shrink(history, withSources(history, rows), fails);
}

const causalRows = (trace: Trace, from: number, to: number): number[] =>
  (causalPath(trace, from, to) ?? []).map((place) => rowOf(trace, place));

/** A read that breaks a session guarantee, with the operations that its definition names. */
export function witnessOfBreach(trace: Trace, breach: Breach): Witness {
  const { history, place: placeOf, session } = trace;
  const { read, source, newer, through } = breach;
  const places = new Set([read]);
  if (source !== 0) places.add(placeOf[source]);
  if (newer !== 0) places.add(placeOf[newer]);
  if (through !== 0) places.add(placeOf[through]);
  const reader = session[read];
  if (breach.flip) {
    const between = lastReadOf(trace, reader, newer, read);
    places.add(between).add(lastReadOf(trace, reader, source, between));
  } else if (breach.guarantee === 'monotonic-reads') {
    places.add(lastReadOf(trace, reader, newer, read));
  } else if (through !== 0) {
    // A read of the whole may itself be where the second write was seen.
    places.add(lastReadOf(trace, reader, through, read + 1));
    if (breach.guarantee === 'writes-follow-reads') {
      const replier = session[placeOf[through]];
      places.add(lastReadOf(trace, replier, newer, placeOf[through]));
    }
  }
  const rows = [...places].filter((place) => place >= 0).map((place) => rowOf(trace, place));
  return shrink(history, withSources(history, rows), breaks(breach.guarantee));
}

const breaks = (guarantee: Guarantee) => (reduced: History) =>
  new CausalAnalysis(reduced, unlimited)
    .breaches(unlimited)
    .some((each) => each.guarantee === guarantee);

/** The last place before `limit` at which a session read a value (for sets: first showed it); -1 for none. */
function lastReadOf(trace: Trace, session: number, id: number, limit: number): number {
  const { op, value, changes, row } = trace;
  for (let at = limit - 1; at >= 0; at--) {
    if (trace.session[at] !== session) continue;
    if (op[at] === Op.Read && value[at] === id) return at;
    if (op[at] !== Op.ReadAll) continue;
    const from = row ? row[at] : at;
    for (let i = changes!.off[from]; i < changes!.off[from + 1]; i++) {
      if (changes!.data[i] === id) return at;
    }
  }
  return -1;
}

/** Reads whose lists exclude each other, or one whose list contradicts CO. */
export function witnessOfList(trace: Trace, violation: ListViolation): Witness {
  const { history, place } = trace;
  const { pattern, rows, first, second } = violation;
  const all = [...rows, history.writeOp[first], history.writeOp[second]];
  if (pattern === 'ListContradictsCO') all.push(...pathRows(trace, place[second], place[first]));
  return shrink(history, withSources(history, all), (reduced) =>
    new CausalAnalysis(reduced, unlimited).lists.some((each) => each.pattern === pattern),
  );
}
