/**
 * Bad links: packets of the targets, in both directions and to clients too, are lost, late, repeated,
 * overtaken, or queue up. Streams (HTTP, calls between nodes) feel it as waiting, datagrams as it is. Proved by
 * numbered packets from each target to a neighbour and back.
 */
import type { Cluster } from '../harness/cluster/cluster.ts';
import type { LinkFault, LinkMeasure, LinkPowers } from '../harness/cluster/powers.ts';
import type { FaultPlan } from '../harness/generator/fault-plan.ts';
import type { Rng } from '../harness/world/rng.ts';
import type { Fault } from './fault.ts';
import { planTargets, shares } from './plan-targets.ts';
import { proofActive, proofGone, type Trial } from './proof.ts';

interface LinkFaultKind {
  /** More than what every network under our hands can do. */
  readonly need?: 'corruption';
  readonly kind: string;
  readonly describe: string;
  /** Drawn when the fault is planned. */
  parameters(rng: Rng): Readonly<Record<string, number>>;
  effect(parameters: Readonly<Record<string, number>>): LinkFault;
  /** Does it show in what became of the packets? */
  shows(measure: LinkMeasure, parameters: Readonly<Record<string, number>>): boolean;
}

const packets = 100;
/** Where a fault hits few of them there are more: of so many none is hit in one of a million proofs. */
const hitsExpected = 14;
/** Size of one of them. */
const probeBytes = 1000;

/** Between `least` and `most` percent, as a share. */
const share = (rng: Rng, least: number, most: number): number =>
  (least + rng.int(most - least + 1)) / 100;

const kinds: readonly LinkFaultKind[] = [
  {
    kind: 'loss',
    describe: 'a share of the packets of a node is lost',
    parameters: (rng) => ({ share: share(rng, 5, 35) }),
    effect: ({ share: loss }) => ({ loss }),
    shows: ({ sent, arrived }) => arrived < sent,
  },
  {
    kind: 'delay',
    describe: 'the packets of a node take longer',
    parameters: (rng) => ({ delayMs: 20 + rng.int(281) }),
    effect: ({ delayMs }) => ({ delayMs: [0.5 * delayMs!, 1.5 * delayMs!] }),
    shows: ({ meanMs }, { delayMs }) => meanMs > 0.8 * delayMs!,
  },
  {
    kind: 'duplicate',
    describe: 'a share of the datagrams of a node arrives twice',
    parameters: (rng) => ({ share: share(rng, 10, 50) }),
    effect: ({ share: duplication }) => ({ duplication }),
    shows: ({ repeated }) => repeated > 0,
  },
  {
    kind: 'reorder',
    describe: 'a share of the packets of a node is held back, so that later ones overtake them',
    parameters: (rng) => ({ share: share(rng, 10, 40), reorderMs: 50 + rng.int(101) }),
    effect: ({ share: reordering, reorderMs }) => ({ reordering, reorderMs }),
    shows: ({ overtaken }) => overtaken > 0,
  },
  {
    kind: 'bandwidth',
    describe: 'the link of a node takes little at a time, so that packets queue up before it',
    parameters: (rng) => ({ bytesPerMs: 100 + rng.int(201) }),
    effect: ({ bytesPerMs }) => ({ bytesPerMs }),
    // Sent at full speed, the last one waits for all before it, or is dropped where too many wait.
    shows: ({ sent, arrived, meanMs }, { bytesPerMs }) =>
      arrived < sent || meanMs > 0.25 * ((packets * probeBytes) / bytesPerMs!),
  },
  {
    kind: 'corrupt',
    describe:
      'a share of the packets of a node has a changed payload under a checksum that is right',
    need: 'corruption',
    parameters: (rng) => ({ share: share(rng, 2, 20) }),
    effect: ({ share: corruption }) => ({ corruption }),
    shows: ({ changed }) => changed > 0,
  },
];

const linksOf = ({ links }: Cluster): LinkPowers => {
  if (!links) throw new Error('this cluster has no links under our hands');
  return links;
};

/** A plan's parameters; all of ours are numbers. */
const numbersOf = (plan: FaultPlan): Readonly<Record<string, number>> =>
  (plan.parameters ?? {}) as Readonly<Record<string, number>>;

function sentence(from: string, to: string, measure: LinkMeasure): string {
  const { sent, arrived, repeated, overtaken, changed, meanMs } = measure;
  const after = Number.isNaN(meanMs) ? '' : ` after ${meanMs.toFixed(1)} ms`;
  const how = `${repeated} twice, ${overtaken} overtaken, ${changed} changed`;
  return `${from} -> ${to}: ${arrived} of ${sent}${after}, ${how}`;
}

async function trial(
  cluster: Cluster,
  kind: LinkFaultKind,
  plan: FaultPlan,
  [from, to]: readonly [string, string],
  present: boolean,
): Promise<Trial> {
  const numbers = numbersOf(plan);
  const count = Math.max(packets, Math.ceil(hitsExpected / (numbers.share ?? 1)));
  const measure = await linksOf(cluster).measure(from, to, count);
  const good = kind.shows(measure, numbers) === present;
  return { good, text: sentence(from, to, measure) };
}

function makeFault(link: LinkFaultKind): Fault {
  const { kind, describe } = link;
  const trials = (cluster: Cluster, plan: FaultPlan, present: boolean): Promise<Trial[]> => {
    const names = cluster.nodes.map((node) => node.name);
    const pairs = plan.targets.flatMap((target) => {
      const neighbour = names[(names.indexOf(target) + 1) % names.length];
      return [[target, neighbour] as const, [neighbour, target] as const];
    });
    return Promise.all(pairs.map((pair) => trial(cluster, link, plan, pair, present)));
  };
  return {
    kind,
    variants: Object.keys(shares),
    describe,
    needs: link.need ? ['link', link.need] : ['link'],
    plan: (context, variant, id) => ({
      ...planTargets(kind, context, variant, id),
      parameters: link.parameters(context.rng),
    }),
    apply: async (cluster, plan) => {
      const effect = link.effect(numbersOf(plan));
      await Promise.all(plan.targets.map((node) => linksOf(cluster).setLink(node, effect)));
    },
    proveActive: async (cluster, plan) => proofActive(await trials(cluster, plan, true)),
    proveGone: async (cluster, plan) => proofGone(await trials(cluster, plan, false)),
    heal: async (cluster, plan) => {
      await Promise.all(plan.targets.map((node) => linksOf(cluster).setLink(node, null)));
    },
  };
}

export const linkFaults: readonly Fault[] = kinds.map(makeFault);
