/** Causes in words. Each sentence says a number, who, and when, and claims no more than was counted. */
import type { FaultWindow, History } from '../../../checkers/history/history.ts';
import { durationText, numberText } from '../figures.ts';
import type { Cause, CauseGroup } from './cause.ts';
import { blowOf, conditionOf, cutFrom, isStopping, listed } from './standing.ts';

type Facts = Omit<CauseGroup, 'sentence' | 'typical'>;

/** What became of the operations, by the pattern of a checker. */
const NOUNS: Readonly<Record<string, readonly [string, string]>> = {
  lost: ['lost write', 'lost writes'],
  resurrected: [
    'write that failed or was deleted, and is there',
    'writes that failed or were deleted, and are there',
  ],
  phantom: ['answer with a value that nobody wrote', 'answers with values that nobody wrote'],
  diverged: ['key on which nodes differ', 'keys on which nodes differ'],
  WriteCOInitRead: [
    'read of nothing, where a write was known (WriteCOInitRead)',
    'reads of nothing, where a write was known (WriteCOInitRead)',
  ],
  WriteCORead: [
    'read of a value that was known to be replaced (WriteCORead)',
    'reads of values that were known to be replaced (WriteCORead)',
  ],
  CyclicCF: [
    'pair of writes that was seen in both orders (CyclicCF)',
    'pairs of writes that were seen in both orders (CyclicCF)',
  ],
  'read-your-writes': [
    "read that misses its own client's write",
    "reads that miss their own client's write",
  ],
  'monotonic-reads': [
    'read that misses what its client had read before',
    'reads that miss what their client had read before',
  ],
  'writes-follow-reads': [
    'read that shows a write without what its writer had read',
    'reads that show a write without what its writer had read',
  ],
  'monotonic-writes': [
    "read that shows a client's later write without the earlier one",
    "reads that show a client's later write without the earlier one",
  ],
  duplicated: ['value that is there twice', 'values that are there twice'],
};

function nounOf(pattern: string, count: number): string {
  const known = NOUNS[pattern];
  if (known !== undefined) return known[count === 1 ? 0 : 1];
  return count === 1 ? `violation ${pattern}` : `violations ${pattern}`;
}

/** Patterns whose operations are counted one by one. */
const COUNTED = { lost: 1, resurrected: 1, phantom: 1, duplicated: 1 };

function verbOf(pattern: string, count: number): string {
  const be = count === 1 ? 'was' : 'were';
  if (pattern === 'lost' || pattern === 'duplicated') return `${be} acknowledged`;
  if (pattern === 'resurrected') return `${be} handled`;
  return `${count === 1 ? 'comes' : 'come'} from answers`;
}

function faultOf({ faults }: History, id: number | null): FaultWindow | null {
  return faults.find((fault) => fault.id === id) ?? null;
}

function titleOf(fault: FaultWindow): string {
  return `fault ${fault.id}, ${`${fault.kind} ${fault.variant}`.trim()}`;
}

/** Where a group stands, as the end of "were acknowledged by n3 ...". */
function whereOf(
  history: History,
  facts: Pick<Facts, 'relation' | 'fault' | 'server' | 'gap'>,
): string {
  const fault = faultOf(history, facts.fault);
  if (fault === null) return 'with no fault near';
  const title = titleOf(fault);
  const server = history.nodes.indexOf(facts.server ?? '');
  switch (facts.relation) {
    case 'before':
      return `${gapText(facts.gap)} before it ${blowOf(fault)} (${title})`;
    case 'under': {
      const peers = cutFrom(fault, server).map((node) => history.nodes[node]);
      const how =
        peers.length > 0 ? `it was cut off from ${listed(peers)}` : `it was under ${fault.kind}`;
      return `while ${how} (${title})`;
    }
    case 'beside':
      return `while ${conditionOf(fault, history.nodes)} (${title})`;
    case 'after':
      return isStopping(fault)
        ? `right after it had come back (${title})`
        : `within 3 s after ${fault.kind} had ended (${title})`;
    default:
      return 'with no fault near';
  }
}

function gapText(gap: readonly [number, number] | null): string {
  return gap === null ? 'shortly' : `up to ${durationText(Math.max(0, gap[1]))}`;
}

