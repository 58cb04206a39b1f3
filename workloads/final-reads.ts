/** One round of final reads, as every workload asks for it. */
import { limit, phases, untilOk } from '../harness/generator/combinators.ts';
import type { Generator } from '../harness/generator/generator.ts';
import type { Invocation } from '../harness/generator/operation.ts';
import { repeat, sequence } from '../harness/generator/sources.ts';
import { any } from '../harness/generator/threads.ts';
import { stagger } from '../harness/generator/timing.ts';
import { makeRng } from '../harness/world/rng.ts';

/** A node that does not answer is asked for the first key so often, about so long apart. */
const attemptsMax = 3;
const attemptNs = 0.3e9;

/**
 * Every key through every node, by the operation `f`. Each node is asked for the first key until it answers:
 * a node that is just coming back would else be missed for the whole round.
 */
export function readThroughAll(
  f: string,
  keys: readonly string[],
  nodes: readonly string[],
): Generator {
  const read = (key: string, node: string): Invocation => ({
    f,
    key,
    value: null,
    final: true,
    node,
  });
  const firsts = keys.slice(0, 1).flatMap((key) =>
    nodes.map((node) => {
      const asking = stagger(makeRng(0).split(node), attemptNs, repeat(read(key, node)));
      return untilOk(limit(attemptsMax, asking));
    }),
  );
  const others = keys.slice(1).flatMap((key) => nodes.map((node) => read(key, node)));
  return phases(any(...firsts), sequence(others));
}
