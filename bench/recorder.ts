/**
 * How fast histories are written and read: operations recorded into SQLite, rows read into columns,
 * sealed columns loaded. Medians of several rounds, with the machine named; processor time of all threads, which a
 * busy machine does not stretch as much, stands beside the time that passed. Run with
 * `npx tsx bench/recorder.ts [operations]`.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRun } from '../harness/columns/columns.ts';
import { saveRun } from '../harness/columns/save.ts';
import { openRun, type Recorder } from '../harness/store/recorder.ts';

const ROUNDS = 5;
const operations = Number(process.argv[2] ?? 200_000);
if (!Number.isInteger(operations) || operations < 1000 || operations > 20_000_000) {
  throw new RangeError('the number of operations is a whole number from 1000 to 20000000');
}

/** What an operation against Engram carries: contexts, versions, who served it. */
const CONTEXT = Buffer.from('{"v":{"n1":1207,"n2":1440,"n3":903},"t":[17000000000,2]}').toString(
  'base64url',
);

interface Taken {
  readonly ms: number;
  readonly cpuMs: number;
}

function fill(path: string): {
  readonly file: string;
  readonly record: Taken;
  readonly save: Taken;
} {
  const recorder = openRun(path, {
    runId: 'bench',
    name: 'bench',
    seed: 1,
    startedAt: new Date().toISOString(),
    nodes: ['n1', 'n2', 'n3', 'n4', 'n5'],
    config: {},
    versions: {},
    environment: {},
    replay: '',
  });
  const record = timed(() => recordInto(recorder));
  const save = timed(() => {
    recorder.state('done');
    saveRun(recorder, operations * 1000);
  });
  return { file: recorder.path, record, save };
}

function recordInto(recorder: Recorder): void {
  for (let idx = 0; idx < operations; idx++) {
    const reads = idx % 2 === 0;
    const at = idx * 1000;
    const key = `register-${idx % 5}/k${idx % 50}`;
    const f = reads ? 'read' : 'write';
    recorder.invoke({
      idx,
      process: idx % 20,
      thread: idx % 20,
      phase: 'chaos',
      workload: 'register',
      f,
      key,
      value: reads ? null : `v${idx}`,
      node: 'n1',
      scheduled: at,
      invoked: at,
    });
    recorder.complete({
      idx,
      process: idx % 20,
      thread: idx % 20,
      phase: 'chaos',
      workload: 'register',
      f,
      key,
      value: reads ? `v${idx - 1}` : `v${idx}`,
      node: 'n1',
      scheduled: at,
      invoked: at,
      completed: at + 900,
      outcome: 'ok',
      confidence: 1,
      warnings: 0,
      server: 'n1',
      hops: 0,
      version: `n1:${idx}`,
      sentContext: CONTEXT,
      context: CONTEXT,
    });
  }
  recorder.flush();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function timed(work: () => void): Taken {
  const cpu = process.cpuUsage();
  const began = performance.now();
  work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 };
}

const times = {
  record: [] as Taken[],
  save: [] as Taken[],
  rows: [] as Taken[],
  chunks: [] as Taken[],
};
for (let round = 0; round < ROUNDS; round++) {
  const folder = mkdtempSync(join(tmpdir(), 'amnesia-bench-'));
  try {
    const { file, record, save } = fill(join(folder, 'run'));
    times.record.push(record);
    times.save.push(save);
    times.chunks.push(timed(() => loadRun(file)));
    times.rows.push(timed(() => loadRun(file, { rowsOnly: true })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const machine = cpus();
console.log(
  `${operations} operations, medians of ${ROUNDS} rounds, Node ${process.versions.node}, ` +
    `${machine.length} x ${machine[0]?.model ?? 'unknown'}`,
);
for (const [name, what] of [
  ['record', 'recorded into SQLite (invocation and end)'],
  ['save', 'saved: indexed and sealed'],
  ['rows', 'read from rows into columns'],
  ['chunks', 'loaded from sealed columns'],
] as const) {
  const ms = median(times[name].map((each) => each.ms));
  const cpuMs = median(times[name].map((each) => each.cpuMs));
  const rate = Math.round((operations / ms) * 1000).toLocaleString('en-US');
  const cells = [
    `${rate.padStart(12)} operations/s`,
    `${ms.toFixed(0).padStart(6)} ms`,
    `cpu ${cpuMs.toFixed(0)} ms`.padStart(12),
  ];
  console.log(`${cells.join('  ')}  ${what}`);
}
