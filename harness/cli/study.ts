/** `amnesia study swim`: membership alone, at sizes at which whole nodes would be too many. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { numberWithin, oneOf, RESULTS } from './options/arguments.ts';
import { printJson, printLines } from './output/output.ts';

interface Flags {
  readonly nodes: string;
  readonly loss: string;
  readonly crashes: string;
  readonly seed: string;
  readonly results: string;
  readonly json?: true;
}

/** Nodes times crashes that one figure may cost: the larger the cluster, the fewer crashes. */
const WORK = 4000;

export function register(program: Command): void {
  program
    .command('study')
    .argument('<what>', 'swim')
    .description('measure membership in the simulator, beside what is promised of it')
    .option('--nodes <numbers>', 'sizes, separated by commas', '10,100')
    .option('--loss <percents>', 'shares of datagrams that are lost, in percent', '0,10,25')
    .option('--crashes <n>', 'members that crash, one after another; fewer in large clusters', '40')
    .option('--seed <n>', 'seed', '1')
    .option('--results <dir>', 'folder for the curves', RESULTS)
    .option('--json', 'one JSON document')
    .action((what: string, flags: Flags) => study(what, flags));
}

async function study(what: string, flags: Flags): Promise<void> {
  oneOf('study', what, ['swim']);
  const numbers = (name: string, text: string, least: number, most: number): number[] =>
    text.split(',').map((each) => numberWithin(name, each, least, most));
  const sizes = numbers('--nodes', flags.nodes, 3, 2000);
  const losses = numbers('--loss', flags.loss, 0, 90);
  const crashes = numberWithin('--crashes', flags.crashes, 1, 10_000);
  const seed = numberWithin('--seed', flags.seed, 0, 2 ** 31 - 1);
  const { studySwim } = await import('../cluster/sim/swim.ts');
  const { makeRng } = await import('../world/rng.ts');
  const { figuresOf, studyLines, studySvg } = await import('../report/swim-study-text.ts');
  const studies = sizes.flatMap((nodes) =>
    losses.map((percent) => {
      const times = Math.max(1, Math.min(crashes, Math.ceil(WORK / nodes)));
      const rng = makeRng(seed).split(`${nodes} nodes, ${percent} %`);
      return studySwim({ nodes, loss: percent / 100, crashes: times }, rng);
    }),
  );
  mkdirSync(flags.results, { recursive: true });
  const path = join(flags.results, 'study-swim.svg');
  writeFileSync(path, studySvg(studies));
  if (flags.json === true) printJson({ studies: studies.map(figuresOf), curves: path });
  else printLines([...studyLines(studies), '', `curves: ${path}`]);
}
