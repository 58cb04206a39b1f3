/**
 * `amnesia doctor`: what this machine can do, found by trying, and what to do about the rest. Exit code 1 when
 * something is missing without which no cluster can be run.
 */
import type { Command } from 'commander';
import { EXIT } from '../world/exit-codes.ts';
import { withResults } from './options/arguments.ts';
import { printJson, printLines, terminalStyle } from './output/output.ts';

export function register(program: Command): void {
  withResults(program.command('doctor').description('find out what this machine can do'))
    .option('--json', 'one JSON document')
    .action(async (options: { results: string; json?: true }) => {
      const { diagnose } = await import('../cluster/docker/diagnosis.ts');
      const { engramImage } = await import('../systems/engram/program.ts');
      const findings = await diagnose(options.results, engramImage);
      const able = findings.every((each) => each.ok || !each.needed);
      process.exitCode = able ? EXIT.valid : EXIT.invalid;
      if (options.json === true) return printJson({ able, findings });
      const style = terminalStyle();
      const width = Math.max(...findings.map((each) => each.name.length));
      const lines = findings.map(({ name, ok, needed, text }) => {
        const mark = ok ? style.good('ok') : needed ? style.bad('--') : style.doubtful('no');
        return `${mark}  ${name.padEnd(width)}  ${text}`;
      });
      const verdict = able
        ? 'clusters can be run here'
        : 'clusters cannot be run here: mend what is marked --';
      printLines([...lines, '', verdict]);
    });
}
