/** `amnesia new`: the beginning of an own system, workload, checker or fault. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Command } from 'commander';
import { definitionKinds } from '../../checkers/verdict/definition.ts';
import { oneOf } from './options/arguments.ts';
import { printLines } from './output/output.ts';

export function register(program: Command): void {
  program
    .command('new')
    .description('begin a system, workload, checker or fault of your own: a running example')
    .argument('<kind>', definitionKinds.join(', '))
    .argument('<name>', 'of a-z 0-9 -')
    .option('--folder <folder>', 'where it is written', '.')
    .action(async (kind: string, name: string, options: { folder: string }) => {
      const chosen = oneOf('the kind', kind, definitionKinds);
      const { scaffold } = await import('../run/extensions/scaffold.ts');
      const { paths, tryIt } = scaffold(chosen, name, options.folder);
      printLines([
        ...paths.map((path) => `wrote ${path}`),
        ...(await missingPackage(options.folder)),
        `try   npx ${tryIt}`,
      ]);
    });
}

/** What is written imports this package, which must be found from there. */
async function missingPackage(folder: string): Promise<string[]> {
  try {
    createRequire(join(process.cwd(), folder, 'here.js')).resolve('amnesia/package.json');
    return [];
  } catch {
    const { packageRoot } = await import('../world/package-root.ts');
    return [`first npm install ${packageRoot}   (it imports the package amnesia)`];
  }
}
