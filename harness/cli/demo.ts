/**
 * `amnesia demo`: two famous systems, the same fault. Redis loses what it had acknowledged, etcd refuses to
 * acknowledge what it could lose. Exit code 0 when both did as foretold.
 */
import type { Command } from 'commander';
import { EXIT } from '../world/exit-codes.ts';
import { printLines, terminalStyle, terminalWidth } from './output/output.ts';

interface Act {
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
  readonly foretold: boolean;
  readonly look: readonly string[];
}

const cut = { partitions: 'isolate-primary', 'time-limit': '20', 'fault-time': '10' };

const acts: readonly Act[] = [
  {
    title: 'Redis with Sentinel: the primary is cut off for ten seconds, and clients go on',
    options: { system: 'redis-sentinel', workload: 'set', 'calm-time': '3', ...cut },
    foretold: false,
    look: [
      'The old primary went on acknowledging writes, served to its side of the cut. The others chose',
      'another one. After the heal the old one became a replica and threw away what only it had.',
      'Each loss names the process, the node that it asked, and the node that served it.',
      'With --system-options min-replicas-to-write=1 the old primary stops after two seconds.',
    ],
  },
  {
    title: 'etcd: the leader is cut off in the same way',
    options: { system: 'etcd', workload: 'register', 'calm-time': '3', ...cut },
    foretold: true,
    look: [
      'The minority answers nothing, so nothing can be lost: what was not acknowledged is counted',
      'as failed or unknown, and everything that was acknowledged is there, in one order.',
    ],
  },
];

export function register(program: Command): void {
  program
    .command('demo')
    .description('watch Redis lose what it had acknowledged, and etcd keep it (three minutes)')
    .option('--results <folder>', 'folder for run files', 'results')
    .option('--seed <n>', 'seed of both runs', '7')
    .action(async (flags: { results: string; seed: string }) => {
      const style = terminalStyle();
      let surprises = 0;
      for (const { title, options, foretold, look } of acts) {
        printLines(['', style.strong(title), '']);
        const valid = await perform({ ...options, ...flags });
        if (valid !== foretold) surprises++;
        const verdict = foretold ? 'valid' : 'INVALID';
        const met = valid === foretold ? 'As foretold' : `Foretold was ${verdict}, this came out`;
        printLines(['', `${met}. What to look at:`, ...look.map((line) => `  ${line}`)]);
      }
      process.exitCode = surprises === 0 ? EXIT.valid : EXIT.invalid;
    });
}

async function perform(raw: Readonly<Record<string, string>>): Promise<boolean | 'unknown'> {
  const { parseOptions } = await import('../run/options.ts');
  const { runOnce } = await import('./test.ts');
  const { verdictLines } = await import('../report/verdict-text.ts');
  const { judgement } = await runOnce(parseOptions(raw, 7));
  if (judgement === null) return 'unknown';
  printLines(
    verdictLines({ ...judgement.screen, unfoldMax: 1 }, terminalStyle(), {
      width: terminalWidth(),
    }),
  );
  return judgement.valid;
}
