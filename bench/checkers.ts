/**
 * How fast verdicts are, on histories of a last-writer-wins store with five replicas, twenty sessions and half
 * reads. `d`: replication is behind by a bounded number of operations; `c`: by ever more; `hot`: `d` with one
 * key. Columns in memory first, then from the file of a run to its verdict in a process of its own.
 * Each row is measured in a fresh process; medians. Prints the figures of others beside them.
 *
 * Run with: npm run bench:checkers [-- largest number of operations, 1000000 if left out]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { History } from '../checkers/history/history.ts';
import { checkers } from '../checkers/index.ts';
import { linearize } from '../checkers/linearizable/linearize.ts';
import { type CasStoreShape, casCalls, casHistory } from '../checkers/oracle/cas-store.ts';
import { lwwHistory } from '../checkers/oracle/lww-store.ts';
import { unlimited } from '../checkers/verdict/checker.ts';
import { defaultCheckOptions } from '../checkers/verdict/compose.ts';
import { writeRun } from './checkers-file.ts';

type Shape = 'd' | 'c' | 'hot';

interface Measure {
  readonly name: string;
  readonly shape: Shape;
  /** What it is to take, ms, at 100k, 1M and 10M operations. */
  readonly targetMs: readonly [number, number, number];
  readonly checkers: readonly string[];
  readonly models?: readonly string[];
}

const CAUSAL = ['causal', 'session'];
const STATE = ['staleness', 'convergence', 'lost-writes'];
const MEASURES: readonly Measure[] = [
  { name: 'CC + CCv + session', shape: 'd', targetMs: [40, 200, 2000], checkers: CAUSAL },
  { name: 'CC + CCv + session', shape: 'c', targetMs: [60, 300, 4000], checkers: CAUSAL },
  { name: 'linearizable', shape: 'd', targetMs: [25, 150, 1300], checkers: ['linearizable'] },
  { name: 'linearizable', shape: 'hot', targetMs: [25, 150, 1300], checkers: ['linearizable'] },
  { name: 'stale, converged, lost', shape: 'd', targetMs: [25, 150, 1500], checkers: STATE },
  {
    name: 'PRAM',
    shape: 'd',
    targetMs: [400, 4000, 45_000],
    checkers: ['session'],
    models: ['pram'],
  },
  { name: 'CM', shape: 'd', targetMs: [400, 4000, 45_000], checkers: ['causal'], models: ['cm'] },
];
/** Searches, where values come again: histories of a compare-and-set register. */
interface SearchMeasure {
  readonly name: string;
  readonly targetMs: number;
  readonly shape: Omit<CasStoreShape, 'seed'>;
  readonly seeds: number;
}

const SEARCHES: readonly SearchMeasure[] = [
  {
    name: 'search, 102 logs',
    targetMs: 1000,
    shape: { operations: 170, clients: 5, values: 3, infoShare: 0.1 },
    seeds: 102,
  },
  {
    name: 'search, hot key',
    targetMs: 10_000,
    shape: { operations: 10_000, clients: 20, values: 5, infoShare: 0.01 },
    seeds: 1,
  },
];

const FILE_TARGETS_MS = [300, 800, 6000] as const;
const SIZES = [100_000, 1_000_000, 10_000_000] as const;

