/**
 * Records operations as fast as it can until somebody kills it, and says after each one how far it
 * is, in the file that is its second argument: `<idx> <invoked>`. Used by the recorder's test.
 */
import { openSync, writeSync } from 'node:fs';
import { openRun } from '../recorder.ts';

const recorder = openRun(process.argv[2], {
  runId: 'killed',
  name: 'killed',
  seed: 1,
  startedAt: new Date().toISOString(),
  nodes: ['n1'],
  config: {},
  versions: {},
  environment: {},
  replay: '',
});
const progress = openSync(process.argv[3], 'w');
const began = process.hrtime.bigint();
const now = (): number => Number(process.hrtime.bigint() - began);

/** Bounds the test should nobody kill it. */
const OPERATIONS_MAX = 2_000_000;

function step(idx: number): void {
  if (idx >= OPERATIONS_MAX) return;
  const invoked = now();
  const common = {
    idx,
    process: idx % 5,
    thread: idx % 5,
    phase: 'chaos' as const,
    workload: 'register',
    f: 'write',
    key: 's/x',
    value: idx,
    node: 'n1',
    scheduled: invoked,
    invoked,
  };
  recorder.invoke(common);
  // Every third one stays in flight.
  if (idx % 3 !== 0) recorder.complete({ ...common, completed: now(), outcome: 'ok' });
  writeSync(progress, `${idx} ${invoked}\n`);
  setImmediate(step, idx + 1);
}
step(0);
