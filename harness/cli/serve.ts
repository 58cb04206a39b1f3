/** `amnesia serve`: the inspector of all runs, in the browser. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { UsageError } from '../world/exit-codes.ts';
import { numberWithin, withResults } from './options/arguments.ts';

interface Flags {
  readonly results: string;
  readonly host: string;
  readonly port: string;
  readonly token?: string;
}

const tokenMin = 16;

export function register(program: Command): void {
  withResults(program.command('serve').description('look at all runs in the browser'))
    .option(
      '--host <address>',
      'address to listen on; other than loopback only with a token',
      '127.0.0.1',
    )
    .option('--port <n>', 'port; 0 takes one that is free', '7777')
    .option('--token <text>', `asked of everybody; at least ${tokenMin} characters, or "random"`)
    .action(async (flags: Flags) => {
      const { startInspector } = await import('../inspector/server.ts');
      const { isLoopback } = await import('../inspector/guard.ts');
      const token = tokenOf(flags.token);
      if (token === null && !isLoopback(flags.host)) {
        throw new UsageError(
          `--host ${flags.host} can be reached by others: give --token random, or a token of your own`,
        );
      }
      const port = numberWithin('--port', flags.port, 0, 65_535);
      const inspector = await startInspector({ ...flags, port, token }).catch((error: unknown) => {
        throw portError(error, port);
      });
      process.stdout.write(`${inspector.address}\n`);
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
      await inspector.close();
    });
}

function tokenOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text === 'random') return randomBytes(24).toString('base64url');
  if (text.length >= tokenMin) return text;
  throw new UsageError(
    `--token has ${text.length} characters; accepted are ${tokenMin} or more, or "random"`,
  );
}

function portError(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'EADDRINUSE') {
    return new UsageError(`port ${port} is taken: give another --port, or 0 for one that is free`);
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new UsageError(
      `this address cannot be listened on (${code}): give another --host or --port`,
    );
  }
  return error;
}
