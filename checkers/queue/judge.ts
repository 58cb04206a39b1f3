/**
 * A queue by what was put in and what came out. Values may come again: then deliveries are counted against attempts.
 *
 * Losses are decided only by a last look: a drain, or a dequeue that found nothing, which began after all other
 * operations had ended. An indeterminate dequeue may have taken one element along: with k of them at
 * least (missing - k) acknowledged elements are lost, and none is named unless k is 0.
 */
import { hasFailed, isLost, isOk, type ObjectOperation } from '../history/objects.ts';
import type { Budget } from '../verdict/checker.ts';
import {
  type ObjectFinding,
  type ObjectJudgement,
  stepAt,
  tally,
} from '../verdict/object-verdict.ts';

export interface Delivery {
  /** An element may come out more often than it was put in. */
  readonly duplicates: 'violations' | 'counted';
  /** An acknowledged element may be gone. */
  readonly losses: 'violations' | 'counted';
}

const exactlyOnce: Delivery = { duplicates: 'violations', losses: 'violations' };

interface Element {
  readonly puts: ObjectOperation[];
  readonly takes: ObjectOperation[];
}

export function judgeQueue(
  ops: readonly ObjectOperation[],
  budget: Budget,
  delivery: Delivery = exactlyOnce,
): ObjectJudgement {
  const strange: Record<string, number> = {};
  const elements = new Map<string, Element>();
  const at = (value: unknown): Element => {
    const text = JSON.stringify(value);
    let element = elements.get(text);
    if (!element) elements.set(text, (element = { puts: [], takes: [] }));
    return element;
  };
  let judged = 0;
  let lostTakes = 0;
  let lostDrains = 0;
  for (const [i, op] of ops.entries()) {
    stepAt(i, budget);
    if (op.f !== 'enqueue' && op.f !== 'dequeue' && op.f !== 'drain') {
      tally(strange, op.f);
      continue;
    }
    judged++;
    if (op.f === 'enqueue') at(op.value).puts.push(op);
    else if (isLost(op)) op.f === 'drain' ? lostDrains++ : lostTakes++;
    else if (isOk(op)) for (const each of takenBy(op)) at(each).takes.push(op);
  }
  const findings: ObjectFinding[] = [];
  const figures = { acknowledged: 0, delivered: 0, duplicated: 0, lost: 0, recovered: 0 };
  const missing: ObjectOperation[] = [];
  for (const [text, element] of elements) {
    judgeElement(text, element, delivery, findings, figures);
    for (const put of neverTaken(element)) missing.push(put);
  }
  if (Object.keys(strange).length === 0) findings.push(...outOfOrder(elements));
  const last = lastLook(ops);
  const lostAtLeast = lostDrains > 0 ? 0 : Math.max(0, missing.length - lostTakes);
  figures.lost = last === null ? 0 : lostAtLeast;
  if (last !== null && lostAtLeast > 0 && Object.keys(strange).length === 0) {
    if (delivery.losses === 'violations') findings.push(...losses(missing, lostTakes, last));
  }
  const isOpen = missing.length > 0 && (last === null || lostDrains > 0);
  return {
    findings,
    judged,
    strange,
    figures: Object.fromEntries(
      Object.entries(figures).map(([name, count]) => [`${name}-count`, count]),
    ),
    ...(isOpen && delivery.losses === 'violations' ? { open: notDrained(missing.length) } : {}),
  };
}

function notDrained(missing: number) {
  const message =
    `${missing} acknowledged elements were not taken out, and nobody looked to the end: a drain, or ` +
    'a dequeue that finds nothing, is expected after everything else has ended';
  return { reason: 'no-final-read' as const, message };
}

function takenBy({ f, value }: ObjectOperation): readonly unknown[] {
  if (f === 'drain') return Array.isArray(value) ? value : [];
  return value === null ? [] : [value];
}

