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
}

const cases: Readonly<Record<string, Case>> = {
  'actor-reuse-lost.edn': {
    ...{ valid: false, verdicts: { 'lost-writes': false }, operations: 4, reads: 2 },
  },
  'clock-back.edn': { valid: true, verdicts: { linearizable: true }, operations: 2, reads: 1 },
  'converged-later.edn': { valid: true, verdicts: { causal: true }, operations: 5, reads: 3 },
  'failed-but-read.edn': {
    ...{ valid: false, verdicts: { 'lost-writes': false }, operations: 2, reads: 1 },
  },
  // Beside final reads nothing succeeded: nothing is wrong, and nothing is shown.
  'initial-read.edn': {
    options: { initial: '5' },
    ...{ valid: 'unknown', verdicts: { linearizable: true }, operations: 2, reads: 1 },
  },
  'late-info.edn': { valid: true, operations: 4, reads: 2 },
  'nemesis-text.log': {
    ...{ valid: 'unknown', verdicts: { linearizable: true }, operations: 3, reads: 1 },
  },
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
  'tuple-lost.edn': { valid: true, verdicts: { linearizable: true }, operations: 3, reads: 2 },
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
});
