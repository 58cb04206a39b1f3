/**
 * The session guarantees, each on its own: read-your-writes, monotonic reads, monotonic writes, writes follow
 * reads (Terry et al., PDIS 1994), and PRAM (Lipton, Sandberg 1988). For registers and sets.
 *
 * Terry et al. define them over the states of servers, which nobody outside can see. Here each is violated by
 * the smallest evidence that a history can show (`causal/guarantees.ts`), so that each name stands for
 * one kind of surprise. The four together are less than causal consistency; PRAM is a complete model
 * of its own, which neither CC nor CCv implies: it is reported, and makes a run invalid only when asked for.
 */

import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { analyse, type CausalAnalysis } from './analysis.ts';
import { Causes, explain } from './explain.ts';
import { GUARANTEES } from './guarantees.ts';

/** Operations times sessions up to which PRAM is decided without being asked for. */
const pramWorkMax = 500_000;

function decidePram(
  analysis: CausalAnalysis,
  asked: boolean,
  causes: Causes,
  budget: Budget,
): boolean | null {
  const { n, width, sourceless } = analysis.trace;
  if (!asked && n * width.length > pramWorkMax) return null;
  const violations = analysis.hb('PRAM', budget);
  for (const violation of violations) {
    const { pattern, session, read } = violation;
    causes.add(pattern, ['PRAM'], String(session), read, { type: 'hb', model: 'PRAM', violation });
  }
  for (let i = 0; i < sourceless.place.length; i++) {
    const pattern = sourceless.pattern[i];
    if (pattern !== 'ThinAirRead' && pattern !== 'AbortedRead') continue;
    const place = sourceless.place[i];
    causes.add(pattern, ['PRAM'], String(sourceless.value[i]), place, { type: 'sourceless', i });
  }
  return (
    violations.length === 0 && !('ThinAirRead' in causes.counts || 'AbortedRead' in causes.counts)
  );
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const analysis = analyse(history, budget);
  const causes = new Causes();
  const broken = new Map<string, number>(GUARANTEES.map((name) => [name, 0]));
  const lastRead = new Map<string, number>();
  for (const breach of analysis.breaches(budget)) {
    const { guarantee, read, newer } = breach;
    // A set that lacks several elements breaks a guarantee once.
    if (lastRead.get(guarantee) === read) continue;
    lastRead.set(guarantee, read);
    broken.set(guarantee, broken.get(guarantee)! + 1);
    const name = `${analysis.trace.key[read]} ${newer}`;
    causes.add(guarantee, [guarantee], name, read, { type: 'breach', breach });
  }
  for (const violation of analysis.lists) {
    if (!violation.oneSession) continue;
    const name = 'monotonic-writes';
    broken.set(name, broken.get(name)! + 1);
    const place = analysis.placeOfRow(violation.rows[0]);
    causes.add(name, [name], String(analysis.trace.key[place]), place, { type: 'list', violation });
  }
  const violated = [...broken].filter(([, count]) => count > 0).map(([name]) => name);
  const asked = options.models.includes('pram');
  const pram = decidePram(analysis, asked, causes, budget);
  if (asked && pram === false) violated.push('PRAM');
  return {
    checker: 'session',
    version: session.version,
    valid: violated.length === 0,
    message:
      violated.length === 0
        ? `${GUARANTEES.join(', ')} hold for ${analysis.trace.counts.reads} reads`
        : `violated: ${violated.join(', ')}`,
    figures: {
      ...Object.fromEntries([...broken].map(([name, count]) => [name, count === 0])),
      PRAM: pram,
      'reads-judged-count': analysis.trace.counts.reads,
      'stale-reads-left-out-count': analysis.trace.counts.staleReads,
    },
    anomalies: causes.choose(options.maxAnomalies).map((cause) => explain(analysis, cause)),
    counts: causes.counts,
  };
}

export const session: Checker = {
  name: 'session',
  version: '1',
  scope: 'causal',
  types: ['register', 'cas-register', 'set', 'list'],
  foreign: 'judged',
  decides:
    'Read-your-writes, monotonic reads, monotonic writes and writes-follow-reads, each by the smallest ' +
    'evidence that a history can show; PRAM as information unless asked for. For registers and sets.',
  source:
    'Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, PDIS 1994; ' +
    'Lipton, Sandberg: PRAM, Princeton CS-TR-180-88',
  examples: {
    passes: 'A w x 1; A w x 2; A r x 2; B r x 2; B r x 2',
    fails: 'A w x 1; A w x 2; A r x 1',
  },
  property: 'session',
  check,
};
