/** `amnesia list-systems`: what can be tested, and by which workloads. */
import type { Command } from 'commander';
import { printJson, printLines } from './output/output.ts';

export function register(program: Command): void {
  program
    .command('list-systems')
    .description('list the systems that can be tested, and by which workloads')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: true }) => {
      const { matrix, matrixLines } = await import('../run/matrix.ts');
      const rows = matrix();
      if (options.json === true) printJson(rows);
      else printLines(matrixLines(rows));
    });
}
