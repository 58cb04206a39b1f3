/** Histories of the kinds that people complained about, each with what is right: see `test/cases`. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Valid } from '../../checkers/verdict/verdict.ts';
import { type CheckWhateverOptions, checkWhatever } from './check-file.ts';

const folder = fileURLToPath(new URL('../../test/cases/', import.meta.url));

interface Case {
  readonly options?: CheckWhateverOptions;
  readonly valid: Valid;
  /** Answers of single checkers. */
  readonly verdicts?: Readonly<Record<string, Valid>>;
  /** How many operations of clients there are, and how many reads the causal checker judged. */
  readonly operations: number;
  readonly reads?: number;
  /** How much another checker judged: its name, the name of its figure, the number. */
  readonly judged?: readonly [checker: string, figure: string, count: number];
  /** Stands in some verdict. */
  readonly says?: RegExp;
}

const outOfSight: Case['verdicts'] = {
  ...{ 'lost-writes': 'unknown', causal: 'unknown', session: 'unknown', linearizable: 'unknown' },
};

const cases: Readonly<Record<string, Case>> = {
  'actor-reuse-lost.edn': {
    ...{ valid: false, verdicts: { 'lost-writes': false }, operations: 4, reads: 2 },
  },
  'bom.edn': { valid: true, verdicts: { linearizable: true }, operations: 3, reads: 2 },
  // What is not understood is out of sight: nobody is accused for it, and nobody is green.
  'broadcast-lost.edn': { valid: 'unknown', verdicts: outOfSight, operations: 4 },
  'broadcast-ok.edn': { valid: 'unknown', verdicts: outOfSight, operations: 4 },
  'clock-back.edn': { valid: true, verdicts: { linearizable: true }, operations: 2, reads: 1 },
  'converged-later.edn': { valid: true, verdicts: { causal: true }, operations: 5, reads: 3 },
  'counter.edn': {
    valid: false,
    verdicts: { counter: false },
    operations: 3,
    judged: ['counter', 'judged-count', 2],
  },
  'counter-down.edn': {
    valid: true,
    verdicts: { counter: true },
    operations: 3,
    judged: ['counter', 'judged-count', 3],
  },
  'crdt-diverged.jsonl': {
    options: { checkers: ['convergence'] },
    ...{ valid: false, verdicts: { convergence: false }, operations: 4 },
    ...{ judged: ['convergence', 'key-count', 1], says: /left: false/ },
  },
  'epoch-ns.edn': { valid: true, verdicts: { linearizable: true }, operations: 3, reads: 2 },
  'epoch-ns.jsonl': { valid: true, verdicts: { linearizable: true }, operations: 3, reads: 2 },
  'failed-but-read.edn': {
    ...{ valid: false, verdicts: { 'lost-writes': false }, operations: 2, reads: 1 },
  },
  'history-txt.log': { valid: true, verdicts: { linearizable: false }, operations: 4, reads: 2 },
  // Beside final reads nothing succeeded: nothing is wrong, and nothing is shown.
  'initial-read.edn': {
    options: { initial: '5' },
    ...{ valid: 'unknown', verdicts: { linearizable: true }, operations: 2, reads: 1 },
  },
  'json-array.jsonl': {
    ...{ valid: false, verdicts: { 'lost-writes': false }, operations: 3, reads: 2 },
  },
  'late-info.edn': { valid: true, operations: 4, reads: 2 },
  'nemesis-text.log': {
    ...{ valid: 'unknown', verdicts: { linearizable: true }, operations: 3, reads: 1 },
  },
  'no-f.edn': { valid: false, verdicts: { 'lost-writes': false }, operations: 3, reads: 2 },
  'plain-check.edn': { valid: true, operations: 3, reads: 2 },
  'process-after-info.edn': {
    ...{ valid: 'unknown', verdicts: { linearizable: true, session: true } },
    ...{ operations: 4, reads: 2 },
  },
  // A queue: no checker knows its operations, so none may be green.
  'queue-lost.edn': {
    options: { checkers: ['lost-writes'] },
    ...{ valid: 'unknown', verdicts: { 'lost-writes': 'unknown' }, operations: 4 },
  },
  'records.edn': { valid: true, verdicts: { linearizable: true }, operations: 2, reads: 1 },
  // Values that come again tell no order: only the search for one can judge them.
  'repeated-values.edn': {
    valid: 'unknown',
    verdicts: { linearizable: false },
    operations: 4,
    judged: ['linearizable', 'keys-searched-count', 1],
  },
  'repeated-values-fine.edn': {
    valid: 'unknown',
    verdicts: { linearizable: true },
    operations: 7,
    judged: ['linearizable', 'keys-searched-count', 1],
  },
  'ryw.jsonl': { valid: false, verdicts: { session: false }, operations: 2, reads: 1 },
  'seen-then-gone.edn': {
    ...{ valid: false, verdicts: { 'lost-writes': false, causal: false } },
    ...{ operations: 5, reads: 3 },
  },
  'set-lost-info.edn': {
    ...{ valid: false, verdicts: { 'lost-writes': false }, operations: 5, reads: 2 },
  },
  // Asked for by name, a property counts though nobody promised it.
  'stale-read-asked.edn': {
    options: { checkers: ['linearizable'] },
    ...{ valid: false, verdicts: { linearizable: false }, operations: 5 },
  },
  'stale-then-fresh.edn': {
    ...{ valid: true, verdicts: { 'lost-writes': true, linearizable: false } },
    ...{ operations: 4, reads: 3 },
  },
  'tuple-lost.edn': { valid: true, verdicts: { linearizable: true }, operations: 3, reads: 2 },
  'versioned-register.edn': {
    ...{ valid: true, verdicts: { linearizable: true, 'lost-writes': true } },
    // What a cas found counts as read.
    ...{ operations: 5, reads: 4 },
  },
  'worker-log.log': { valid: true, verdicts: { linearizable: false }, operations: 4, reads: 2 },
};