function judgeElement(
  text: string,
  { puts, takes }: Element,
  delivery: Delivery,
  findings: ObjectFinding[],
  figures: Record<'acknowledged' | 'delivered' | 'duplicated' | 'recovered', number>,
): void {
  const possible = puts.filter((put) => !hasFailed(put));
  figures.acknowledged += puts.filter(isOk).length;
  figures.delivered += takes.length;
  if (takes.length === 0) return;
  if (possible.length === 0) {
    const failed = puts.length > 0;
    findings.push({
      pattern: failed ? 'resurrected' : 'phantom',
      violates: 'delivery',
      ops: [...puts, takes[0]],
      summary: failed
        ? `${text} was taken out, though putting it in had definitely failed`
        : `${text} was taken out, and nobody ever put it in`,
    });
    return;
  }
  if (takes.length > possible.length) {
    figures.duplicated += takes.length - possible.length;
    if (delivery.duplicates === 'violations') {
      findings.push({
        pattern: 'duplicated',
        violates: 'at-most-once',
        ops: [...possible, ...takes],
        summary: `${text} was put in ${possible.length} times and taken out ${takes.length} times`,
      });
    }
  } else {
    figures.recovered += Math.max(0, takes.length - puts.filter(isOk).length);
  }
  // What came out first must have been put in first, if equal elements are to be told apart at all.
  const begun = possible.toSorted((a, b) => a.invoke - b.invoke);
  const early = takes
    .toSorted((a, b) => a.complete - b.complete)
    .find((take, i) => i < begun.length && take.complete < begun[i].invoke);
  if (early !== undefined) {
    findings.push({
      pattern: 'FutureRead',
      violates: 'delivery',
      ops: [...possible, ...takes],
      summary: `${text} was taken out before anybody began to put it in`,
    });
  }
}

/**
 * Acknowledged puts that none of the takes can have taken. Equal elements cannot be told apart, so each take is given
 * an acknowledged one that was begun by then, where there is one: what is left over stays fit for later ones.
 */
function neverTaken({ puts, takes }: Element): ObjectOperation[] {
  if (takes.length === 0) return puts.filter(isOk);
  if (puts.length === 1) return [];
  const waiting = puts.filter(isOk).sort((a, b) => b.invoke - a.invoke);
  for (const take of takes.toSorted((a, b) => a.complete - b.complete)) {
    if ((waiting.at(-1)?.invoke ?? Number.POSITIVE_INFINITY) <= take.complete) waiting.pop();
  }
  return waiting;
}

/** The operation after which nothing can have been left; null where there is none. */
function lastLook(ops: readonly ObjectOperation[]): ObjectOperation | null {
  const isEmpty = (op: ObjectOperation): boolean =>
    isOk(op) && (op.f === 'drain' || (op.f === 'dequeue' && op.value === null));
  let best: ObjectOperation | null = null;
  for (const op of ops) if (isEmpty(op) && (best === null || op.invoke > best.invoke)) best = op;
  if (best === null) return null;
  for (const op of ops) {
    // An indeterminate one is counted elsewhere; what is put in later must not have been acknowledged.
    if (op === best || isLost(op) || isEmpty(op)) continue;
    if (op.complete >= best.invoke) return null;
  }
  return best;
}

function losses(
  missing: readonly ObjectOperation[],
  lostTakes: number,
  last: ObjectOperation,
): ObjectFinding[] {
  const violates = 'at-least-once';
  if (lostTakes === 0) {
    return missing.map((put) => ({
      pattern: 'lost',
      violates,
      ops: [put, last],
      summary: `${JSON.stringify(put.value)} was acknowledged and never came out`,
    }));
  }
  return Array.from({ length: missing.length - lostTakes }, () => ({
    pattern: 'lost',
    violates,
    ops: [...missing, last],
    summary:
      `of ${missing.length} acknowledged elements that never came out, ${lostTakes} may have gone with ` +
      'a dequeue whose answer was lost',
  }));
}

/** FIFO per producer, of elements that were put in once. */
function outOfOrder(elements: ReadonlyMap<string, Element>): ObjectFinding[] {
  const byProducer = new Map<number, { put: ObjectOperation; element: Element }[]>();
  for (const element of elements.values()) {
    const [put, ...others] = element.puts;
    if (put === undefined || others.length > 0 || element.takes.length === 0) continue;
    if (hasFailed(put)) continue;
    const list = byProducer.get(put.session);
    if (list) list.push({ put, element });
    else byProducer.set(put.session, [{ put, element }]);
  }
  const findings: ObjectFinding[] = [];
  for (const list of byProducer.values()) {
    list.sort((a, b) => a.put.invoke - b.put.invoke);
    // Going back: of all that the producer put in later, what was taken out first.
    let next: { put: ObjectOperation; take: ObjectOperation } | null = null;
    for (const { put, element } of list.toReversed()) {
      const began = element.takes.reduce((a, b) => (b.invoke < a.invoke ? b : a));
      const ended = element.takes.reduce((a, b) => (b.complete < a.complete ? b : a));
      if (next !== null && next.take.complete < began.invoke && put.complete < next.put.invoke) {
        findings.push({
          pattern: 'out-of-order',
          violates: 'FIFO per producer',
          ops: [put, next.put, next.take, began],
          summary:
            `${JSON.stringify(next.put.value)} came out before ${JSON.stringify(put.value)}, which the ` +
            'same producer had put in before it',
        });
      }
      if (next === null || ended.complete < next.take.complete) next = { put, take: ended };
    }
  }
  return findings;
}
