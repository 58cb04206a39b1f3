/**
 * `amnesia clean`: removes what runs left in the container engine, found by label. What belongs to a run that
 * lives is left alone, unless it is asked for.
 */
import type { Command } from 'commander';
import { printJson, printLines } from './output/output.ts';

export function register(program: Command): void {
  program
    .command('clean')
    .description('remove containers and networks that dead runs left behind')
    .option('--all', 'also those of runs that live, or that cannot be judged from here')
    .option('--images', "also images of the node that are not the present one's")
    .option('--json', 'one JSON document')
    .action(async (options: { all?: true; images?: true; json?: true }) => {
      const { sweep, sweepImages } = await import('../cluster/docker/leftovers.ts');
      const { sweepNetns } = await import('../cluster/netns/netns.ts');
      const namespaces = await sweepNetns(options.all === true);
      const removed = [
        ...namespaces.map((runId) => ({ kind: 'namespaces', name: runId, runId })),
        ...(await sweep(options.all === true)),
      ];
      if (options.images === true) {
        const { builtImages } = await import('../systems/images.ts');
        removed.push(...(await sweepImages(builtImages())));
      }
      if (options.json === true) return printJson({ removed });
      printLines(removed.map(({ kind, name }) => `removed ${kind} ${name}`));
      if (removed.length === 0) printLines(['nothing to remove']);
    });
}
