/** `amnesia check`: judges a stored run again, or a history file of another tool. */
import type { Command } from 'commander';
import { secondThreadFor } from '../judge/second-thread.ts';
import type { CheckFlags } from './check-flags.ts';
import { MODELS, withResults } from './options/arguments.ts';

export function register(program: Command): void {
  withResults(
    program
      .command('check')
      .description('judge a stored run again, or a history of another tool (.edn .jsonl .log)')
      .argument('[run-or-file]', 'a run (latest, name, folder, seed) or a history file', 'latest'),
  )
    .option('--checkers <names>', 'only these, separated by commas; what they find counts')
    .option('--promises <names>', 'what the store is held to: names, or a file that has them')
    .option('--model <names>', `causal models: ${MODELS.join(', ')}`)
    .option('--max-anomalies <n>', 'show at most so many violations of each checker')
    .option('--real-time', 'lost writes against real time instead of causal order')
    .option('--time-limit-s <s>', 'limit for each checker, then its answer is unknown')
    .option('--memory-mb <n>', 'limit for the process, then the answer is unknown')
    .option('--initial <json>', 'value of a register before its first write, beside null')
    .option('--format <name>', 'of a history file: edn, jsonl, log')
    .option('--no-store', 'do not keep the verdict in the run file')
    .option('--report', 'write report.html beside the run: causes and pictures in one file')
    .option('-v, --verbose', 'every checker with its figures, and every fault')
    .option('--json', 'one JSON document')
    .action(async (wanted: string, flags: CheckFlags) => {
      // It starts while we load the checkers.
      const alone = flags.checkers !== undefined || wanted === 'latest';
      const thread = alone ? null : secondThreadFor(wanted);
      try {
        const { performCheck } = await import('./check-command.ts');
        performCheck(wanted, flags, thread);
      } finally {
        thread?.end();
      }
    });
}
