/**
 * Every way to break this node on purpose (ENGRAM_FAULTS), so that a tester can prove that it
 * notices. With none set, none of the code behind them runs. Each is logged at start and shown in
 * `/health`.
 */

export interface FaultSwitch {
  readonly breaks: string;
  /** The checkers of a tester that ought to notice. */
  readonly noticedBy: string;
}

export const faultSwitches = {
  'ack-before-log': {
    breaks: '201 a second before the record reaches the log file',
    noticedBy: 'lost-writes under kill',
  },
  'ack-before-fsync': {
    breaks: '201 after the write to the log, without fsync',
    noticedBy: 'lost-writes under power loss, not under kill',
  },
  'restart-forgets-log-tail': {
    breaks: 'recovery drops the last 50 records of the log',
    noticedBy: 'lost-writes under kill',
  },
  'replicas-in-memory-only': {
    breaks: 'replicas acknowledge without logging',
    noticedBy: 'lost-writes and convergence after two kills',
  },
  'torn-tail-fatal': {
    breaks: 'a torn tail of the log keeps the node from starting',
    noticedBy: 'availability, logs',
  },
  'first-write-wins': {
    breaks: 'replicas and recovery keep the first value of an id',
    noticedBy: 'causal, convergence',
  },
  'last-arrival-wins': {
    breaks: 'the value that arrives last wins, whatever its clock',
    noticedBy: 'convergence, causal',
  },
  'drop-siblings': {
    breaks: 'of concurrent writes all but one are silently discarded',
    noticedBy: 'lost-writes (contexts)',
  },
  'no-anti-entropy': {
    breaks: 'what could not be delivered at once is never exchanged',
    noticedBy: 'convergence',
  },
  'forget-tombstones': {
    breaks: 'deletes are neither taken over from peers nor recovered from the log',
    noticedBy: 'lost-writes (resurrected), convergence',
  },
  'no-causal-delivery': {
    breaks: 'replicas apply writes as they arrive, in whatever order',
    noticedBy: 'causal, session',
  },
  'ignore-context': {
    breaks: 'the context of a read is ignored',
    noticedBy: 'session (read-your-writes, monotonic reads)',
  },
  'apply-failed-write': {
    breaks: 'a write answered "applied": false is applied all the same',
    noticedBy: 'outcomes, lost-writes (resurrected)',
  },
  'duplicate-apply': {
    breaks: 'a write that a peer sends again is stored again, as a memory of its own',
    noticedBy: 'lost-writes (duplicated)',
  },
  'dedup-distinct-ids': {
    breaks: 'a write whose embedding resembles that of another memory is dropped with 201',
    noticedBy: 'lost-writes without partitions',
  },
  'promote-without-generation': {
    breaks: 'a promotion keeps the old generation',
    noticedBy: 'split-brain',
  },
  'stuck-breaker': {
    breaks: 'a breaker that opened never closes',
    noticedBy: 'availability after heal',
  },
  'reuse-dots': {
    breaks: 'a start from an older data folder goes on in the old life, and gives its dots again',
    noticedBy: 'lost-writes after a restored folder',
  },
  'void-too-early': {
    breaks: 'a lost write is given up as soon as the owners that can be reached agree',
    noticedBy: 'causal (writes follow reads), lost-writes after a cut',
  },
  'serve-while-joining': {
    breaks: 'a node serves, unmarked, before it has its data',
    noticedBy: 'honesty (staleness) at a join or with an emptied disk',
  },
  'mark-everything-stale': {
    breaks: 'every answer to a read is marked as stale',
    noticedBy: 'availability of unmarked answers',
  },
  'sigterm-skips-drain': {
    breaks: 'a stop ships nothing',
    noticedBy: 'lost-writes while the node is down',
  },
  'token-too-wide': {
    breaks: "a write's answer carries all that its coordinator knows",
    noticedBy: 'lost-writes (siblings that nobody was shown)',
  },
  'tombstone-hides': {
    breaks: 'a tombstone is shown before its siblings, and hides them',
    noticedBy: 'lost-writes (hidden)',
  },
  'no-penalty': {
    breaks: 'confidence ignores how much of the cluster is visible',
    noticedBy: 'confidence',
  },
  'no-refutation': {
    breaks: 'a suspected node never defends itself',
    noticedBy: 'membership',
  },
  'never-probe-dead': {
    breaks: 'dead members are never contacted again',
    noticedBy: 'membership, convergence',
  },
} as const satisfies Record<string, FaultSwitch>;

export type FaultName = keyof typeof faultSwitches;

export interface Faults {
  has(name: FaultName): boolean;
  /** Sorted. */
  readonly names: readonly FaultName[];
}

export function makeFaults(names: Iterable<FaultName>): Faults {
  const set = new Set(names);
  return { has: (name) => set.has(name), names: [...set].sort() };
}

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faultSwitches, name);
}
