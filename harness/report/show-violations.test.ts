import { expect, test } from 'vitest';
import { saveRun } from '../columns/save.ts';
import { openRun } from '../store/recorder.ts';
import { openRunFile } from '../store/run-file.ts';
import { header, record, row, temporaryFolder } from '../store/testing/made-runs.ts';
import { saveVerdicts } from '../store/verdicts.ts';
import { look, viewLines } from './show-text.ts';
import { makeStyle } from './style.ts';

/** Two lost writes: one before any fault, one under a cut, after which its node refuses. */
function run(): string {
  const recorder = openRun(`${temporaryFolder()}/run`, header());
  record(recorder, [
    row(0, { invoked: 1, completed: 2, f: 'add', value: 1 }),
    row(1, { invoked: 1500, completed: 1501, f: 'add', value: 2, node: 'n2' }),
    row(2, { invoked: 1600, completed: 1601, outcome: 'fail', error: 'refused', node: 'n2' }),
  ]);
  recorder.fault({
    id: 7,
    plan: { id: 7, kind: 'kill', variant: 'one', atMs: 0, untilMs: 1, targets: ['n2'] },
    description: 'kill one: n2',
    applied: 1e9,
    healedAt: 2e9,
    healed: true,
  });
  recorder.state('done');
  saveRun(recorder, 3e9);
  const verdict = {
    checker: 'lost-writes',
    version: '2',
    valid: false,
    message: '',
    figures: {},
    details: { violations: { lost: [0, 1] } },
    anomalies: [],
    counts: { lost: 2 },
  } as const;
  saveVerdicts(recorder.path, [verdict], {});
  return recorder.path;
}

function ops(which: 'all' | 'no-fault-before' | 'under-fault' | 'reconnect-after'): unknown[] {
  const file = openRunFile(run());
  try {
    const view = look(file, { view: 'violations', which }, 100);
    expect(viewLines(view, makeStyle(false)).length).toBeGreaterThan(0);
    return view.view === 'violations' ? view.rows.map(({ idx }) => idx) : [];
  } finally {
    file.db.close();
  }
}

test('violations are found by what stood around them', () => {
  expect(ops('all')).toEqual([0, 1]);
  expect(ops('no-fault-before')).toEqual([0]);
  expect(ops('under-fault')).toEqual([1]);
  expect(ops('reconnect-after')).toEqual([1]);
});
