/**
 * What a simulated run costs: processor time of runs one after another in one process, as the workers of a campaign
 * carry them. The first one compiles everything; the median is of the others.
 *
 * Run with: npx tsx bench/sim.ts [runs] [seconds] [operations per second] [nemesis]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseRuntime } from '../harness/cluster/runtime.ts';
import { parseOptions } from '../harness/run/options.ts';
import { performRun } from '../harness/run/run.ts';

const [runs = '6', seconds = '60', rate = '200', nemesis] = process.argv.slice(2);
const all = 'partition,kill,pause,loss,delay,duplicate,reorder,bandwidth,power,clock';
const results = mkdtempSync(join(tmpdir(), 'amnesia-bench-'));
const never = new AbortController().signal;
const times: number[] = [];
try {
  for (let seed = 1; seed <= Number(runs); seed++) {
    const given = { results, runtime: 'sim', rate, 'time-limit': seconds, seed: String(seed) };
    const options = parseOptions({ ...given, nemesis: nemesis ?? all }, seed);
    const { createCluster } = await chooseRuntime(options.runtime);
    const before = process.cpuUsage();
    const began = performance.now();
    const { judgement } = await performRun(options, {
      createCluster,
      stop: never,
      halt: never,
      observer: { phase: () => {}, event: () => {}, progress: () => {} },
    });
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000;
    if (seed > 1) times.push(cpuMs);
    const wallMs = performance.now() - began;
    console.log(
      `seed ${seed}  ${cpuMs.toFixed(0)} ms cpu  ${wallMs.toFixed(0)} ms  ${judgement?.valid}`,
    );
  }
} finally {
  rmSync(results, { recursive: true, force: true });
}
const median = times.sort((a, b) => a - b)[times.length >> 1];
console.log(
  `${cpus()[0]?.model}, Node.js ${process.versions.node}: median ${median?.toFixed(0)} ms cpu a run`,
);
