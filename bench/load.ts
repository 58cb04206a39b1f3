/**
 * How much load a cluster of five takes, and what driving it costs: operations per second that were answered, and
 * the share of one core that the control process took. Run with `npx tsx bench/load.ts [rate] [seconds]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDockerCluster } from '../harness/cluster/docker/docker.ts';
import { parseOptions } from '../harness/run/options.ts';
import { performRun } from '../harness/run/run.ts';

const rate = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 15);
if (!(rate >= 1 && rate <= 100_000) || !(seconds >= 1 && seconds <= 600)) {
  throw new RangeError('usage: bench/load.ts [operations per second] [seconds, at most 600]');
}

const results = mkdtempSync(join(tmpdir(), 'amnesia-bench-'));
const options = parseOptions(
  {
    results,
    rate: String(rate),
    'time-limit': String(seconds),
    concurrency: '60',
    nemesis: 'none',
  },
  1,
);

interface Mark {
  readonly atMs: number;
  readonly ok: number;
  readonly cpuMs: number;
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const marks: Mark[] = [];
const never = new AbortController().signal;
try {
  const { judgement } = await performRun(options, {
    createCluster: createDockerCluster,
    stop: never,
    halt: never,
    observer: {
      phase: () => {},
      event: () => {},
      progress: ({ ok }, atMs) => marks.push({ atMs, ok, cpuMs: cpuMs() }),
    },
  });
  const loadUntilMs = (options['warm-up'] + seconds) * 1000;
  const loaded = marks.filter((mark) => mark.atMs >= 2000 && mark.atMs <= loadUntilMs);
  const first = loaded[0];
  const last = loaded.at(-1)!;
  const spanMs = last.atMs - first.atMs;
  const core = Math.round((100 * (last.cpuMs - first.cpuMs)) / spanMs);
  const answered = Math.round(((last.ok - first.ok) * 1000) / spanMs);
  console.log(`${cpus().length} cores, ${cpus()[0]?.model}`);
  console.log(`asked for     ${rate} operations/s for ${seconds} s, five nodes`);
  console.log(`answered ok   ${answered} operations/s`);
  console.log(`control       ${core} % of one core`);
  console.log(`verdict       ${judgement?.valid}`);
} finally {
  rmSync(results, { recursive: true, force: true });
}
