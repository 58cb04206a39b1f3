/**
 * Looks at the cluster, read with suspicion: what a body does not say in the documented form is not there.
 * No answer and no sense are the same: null.
 */
import type { FaultWindow, History } from './history.ts';

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** `/cluster/health` of one node. */
export interface HealthSample {
  readonly time: number;
  readonly node: number;
  readonly state: 'connected' | 'partitioned' | 'healing';
  /** Members that the node can reach, and knows; itself counts. */
  readonly reachable: number;
  readonly total: number;
}

/** `/cluster/nodes` of one node: what it thinks of each other one. */
export interface ViewSample {
  readonly time: number;
  readonly node: number;
  readonly members: readonly {
    /** Index into History.nodes, -1 for a stranger. */
    readonly node: number;
    readonly state: MemberState;
    readonly incarnation: number;
    /** When the state changed, ns since the run began, as far as that is known. */
    readonly changedAt: number;
  }[];
}

/** One row of `/cluster/spaces` of one node. */
export interface RouteSample {
  readonly time: number;
  readonly node: number;
  readonly space: string;
  readonly primary: string;
  readonly generation: number;
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fields).filter((each) => each !== null) : [];
}

const states: readonly string[] = ['alive', 'suspect', 'dead', 'left'];
const partitionStates: readonly string[] = ['connected', 'partitioned', 'healing'];

function isPath(path: string, wanted: string): boolean {
  return path === wanted || path.startsWith(`${wanted}?`);
}

export function healthSamples(history: History): HealthSample[] {
  const found: HealthSample[] = [];
  for (const { time, node, path, body } of history.samples) {
    if (!isPath(path, '/cluster/health')) continue;
    const partition = fields(fields(body)?.partition);
    const { state, reachable_nodes: reachable, total_nodes: total } = partition ?? {};
    if (typeof state !== 'string' || !partitionStates.includes(state)) continue;
    if (typeof reachable !== 'number' || typeof total !== 'number' || total < 1) continue;
    found.push({ time, node, state: state as HealthSample['state'], reachable, total });
  }
  return found;
}

export function viewSamples(history: History): ViewSample[] {
  const numbers = new Map(history.nodes.map((name, node) => [name, node]));
  const found: ViewSample[] = [];
  for (const { time, node, path, body } of history.samples) {
    if (!isPath(path, '/cluster/nodes') || fields(body) === null) continue;
    const members = list(fields(body)!.nodes).flatMap((each) => {
      const { id, state, incarnation, last_change_ms_ago: agoMs, local } = each;
      if (typeof id !== 'string' || typeof state !== 'string' || !states.includes(state)) return [];
      if (local === true) return [];
      return [
        {
          node: numbers.get(id) ?? -1,
          state: state as MemberState,
          incarnation: typeof incarnation === 'number' ? incarnation : 0,
          changedAt: typeof agoMs === 'number' ? time - agoMs * 1e6 : time,
        },
      ];
    });
    found.push({ time, node, members: members.filter((each) => each.node !== node) });
  }
  return found;
}

export function routeSamples(history: History): RouteSample[] {
  const found: RouteSample[] = [];
  for (const { time, node, path, body } of history.samples) {
    if (!isPath(path, '/cluster/spaces')) continue;
    for (const { space, primary, generation } of list(fields(body)?.spaces)) {
      if (typeof space !== 'string' || typeof primary !== 'string') continue;
      if (typeof generation !== 'number') continue;
      found.push({ time, node, space, primary, generation });
    }
  }
  return found;
}

/** When the last fault had ended, ns; 0 without faults, Infinity while one was not healed. */
export function lastHeal(faults: readonly FaultWindow[]): number {
  return faults.reduce((latest, fault) => Math.max(latest, fault.end), 0);
}

/** Is `time` within a fault or less than `marginNs` after one? */
export function nearFault(faults: readonly FaultWindow[], time: number, marginNs: number): boolean {
  return faults.some((fault) => time >= fault.start && time <= fault.end + marginNs);
}

/** "12.345 s" */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}
