/**
 * Causal consistency, each model by its published name: CC (weak causal consistency), CCv (causal convergence) and CM
 * (causal memory), with the bad pattern that violates it (Bouajjani, Enea, Guerraoui, Hamza, POPL 2017),
 * and monotonic reads. "Causal order" as users understand it is CCv together with monotonic reads:
 * plain CC accepts a reader that flips back and forth between two concurrent writes.
 *
 * For registers, sets and lists; an element of a set or list is a register that is absent until it is added.
 * Answers that the server marked stale are left out and counted. Deleted keys are judged up to the
 * first delete.
 */

import type { History } from '../history/history.ts';
import type { Budget, Checker, CheckOptions } from '../verdict/checker.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { analyse, type CausalAnalysis } from './analysis.ts';
import { Causes, explain } from './explain.ts';

interface Models {
  readonly cc: boolean;
  readonly ccv: boolean | null;
  readonly cm: boolean | null;
  readonly monotonicReads: boolean;
}

/** Reads that are wrong in every model: no source, or overwritten in their causal past. */
function addReads(analysis: CausalAnalysis, causes: Causes): void {
  const { trace, findings } = analysis;
  const { sourceless, key } = trace;
  const all = ['CC', 'CCv', 'CM'];
  for (let i = 0; i < sourceless.place.length; i++) {
    const place = sourceless.place[i];
    const name = `${key[place]} ${sourceless.value[i]}`;
    causes.add(sourceless.pattern[i], all, name, place, { type: 'sourceless', i });
  }
  const { read, source, newer } = findings;
  for (let i = 0; i < read.length; i++) {
    const place = read.data[i];
    // Of a set that lacks several elements the first one stands for the read.
    if (i > 0 && read.data[i - 1] === place) continue;
    const pattern = source.data[i] === 0 ? 'WriteCOInitRead' : 'WriteCORead';
    causes.add(pattern, all, `${key[place]} ${newer.data[i]}`, place, {
      type: 'read',
      place,
      source: source.data[i],
      newer: newer.data[i],
    });
  }
}

function decide(
  analysis: CausalAnalysis,
  models: CheckOptions['models'],
  causes: Causes,
  budget: Budget,
): Models {
  const { cc } = analysis;
  addReads(analysis, causes);
  for (const violation of analysis.lists) {
    const { pattern, rows } = violation;
    const violates = pattern === 'ListContradictsCO' ? ['CC', 'CCv', 'CM'] : ['CCv'];
    const place = analysis.placeOfRow(rows[0]);
    const name = `${analysis.trace.key[place]}`;
    causes.add(pattern, violates, name, place, { type: 'list', violation });
  }
  let ccv: boolean | null = null;
  if (models.includes('ccv')) {
    const { cycles } = analysis.convergence(budget);
    ccv = cc && cycles.length === 0 && analysis.lists.length === 0;
    for (const cycle of cycles) {
      const place = Math.max(...cycle.places, ...cycle.by);
      causes.add('CyclicCF', ['CCv'], String(place), place, { type: 'cycle', cycle });
    }
  }
  let cm: boolean | null = null;
  if (models.includes('cm')) {
    const violations = cc ? analysis.hb('CM', budget) : [];
    cm = cc && violations.length === 0;
    for (const violation of violations) {
      const { pattern, session, read } = violation;
      causes.add(pattern, ['CM'], String(session), read, { type: 'hb', model: 'CM', violation });
    }
  }
  const monotonic = analysis.breaches(budget).filter((b) => b.guarantee === 'monotonic-reads');
  for (const breach of monotonic) {
    // The others are overwritten reads, which have been named.
    if (!breach.flip) continue;
    const name = `${analysis.trace.session[breach.read]} ${analysis.trace.key[breach.read]}`;
    causes.add('MonotonicReadFlip', ['monotonic-reads', 'CCv', 'CM'], name, breach.read, {
      type: 'breach',
      breach,
    });
  }
  return { cc, ccv, cm, monotonicReads: monotonic.length === 0 };
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const analysis = analyse(history, budget);
  const causes = new Causes();
  const models = decide(analysis, options.models, causes, budget);
  const asked: readonly (readonly [string, boolean | null])[] = [
    ['CC', models.cc],
    ['CCv', models.ccv],
    ['CM', models.cm],
    ['monotonic reads', models.monotonicReads],
  ];
  const violated = asked.filter(([, holds]) => holds === false).map(([name]) => name);
  const { counts } = analysis.trace;
  const total = Object.values(causes.counts).reduce((sum, count) => sum + count, 0);
  const held = asked.filter(([, holds]) => holds === true).map(([name]) => name);
  return {
    checker: 'causal',
    version: causal.version,
    valid: violated.length === 0,
    message:
      violated.length === 0
        ? `${held.join(', ')}: one causal order explains each of ${counts.reads} reads`
        : `${violated.join(', ')} violated by ${total} reads, cycles or sessions`,
    figures: {
      CC: models.cc,
      CCv: models.ccv,
      CM: models.cm,
      'monotonic-reads': models.monotonicReads,
      'reads-judged-count': counts.reads,
      'writes-judged-count': counts.writes,
      'stale-reads-left-out-count': counts.staleReads,
      'undecided-reads-count': counts.undecidedReads,
      'backward-conflict-count': analysis.findings.from.length,
      'clock-width-max-count': analysis.trace.widthMax,
    },
    anomalies: causes.choose(options.maxAnomalies).map((cause) => explain(analysis, cause)),
    counts: causes.counts,
  };
}

export const causal: Checker = {
  name: 'causal',
  version: '2',
  scope: 'causal',
  types: ['register', 'cas-register', 'set', 'list'],
  foreign: 'judged',
  decides:
    'Causal consistency: CC, CCv and CM, each named with the bad pattern that violates it, and monotonic ' +
    'reads. Decides CC and CCv unless asked otherwise. For registers, sets and lists; answers that ' +
    'the server marked as stale are left out and counted.',
  source:
    'Bouajjani, Enea, Guerraoui, Hamza: On Verifying Causal Consistency, POPL 2017, sections 3 to 5',
  examples: {
    passes: 'A w x 1; B r x 1; B w y 1; C r y 1; C r x 1',
    fails: 'A w x 1; B r x 1; B w y 1; C r y 1; C r x 0',
  },
  property: 'causal',
  check,
};
