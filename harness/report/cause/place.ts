/**
 * Where an operation stands among the faults: shortly before its node was stopped, under a fault, right
 * after one, or in calm. The same question is asked of every acknowledged write, so that a share
 * ("38 of 40 that n3 acknowledged there are lost") can be given and not only a number.
 */
import type { FaultWindow, History } from '../../../checkers/history/history.ts';
import { covers, isCutting, isHit, isStopping } from './standing.ts';

/**
 * `before`: its node was stopped within `NEAR_NS`; `under`: its node was hit by a fault that was there;
 * `beside`: a fault was there that hit others; `after`: its node came back less than `NEAR_NS` ago.
 */
export type Relation = 'before' | 'under' | 'beside' | 'after' | 'calm';
export const RELATIONS: readonly Relation[] = ['before', 'under', 'beside', 'after', 'calm'];

export interface Place {
  readonly relation: Relation;
  /** Position in `faults`; -1 in calm. */
  readonly fault: number;
  /** Who served the operation, or else who was asked; -1 where that is not known. */
  readonly server: number;
}

const NEAR_NS = 3e9;

/** Who answered; where the answer does not say, who was asked. */
export function serverOf({ server, node }: History, row: number): number {
  const answering = server === null ? -1 : server[row];
  return answering >= 0 ? answering : node[row];
}

/** The moment that counts: when the client knew, or, where it never did, when it asked. */
export function momentOf({ complete, invoke }: History, row: number): number {
  return Number.isFinite(complete[row]) ? complete[row] : invoke[row];
}

export function placeAt(faults: readonly FaultWindow[], server: number, time: number): Place {
  const before = nearestStop(faults, server, time);
  if (before >= 0) return { relation: 'before', fault: before, server };
  const covering = faults.findIndex((fault) => covers(fault, time) && isHit(fault, server));
  if (covering >= 0) {
    // It answered, so it was not down: a node that was stopped had come back.
    const relation = isStopping(faults[covering]) ? 'after' : 'under';
    return { relation, fault: covering, server };
  }
  const beside = faults.findIndex((fault) => covers(fault, time));
  if (beside >= 0) return { relation: 'beside', fault: beside, server };
  const after = faults.findLastIndex(
    (fault) => time > fault.end && time - fault.end <= NEAR_NS && isHit(fault, server),
  );
  if (after >= 0) return { relation: 'after', fault: after, server };
  return { relation: 'calm', fault: -1, server };
}

/** The first fault that stopped the node soon afterwards; an answer tells that it was still alive. */
function nearestStop(faults: readonly FaultWindow[], server: number, time: number): number {
  return faults.findIndex((fault) => {
    if (!isStopping(fault) || isCutting(fault) || !isHit(fault, server)) return false;
    const middle = Number.isFinite(fault.end) ? (fault.start + fault.end) / 2 : fault.start + 1e9;
    return time >= fault.start - NEAR_NS && time < middle;
  });
}