function history(operations: number, shape: Shape): History {
  return lwwHistory({
    operations,
    keys: shape === 'hot' ? 1 : operations >= 10_000_000 ? 10_000 : 1000,
    sessions: 20,
    replicas: 5,
    delay: 50,
    growth: shape === 'c' ? 20 : 1,
    seed: 7,
    finals: true,
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

interface Result {
  readonly ms: number;
  /** The first round, in a process that has not run the checkers before. */
  readonly firstMs: number;
  /** Processor time, which a busy machine does not stretch as much. */
  readonly cpuMs: number;
  readonly maxMb: number;
  readonly verdict: string;
}

/** In the child: one measure, `rounds` times over. */
function measure({ checkers: names, models, shape }: Measure, operations: number): Result {
  // A short history is over before its loops are compiled: the median is of many, and the first one stands beside it.
  const rounds = operations >= 10_000_000 ? 3 : operations >= 1_000_000 ? 5 : 15;
  const made = history(operations, shape);
  const options = { ...defaultCheckOptions, ...(models === undefined ? {} : { models }) };
  const times: number[] = [];
  const cpuTimes: number[] = [];
  let verdict = '';
  for (let round = 0; round < rounds; round++) {
    // What one round has learnt about a history is not given to the next.
    const fresh = { ...made };
    const cpu = process.cpuUsage();
    const began = performance.now();
    const verdicts = names.map((name) => checkers[name].check(fresh, options as never, unlimited));
    times.push(performance.now() - began);
    const { user, system } = process.cpuUsage(cpu);
    cpuTimes.push((user + system) / 1000);
    verdict = verdicts.map((each) => each.valid).join(' ');
  }
  const maxMb = process.resourceUsage().maxRSS / 1024;
  return { ms: median(times), firstMs: times[0], cpuMs: median(cpuTimes), maxMb, verdict };
}

/** In the child: all seeds of a search; the first round is that of a fresh process. */
function measureSearch({ shape, seeds }: SearchMeasure): Result {
  const made = Array.from({ length: seeds }, (_, i) =>
    casCalls(casHistory({ ...shape, seed: i + 1 })),
  );
  const times: number[] = [];
  const cpuTimes: number[] = [];
  const decided = { true: 0, false: 0, null: 0 };
  for (let round = 0; round < 5; round++) {
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (const { calls, model } of made) {
      const found = linearize(calls, model, { budget: unlimited, numbersMax: 2 ** 24 });
      decided[`${found.linearizable}`]++;
    }
    times.push(performance.now() - began);
    const { user, system } = process.cpuUsage(cpu);
    cpuTimes.push((user + system) / 1000);
  }
  const maxMb = process.resourceUsage().maxRSS / 1024;
  const verdict = `${decided.true / 5} true, ${decided.false / 5} false, ${decided.null / 5} undecided`;
  return { ms: median(times), firstMs: times[0], cpuMs: median(cpuTimes), maxMb, verdict };
}

/** From a run's file to its verdict: `amnesia check`, the start of its process included. */
function measureFile(operations: number): Result {
  const dir = mkdtempSync(join(tmpdir(), 'amnesia-bench-'));
  try {
    // In a process of its own, so that its memory is not ours.
    execFileSync(process.execPath, [...process.execArgv, here, 'write', dir, String(operations)]);
    const bin = fileURLToPath(new URL('../bin/amnesia.mjs', import.meta.url));
    // Node parses every certificate of that file before it begins, which takes longer than all the rest of its start.
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const times: number[] = [];
    let last = '';
    let maxMb = 0;
    for (let round = 0; round < 5; round++) {
      const began = performance.now();
      const child = spawnSync('/usr/bin/time', ['-f', '%M', process.execPath, bin, 'check', dir], {
        encoding: 'utf8',
        env,
      });
      times.push(performance.now() - began);
      maxMb = Number(child.stderr.trim().split('\n').at(-1)) / 1024;
      last = `exit ${child.status}`;
    }
    return { ms: median(times), firstMs: Number.NaN, cpuMs: Number.NaN, maxMb, verdict: last };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const OTHERS = `
Others, on the same kind of history and two cores of this kind, from the CC question alone:
  AWDIT (Rust)        100,000: 0.20 s    1,000,000: 3.9-5.8 s    10,000,000: 95-98 s, 14.6-14.9 GB
  best on the JVM                        1,000,000: 103.6 s
  Porcupine (Go), linearizability        1,000,000: 1.5 s; out of 22 GB at 10,000 operations on one hot key`;

const here = fileURLToPath(import.meta.url);
const [mode, ...rest] = process.argv.slice(2);
if (mode === 'one') {
  const result = measure(MEASURES[Number(rest[0])], Number(rest[1]));
  process.stdout.write(JSON.stringify(result));
} else if (mode === 'search') {
  process.stdout.write(JSON.stringify(measureSearch(SEARCHES[Number(rest[0])])));
} else if (mode === 'write') {
  writeRun(rest[0], history(Number(rest[1]), 'd'));
} else {
  const largest = Number(mode ?? 1_000_000);
  if (!(largest >= SIZES[0]))
    throw new RangeError('usage: bench/checkers.ts [operations, 100000 or more]');
  report(SIZES.filter((size) => size <= largest));
}

function child(...argv: readonly string[]): Result {
  const text = execFileSync(process.execPath, [...process.execArgv, here, ...argv]).toString();
  return JSON.parse(text) as Result;
}

function report(sizes: readonly number[]): void {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model}, Node.js ${process.versions.node}`);
  console.log(
    'medians; first: with nothing compiled yet; cpu: processor time of all threads; target: what it is to take\n',
  );
  const line = (name: string, operations: number, result: Result, target: number): void => {
    const cells = [
      name.padEnd(28),
      operations.toLocaleString('en').padStart(10),
      `${result.ms.toFixed(0)} ms`.padStart(10),
      (Number.isNaN(result.firstMs) ? '' : `first ${result.firstMs.toFixed(0)} ms`).padStart(15),
      (Number.isNaN(result.cpuMs) ? '' : `cpu ${result.cpuMs.toFixed(0)} ms`).padStart(14),
      `target ${target} ms`.padStart(16),
      `${result.maxMb.toFixed(0)} MB`.padStart(9),
      ` ${result.verdict}`,
    ];
    console.log(cells.join(' '));
  };
  for (const [i, { name, shape, targetMs }] of MEASURES.entries()) {
    const ratios: number[] = [];
    for (const [at, size] of sizes.entries()) {
      const result = child('one', String(i), String(size));
      ratios.push(result.ms);
      line(`${name} (${shape})`, size, result, targetMs[at]);
    }
    const [first, second] = ratios.slice(-2);
    if (ratios.length > 1)
      console.log(
        `${''.padEnd(28)} ten times as many: ${(second! / first!).toFixed(1)} times the time`,
      );
  }
  for (const [i, { name, shape, seeds, targetMs }] of SEARCHES.entries()) {
    line(name, shape.operations * seeds, child('search', String(i)), targetMs);
  }
  for (const [at, size] of sizes.entries()) {
    line('file to verdict (d)', size, measureFile(size), FILE_TARGETS_MS[at]);
  }
  console.log(OTHERS);
}
