/**
 * What counts as proof of a partition. Pure.
 *
 * Every running node tries to connect to every other one. Where a grudge stands in either direction no
 * connection may come about (TCP needs both); everywhere else it must. Which direction is cut shows in the
 * rules: each node has one for exactly the peers of its grudge, and each has dropped packets.
 */
import type { NodeHandle } from '../harness/cluster/cluster.ts';
import type { Probe } from '../harness/cluster/powers.ts';
import type { Grudge } from '../harness/generator/fault-plan.ts';
import type { Proof, ProofOfAbsence } from './fault.ts';
import { passes } from './grudges.ts';
import { line, type Trial } from './proof.ts';

export interface Seen {
  readonly evidence: readonly string[];
  /** Everything was tried, and everything was as it should be. */
  readonly whole: boolean;
  /** Ordered pairs that are cut and could not connect. */
  readonly cut: number;
  /** Some node has a rule of ours. */
  readonly isRuled: boolean;
  /** All that is missing is what a busy machine may have been too late for. */
  readonly unsure: boolean;
}

interface PairTrial extends Trial {
  /** A connection that failed. */
  readonly blocked?: boolean;
  /** Would another try be worth while? */
  readonly unsure: boolean;
}

const wrong = (text: string): PairTrial => ({ good: false, unsure: false, text });

function connections(
  nodes: readonly NodeHandle[],
  probes: readonly (Probe | null)[],
  grudge: Grudge,
): readonly PairTrial[] {
  return nodes.flatMap((from, i) =>
    nodes
      .filter((to) => to !== from && probes[i] !== null)
      .map((to) => {
        const free = passes(grudge, from.name, to.name) && passes(grudge, to.name, from.name);
        const open = probes[i]?.open[to.address] === true;
        const text = `${from.name} -> ${to.name}: ${open ? 'open' : 'blocked'}`;
        return { good: open === free, unsure: free && !open, blocked: !open, text };
      }),
  );
}

function rules(
  nodes: readonly NodeHandle[],
  probes: readonly (Probe | null)[],
  grudge: Grudge,
): readonly PairTrial[] {
  return nodes.flatMap((node, i) => {
    const seen = probes[i];
    if (!seen) return [wrong(`${node.name}: does not run and could not be asked`)];
    const wanted = grudge[node.name] ?? [];
    const trials = nodes
      .filter((peer) => peer.address in seen.dropped || wanted.includes(peer.name))
      .map((peer) => {
        const packets = seen.dropped[peer.address];
        const good = wanted.includes(peer.name) && packets !== undefined && packets > 0;
        const what = packets === undefined ? 'no rule against' : `dropped ${packets} packets of`;
        const unsure = wanted.includes(peer.name) && packets === 0;
        return { good, unsure, text: `${node.name}: ${what} ${peer.name}` };
      });
    if (seen.astray) trials.push(wrong(`${node.name}: lives in another network namespace`));
    const chainLeft = seen.chained && wanted.length === 0;
    return chainLeft ? [...trials, wrong(`${node.name}: has our chain`)] : trials;
  });
}

/** `probes` in the order of `nodes`; null for a node that does not run. */
export function judge(
  nodes: readonly NodeHandle[],
  probes: readonly (Probe | null)[],
  grudge: Grudge,
): Seen {
  const tried = connections(nodes, probes, grudge);
  const all = [...tried, ...rules(nodes, probes, grudge)];
  const bad = all.filter((trial) => !trial.good);
  const blocked = tried.filter((trial) => trial.good && trial.blocked);
  return {
    evidence: all.map(line),
    whole: all.length > 0 && bad.length === 0,
    cut: blocked.length,
    isRuled: probes.some((probe) => probe?.chained === true),
    unsure: bad.length > 0 && bad.every((trial) => trial.unsure),
  };
}

export function proofOfCut({ whole, cut, evidence }: Seen): Proof {
  if (cut === 0) return { effective: 'none', evidence };
  return { effective: whole ? 'effective' : 'partial', evidence };
}

export function proofOfHeal({ whole, evidence }: Seen): ProofOfAbsence {
  return { proved: whole, evidence };
}