export function groupSentence(history: History, pattern: string, facts: Facts): string {
  const { count, of, server, seen } = facts;
  const who = server === null ? '' : ` by ${server}`;
  const where = whereOf(history, facts);
  const what = `${numberText(count)} ${nounOf(pattern, count)} ${verbOf(pattern, count)}${who} ${where}`;
  const share =
    of === null || of < count || pattern !== 'lost'
      ? ''
      : of === count
        ? `; that is every write that ${server ?? 'anybody'} acknowledged then`
        : `; ${numberText(of)} were acknowledged${who} then in all`;
  const read =
    pattern !== 'lost'
      ? ''
      : seen === 0
        ? '; nobody had read any of them'
        : `; ${seen === count ? 'all' : numberText(seen)} had been read before`;
  return `${what}${share}${read}.`;
}

/** Alike: the same relation to faults of the same kind. */
interface Alike {
  readonly groups: CauseGroup[];
  count: number;
}

const CLAUSES_MAX = 3;

/** The whole in a sentence: where most of them stand, with faults and nodes, then where the others do. */
export function causeSentence(
  history: History,
  { pattern, total, placed }: Pick<Cause, 'pattern' | 'total' | 'placed'>,
  groups: readonly CauseGroup[],
  acknowledged: number,
): string {
  const whole = pattern === 'lost' ? ` of ${numberText(acknowledged)} acknowledged` : '';
  const head = `${numberText(total)} ${nounOf(pattern, total)}${whole}`;
  const all = alikes(history, groups);
  if (all.length === 0) return `${head}.`;
  const clauses = all.slice(0, CLAUSES_MAX).map(({ groups: alike, count }, i) => {
    const servers = [...new Set(alike.flatMap(({ server }) => server ?? []))].sort();
    const by = servers.length === 0 ? '' : ` by ${listed(servers)}`;
    const number = count === total ? (total === 1 ? 'it' : 'all') : numberText(count);
    const verb = i === 0 ? `${verbOf(pattern, count)}${by} ` : '';
    return `${number} ${verb}${together(history, alike)}`;
  });
  const rest = all.slice(CLAUSES_MAX).reduce((sum, { count }) => sum + count, 0);
  if (rest > 0) clauses.push(`${numberText(rest)} elsewhere`);
  const known = placed < total ? ` (looked at: ${numberText(placed)})` : '';
  // One alone is best told by itself.
  const told = total === 1 && !(pattern in COUNTED) ? (groups[0]?.typical.steps[0] ?? '') : '';
  return `${head}${known}: ${clauses.join(', ')}.${told === '' ? '' : ` ${told}`}`;
}

function alikes(history: History, groups: readonly CauseGroup[]): Alike[] {
  const found = new Map<string, Alike>();
  for (const group of groups) {
    const name = `${group.relation} ${faultOf(history, group.fault)?.kind}`;
    const alike = found.get(name) ?? { groups: [], count: 0 };
    alike.groups.push(group);
    alike.count += group.count;
    found.set(name, alike);
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/** The place that several groups have in common. */
function together(history: History, alike: readonly CauseGroup[]): string {
  const [first] = alike;
  const ids = [...new Set(alike.flatMap(({ fault }) => fault ?? []))].sort((a, b) => a - b);
  if (alike.length === 1) return whereOf(history, first);
  const fault = faultOf(history, first.fault);
  if (fault === null) return 'with no fault near';
  const named =
    ids.length === 1 ? titleOf(fault) : `faults ${listed(ids.map(String))}, ${fault.kind}`;
  const gaps = alike.flatMap(({ gap }) => gap ?? []);
  switch (first.relation) {
    case 'before': {
      const gap = gapText([Math.min(...gaps), Math.max(...gaps)]);
      return `${gap} before the node that acknowledged ${blowOf(fault)} (${named})`;
    }
    case 'under':
      return `while that node was hit itself (${named})`;
    case 'beside':
      return ids.length === 1
        ? `while ${conditionOf(fault, history.nodes)} (${named})`
        : `while other nodes were hit (${named})`;
    case 'after':
      return isStopping(fault)
        ? `right after that node had come back (${named})`
        : `within 3 s after a fault had ended (${named})`;
    default:
      return 'with no fault near';
  }
}
