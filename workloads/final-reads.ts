/** One round of final reads, as every workload asks for it. */
import type { Generator } from '../harness/generator/generator.ts';
import { sequence } from '../harness/generator/sources.ts';

/** Every key through every node, by the operation `f`. */
export function readThroughAll(
  f: string,
  keys: readonly string[],
  nodes: readonly string[],
): Generator {
  return sequence(
    keys.flatMap((key) => nodes.map((node) => ({ f, key, value: null, final: true, node }))),
  );
}