it('a promise that is stated counts, and a property that nobody promised does not', () => {
  const path = `${folder}stale-read-asked.edn`;
  expect(checkWhatever(folder, path).valid).toBe(true);
  const held = checkWhatever(folder, path, { promises: ['linearizable'] });
  expect(held.valid).toBe(false);
  expect(held.partial).toBe(false);
  expect(checkWhatever(folder, path, { checkers: ['stats'] }).partial).toBe(true);
});

it('what cannot be judged is refused in clear words', () => {
  const check = (file: string) => () => checkWhatever(folder, `${folder}${file}`);
  expect(check('truncated.edn')).toThrow(/line 6.*never closed/);
  expect(check('txn-two.edn')).toThrow(/transaction/);
  expect(check('call-return.jsonl')).toThrow(/Porcupine.*type, process/);
  expect(check('double-completion.edn')).toThrow(/process 0 ends its write twice/);
});

it.each(Object.entries(cases))('%s is judged as it should be', (file, expected) => {
  const { valid, verdicts, screen } = checkWhatever(folder, `${folder}${file}`, expected.options);
  expect(valid).toBe(expected.valid);
  const { ok, fail, info } = screen.counts;
  expect(ok + fail + info).toBe(expected.operations);
  const answers = Object.fromEntries(verdicts.map((each) => [each.checker, each]));
  for (const [checker, answer] of Object.entries(expected.verdicts ?? {})) {
    expect([checker, answers[checker].valid]).toEqual([checker, answer]);
  }
  const reads = answers.causal?.figures['reads-judged-count'];
  if (expected.reads !== undefined) expect(reads).toBe(expected.reads);
  if (expected.judged !== undefined) {
    const [checker, figure, count] = expected.judged;
    expect(answers[checker].figures[figure]).toBe(count);
  }
  if (expected.says !== undefined) expect(JSON.stringify(verdicts)).toMatch(expected.says);
});
