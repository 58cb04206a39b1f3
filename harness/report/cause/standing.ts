/**
 * How a node stood at a moment, as far as the faults of a run tell: down, frozen, cut off, or hit in
 * some other way. Pure: windows of faults in, words out.
 */
import type { FaultWindow } from '../../../checkers/history/history.ts';

/** Faults after which the process of a node has to start again. */
const STOPPING: ReadonlySet<string> = new Set(['kill', 'power', 'disk-full', 'crash', 'oom']);
/** Faults that cut the packets between nodes. */
const CUTTING: ReadonlySet<string> = new Set(['partition', 'flapping']);

export function isStopping(fault: FaultWindow): boolean {
  return STOPPING.has(fault.kind);
}

export function isCutting(fault: FaultWindow): boolean {
  return CUTTING.has(fault.kind) || fault.grudge !== null;
}

export function covers(fault: FaultWindow, time: number): boolean {
  return time >= fault.start && time <= fault.end;
}

/** Peers whose packets do not reach `node`, or that its packets do not reach. */
export function cutFrom(fault: FaultWindow, node: number): number[] {
  const { grudge } = fault;
  if (grudge === null) return [];
  const peers = new Set(grudge[node] ?? []);
  grudge.forEach((dropped, other) => {
    if (dropped.includes(node)) peers.add(other);
  });
  peers.delete(node);
  return [...peers].sort((a, b) => a - b);
}

/** Whether a fault touched a node: by itself, or by a cut that has it on one side. */
export function isHit(fault: FaultWindow, node: number): boolean {
  if (fault.grudge !== null) return cutFrom(fault, node).length > 0;
  return fault.targets.includes(node);
}

/** What a fault did to its nodes, as the end of "while n1 ...". */
export function conditionOf(fault: FaultWindow, names: readonly string[]): string {
  const nodes = listed(fault.targets.map((node) => names[node] ?? '?'));
  const are = fault.targets.length === 1 ? 'was' : 'were';
  if (isStopping(fault)) return `${nodes} ${are} down`;
  if (fault.kind === 'pause') return `${nodes} ${are} frozen`;
  if (isCutting(fault)) return 'the network was cut';
  if (fault.kind === 'clock') return `the clock of ${nodes} was wrong`;
  return `${nodes} ${are} under ${fault.kind}`;
}

/** What ended or hindered a node, as the end of "before it ...". */
export function blowOf(fault: FaultWindow): string {
  switch (fault.kind) {
    case 'kill':
      return 'was killed';
    case 'power':
      return 'lost power';
    case 'pause':
      return 'was frozen';
    case 'partition':
    case 'flapping':
      return 'was cut off';
    default:
      return `was hit by ${fault.kind}`;
  }
}

/** `n1`, `n1 and n2`, `n1, n2 and n3`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
