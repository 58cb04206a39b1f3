/** Runs a program to its end, with a limit. Arguments are arguments; nothing is read by a shell. */
import { spawn } from 'node:child_process';
import type { ExecResult } from '../cluster.ts';
import { ClusterError } from '../errors.ts';

/** More is cut off: nobody reads that much. */
const outputCharsMax = 1_000_000;

/**
 * Rejects with ClusterError where the program cannot be started, or has not ended after `timeoutMs`; it is killed
 * then. `input` is its standard input.
 */
export function runProgram(
  argv: readonly string[],
  timeoutMs: number,
  input = '',
): Promise<ExecResult> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      const text = `${program} did not end within ${timeoutMs} ms`;
      reject(new ClusterError('program-failed', text));
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < outputCharsMax) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < outputCharsMax) stderr += text;
    });
    child.once('error', (cause) => {
      clearTimeout(timer);
      const text = `${program} cannot be run: ${cause.message}`;
      reject(new ClusterError('program-failed', text, { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 128), stdout, stderr });
    });
    // A program that does not read its input may have ended before it was written.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** The same for a program that must succeed. Rejects with ClusterError and its last words. */
export async function mustRun(
  argv: readonly string[],
  timeoutMs: number,
  input = '',
): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(argv, timeoutMs, input);
  if (exitCode === 0) return stdout;
  const printed = (stderr.trim() || stdout.trim()).split('\n').slice(-2).join(' ');
  throw new ClusterError('program-failed', `${argv.slice(0, 4).join(' ')} failed: ${printed}`);
}
