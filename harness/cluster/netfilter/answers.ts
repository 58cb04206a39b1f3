/** What the program beside a node has seen, out of the lines that it wrote. Pure. */
import type { NodeHandle } from '../cluster.ts';
import type { Probe } from '../powers.ts';
import { chain } from './script.ts';

/**
 * `namespace`: where the node's process lives, null where that is unknown. A peer with two addresses counts as
 * connected where either connects, since a cut has to close both.
 */
export function readProbe(
  lines: readonly string[],
  peers: readonly NodeHandle[],
  namespace: string | null,
): Probe {
  const connected = new Set<string>();
  const packets = new Map<string, number>();
  let chained = false;
  let here = '';
  for (const line of lines) {
    // A refusal came from there: packets got to the peer and back.
    const refused = /\/dev\/tcp\/([^/]+)\/\d+: Connection refused$/.exec(line);
    const rule = new RegExp(`^-A ${chain} -s ([^ /]+)(?:/\\d+)? .*-c (\\d+) \\d+`).exec(line);
    if (line.startsWith('open ')) connected.add(line.slice('open '.length));
    else if (refused) connected.add(refused[1] ?? '');
    else if (rule) packets.set(rule[1] ?? '', Number(rule[2]));
    else if (line.startsWith('namespace ')) here = line.slice('namespace '.length);
    chained ||= line.startsWith(`-N ${chain}`) || rule !== null;
  }
  const open: Record<string, boolean> = {};
  const dropped: Record<string, number> = {};
  for (const { address, address6 } of peers) {
    const both = address6 === undefined ? [address] : [address, address6];
    open[address] = both.some((each) => connected.has(each));
    const counts = both.flatMap((each) => packets.get(each) ?? []);
    // One rule of two is no cut: it is not counted, so that the proof says that a rule is missing.
    if (counts.length === both.length) dropped[address] = Math.min(...counts);
  }
  return { open, dropped, chained, astray: namespace !== null && namespace !== here };
}
