/**
 * A run of any length without a cluster: twenty clients, five nodes, two faults, and writes that one node lost
 * right before it was killed. Its numbers spread as those of real runs do, since that decides how a page compresses.
 */
import { saveRun } from '../../../columns/save.ts';
import { openRun } from '../../../store/recorder.ts';
import { saveVerdicts } from '../../../store/verdicts.ts';
import { makeRng } from '../../../world/rng.ts';

export interface LargeRun {
  readonly operations: number;
  /** Operations in a second. */
  readonly rate?: number;
  readonly seed?: number;
}

const clients = 20;
const keys = 40;
const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** Makes the run below `dir` and returns the path of its file. */
export function makeLargeRun(dir: string, { operations, rate = 1000, seed = 5 }: LargeRun): string {
  const rng = makeRng(seed);
  const recorder = openRun(dir, {
    runId: 'large',
    name: 'large',
    seed,
    startedAt: '2026-01-31T12:00:00.000Z',
    nodes,
    config: { concurrency: clients },
    versions: {},
    environment: {},
    replay: '',
  });
  const duration = (operations / rate) * 1e9;
  const [from, to] = [duration * 0.4, duration * 0.5];
  recorder.phase('chaos', 0);
  recorder.phase('heal', duration);
  const free = new Float64Array(clients);
  const lost: number[] = [];
  let at = 0;
  for (let idx = 0; idx < operations; idx++) {
    at += -Math.log(1 - rng.float()) * (1e9 / rate);
    const client = rng.int(clients);
    const scheduled = Math.round(at);
    const invoked = Math.round(Math.max(at, free[client]) + rng.float() * 4e5);
    const isDown = invoked > from && invoked < to && client % 5 === 2;
    const tookMs = isDown
      ? 0.3 + rng.float()
      : 0.6 * Math.exp(1.1 * gauss(rng.float(), rng.float()));
    const completed = invoked + Math.max(5e4, Math.round(tookMs * 1e6));
    free[client] = completed + 1e4;
    const isWrite = rng.float() < 0.6;
    const key = rng.int(keys);
    const operation = {
      idx,
      process: client,
      thread: client,
      phase: 'chaos' as const,
      workload: 'register',
      f: isWrite ? 'write' : 'read',
      key: `register/k${key}`,
      node: nodes[client % 5],
      scheduled,
      invoked,
    };
    recorder.invoke({ ...operation, value: isWrite ? idx : null });
    const outcome = isDown ? ('fail' as const) : ('ok' as const);
    recorder.complete({
      ...operation,
      value: isWrite ? idx : null,
      outcome,
      completed,
      ...(isDown ? { error: 'refused' } : {}),
      ...(isDown ? {} : { server: nodes[key % 5] }),
    });
    if (isWrite && !isDown && key % 5 === 2 && invoked > from - 1e9 && invoked < from)
      lost.push(idx);
  }
  recorder.fault({
    id: 1,
    plan: { id: 1, kind: 'kill', variant: 'one', atMs: 0, untilMs: 1, targets: ['n3'] },
    description: 'kill one: n3',
    targets: ['n3'],
    applied: from,
    inForce: from + 1e6,
    healBegan: to - 1e6,
    healedAt: to,
    effective: 'effective',
    healed: true,
  });
  recorder.state('done');
  saveRun(recorder, at);
  const verdict = {
    checker: 'lost-writes',
    version: '0',
    valid: false,
    message: `${lost.length} lost`,
    figures: {},
    details: { violations: { lost } },
    anomalies: [],
    counts: { lost: lost.length },
  } as const;
  saveVerdicts(recorder.path, [verdict], {});
  return recorder.path;
}

/** Box and Muller. */
function gauss(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
}
