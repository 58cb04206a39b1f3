/** For container tests: programs in the container that owns a node's network namespace. */
import type { ExecResult } from '../../cluster.ts';
import { execIn } from '../containers.ts';
import { openEngine } from '../engine.ts';

const timeoutMs = 15_000;

export function runBeside(
  runId: string,
  node: string,
  argv: readonly string[],
): Promise<ExecResult> {
  const engine = openEngine();
  return execIn(engine, engine.getContainer(`amnesia-${runId}-${node}-net`), argv, timeoutMs);
}
