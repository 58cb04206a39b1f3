/**
 * The one violation of a group that is told in full: who asked whom, who acknowledged, what was broken at the
 * time, when the value was last seen, who no longer has it, and what the node's log says around it.
 */
import { type History, isWrite, Status } from '../../../checkers/history/history.ts';
import type { Verdict } from '../../../checkers/verdict/verdict.ts';
import { describe } from '../../../checkers/verdict/witness.ts';
import { durationText, secondsText } from '../figures.ts';
import type { Typical } from './cause.ts';
import { logsAround } from './logs-around.ts';
import { momentOf, type Place, serverOf } from './place.ts';
import { finalReads, type Sightings } from './seen.ts';
import { blowOf, conditionOf, covers, listed } from './standing.ts';

const logsMax = 6;
const stepMax = 800;
const proofMax = 14;
/** Patterns that are about one write. */
const OF_WRITES: ReadonlySet<string> = new Set(['lost', 'resurrected', 'phantom', 'duplicated']);
const logMarginNs = 2e9;

export function typicalOf(
  history: History,
  verdict: Verdict,
  pattern: string,
  row: number,
  place: Place,
  seen: Sightings,
): Typical {
  const op = history.index[row];
  const time = momentOf(history, row);
  const fault = place.fault < 0 ? null : history.faults[place.fault];
  const anomaly = verdict.anomalies.findIndex(
    (each) => each.pattern === pattern && each.ops.includes(op),
  );
  // A loss is told by what became of the write; anything else by the proof that its checker gave.
  const proof = OF_WRITES.has(pattern) ? null : (verdict.anomalies[anomaly] ?? null);
  const steps = [
    ...(proof === null
      ? [`operation ${op}: ${describe(history, row)}${servedText(history, row)}.`]
      : [
          `${capital(proof.summary)}.`,
          ...proof.steps.slice(0, proofMax).map((step) => `${step}.`),
        ]),
    ...faultSteps(history, place, time),
    ...(isWrite(history.kind[row]) && proof === null ? sightingSteps(history, row, seen) : []),
    ...(pattern === 'lost' ? absenceSteps(history, row) : []),
  ];
  const until = fault === null ? time : Math.max(time, Math.min(fault.end, time + 30e9));
  const who = new Set([place.server, ...(fault?.targets ?? [])]);
  const logs = logsAround(history, who, time - logMarginNs, until + logMarginNs, logsMax);
  const seenBy = isWrite(history.kind[row]) ? (seen.last.get(history.value[row]) ?? null) : null;
  const missing = pattern === 'lost' ? finalReads(history, row) : [];
  const ops = [row, ...(seenBy === null ? [] : [seenBy]), ...missing].map(
    (each) => history.index[each],
  );
  return {
    op,
    time,
    steps: steps.map(shortened),
    logs,
    ops,
    anomaly: anomaly < 0 ? null : anomaly,
  };
}

function capital(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
}

/** A value may be as long as it likes; a sentence about it may not. */
function shortened(step: string): string {
  return step.length <= stepMax ? step : `${step.slice(0, stepMax - 1)}…`;
}

function servedText(history: History, row: number): string {
  const server = serverOf(history, row);
  const asked = history.node[row];
  const name = history.nodes[server];
  if (name === undefined) return '';
  const at = secondsText(momentOf(history, row));
  const by = server === asked ? name : `${name}, to which it was forwarded`;
  const verb =
    history.status[row] === Status.Ok
      ? isWrite(history.kind[row])
        ? 'acknowledged'
        : 'answered'
      : 'ended';
  return `; ${verb} by ${by}, at ${at}`;
}

function faultSteps({ faults, nodes }: History, place: Place, time: number): string[] {
  const named = (id: number): string => `fault ${id}`;
  const steps = faults
    .filter((fault) => covers(fault, time) && faults.indexOf(fault) !== place.fault)
    .map((fault) => `At that moment ${conditionOf(fault, nodes)} (${named(fault.id)}).`);
  if (place.fault < 0) return [...steps, 'No fault was near.'];
  const fault = faults[place.fault];
  const node = nodes[place.server] ?? 'its node';
  const gap = fault.start - time;
  switch (place.relation) {
    case 'before':
      return [
        ...steps,
        `${node} ${blowOf(fault)} ${durationText(Math.max(0, gap))} later, at ${secondsText(fault.start)} (${named(fault.id)}).`,
      ];
    case 'under':
    case 'beside':
      return [
        ...steps,
        `At that moment ${conditionOf(fault, nodes)} (${named(fault.id)}, ${secondsText(fault.start)} to ${secondsText(fault.end)}).`,
      ];
    case 'after':
      return [
        ...steps,
        `${node} had been hit by ${named(fault.id)} (${fault.kind}), which ended at ${secondsText(fault.end)}.`,
      ];
    default:
      return steps;
  }
}

function sightingSteps(history: History, row: number, seen: Sightings): string[] {
  const id = history.value[row];
  const read = seen.last.get(id);
  if (read === undefined) return ['No read ever showed it.'];
  const server = history.nodes[serverOf(history, read)];
  const by = server === undefined ? '' : ` from ${server}`;
  const at = secondsText(history.complete[read]);
  return [`It was last seen at ${at}${by}, by operation ${history.index[read]}.`];
}

function absenceSteps(history: History, row: number): string[] {
  const reads = finalReads(history, row);
  if (reads.length === 0) return [];
  const names = [...new Set(reads.map((read) => history.nodes[history.node[read]] ?? '?'))].sort();
  const ops = reads.map((read) => history.index[read]).sort((a, b) => a - b);
  const key = history.keys[history.key[row]] ?? 'it';
  return [
    `The final reads of ${key} through ${listed(names)} do not have it (operations ${ops.join(', ')}).`,
  ];
}
