/** `amnesia setup`: makes this machine ready for clusters in containers, by the script that is packed beside it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

/** This file runs as TypeScript in development, and from `dist` when built. */
const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..';
const script = fileURLToPath(new URL(`${up}/docker/setup.sh`, import.meta.url));

export function register(program: Command): void {
  program
    .command('setup')
    .description('install what is missing for clusters in containers, and build the images')
    .action(async () => {
      process.exitCode = await new Promise<number>((resolve, reject) => {
        const child = spawn('bash', [script], { stdio: 'inherit' });
        child.on('error', reject);
        child.on('close', (code) => resolve(code ?? 255));
      });
    });
}
