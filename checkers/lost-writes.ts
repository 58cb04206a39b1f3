/**
 * No acknowledged write is lost. The terms are those of Jepsen's set-full; ours besides: `resurrected` (a write
 * that definitely failed and is seen), `phantom` (seen, never attempted), `flickering` (present,
 * absent, present again). Work is O(changes between reads), not reads times elements.
 *
 * Sets: an acknowledged element that no final read has is lost. Registers of servers with versions: an
 * acknowledged write is accounted for when a final read shows it or has it among the siblings, or when a
 * write that took effect carried a context that covers it, so that its client had seen it. Registers
 * without versions: lost if every final read of its key shows a value that its writer already knew about,
 * or the initial one (causal mode); in real-time mode also if the surviving write was acknowledged before
 * the lost one was begun.
 */
import type { Budget, Checker, CheckOptions } from './checker.ts';
import { Clocks, layOut, Role } from './clocks.ts';
import { Groups } from './grouping.ts';
import { type History, isWrite, Kind, Status } from './history.ts';
import {
  contentsAt,
  finalReads,
  isWhole,
  newestPerNode,
  type Sightings,
  sight,
} from './sightings.ts';
import type { Anomaly, Verdict } from './verdict.ts';
import { describe, indices, keyName, lanes, steps } from './witness.ts';

interface Finding {
  readonly pattern: 'lost' | 'resurrected' | 'phantom' | 'duplicated';
  /** Rows that prove it: the write, and reads. */
  readonly rows: readonly number[];
  readonly id: number;
}

class LostWrites {
  readonly #h: History;
  readonly #options: CheckOptions;
  readonly #findings: Finding[] = [];
  readonly #finals: ReadonlyMap<number, readonly number[]>;
  readonly #sightings: Sightings;
  /** Value ids that some final read has, by key. */
  readonly #surviving = new Map<number, Set<number>>();
  /** Keys with acknowledged writes and without a final read. */
  readonly unread = new Set<number>();
  readonly counts = {
    attempt: 0,
    acknowledged: 0,
    stable: 0,
    stale: 0,
    neverRead: 0,
    recovered: 0,
    superseded: 0,
    flickering: 0,
  };
  readonly stableLatenciesNs: number[] = [];

  constructor(history: History, options: CheckOptions, budget: Budget) {
    this.#h = history;
    this.#options = options;
    this.#sightings = sight(history, budget);
    const finals = finalReads(history);
    this.#finals = new Map([...finals].map(([key, rows]) => [key, newestPerNode(history, rows)]));
    this.#collectSurvivors();
  }

  #collectSurvivors(): void {
    const { kind, value, siblings } = this.#h;
    const whole = new Set<number>();
    for (const [key, rows] of this.#finals) {
      const ids = new Set<number>();
      for (const row of rows) {
        if (isWhole(kind[row]!)) whole.add(row);
        else ids.add(value[row]!);
        if (siblings) {
          for (let i = siblings.off[row]!; i < siblings.off[row + 1]!; i++) {
            ids.add(siblings.data[i]!);
          }
        }
      }
      this.#surviving.set(key, ids);
    }
    for (const [row, elements] of contentsAt(this.#h, whole)) {
      const ids = this.#surviving.get(this.#h.key[row]!)!;
      for (const id of elements) ids.add(id);
    }
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  run(): void {
    const { n, kind } = this.#h;
    const deleted = this.#deletedKeys();
    for (let row = 0; row < n; row++) {
      if (!isWrite(kind[row]!)) continue;
      this.counts.attempt++;
      this.#judge(row, deleted);
    }
    this.#phantoms();
  }

  /** Keys on which something was deleted: there absence proves nothing. */
  #deletedKeys(): ReadonlySet<number> {
    const keys = new Set<number>();
    for (let row = 0; row < this.#h.n; row++) {
      if (this.#h.kind[row] === Kind.Delete) keys.add(this.#h.key[row]!);
    }
    return keys;
  }

  #judge(row: number, deleted: ReadonlySet<number>): void {
    const { status, key, value, kind } = this.#h;
    const id = value[row]!;
    const k = key[row]!;
    const survives = this.#surviving.get(k)?.has(id) ?? false;
    const seen = survives || this.#wasSeen(id);
    if (status[row] === Status.Fail) {
      if (seen) this.#findings.push({ pattern: 'resurrected', rows: [row, this.#seenBy(id)], id });
      return;
    }
    if (status[row] === Status.Info) {
      if (survives) this.counts.recovered++;
      return;
    }
    this.counts.acknowledged++;
    if (!seen) this.counts.neverRead++;
    const finals = this.#finals.get(k);
    if (!finals) {
      this.unread.add(k);
      return;
    }
    if (survives) {
      this.#stable(row, id);
      return;
    }
    if (deleted.has(k)) return;
    if (kind[row] === Kind.Add || kind[row] === Kind.Append) {
      this.#findings.push({ pattern: 'lost', rows: [row, finals[0]!], id });
    } else {
      this.#judgeRegister(row, id, finals);
    }
  }

  #stable(row: number, id: number): void {
    this.counts.stable++;
    const { disappeared, flickering, lastAbsent } = this.#sightings;
    if (flickering[id]) this.counts.flickering++;
    const known = this.#h.complete[row]!;
    const absent = disappeared[id] ? lastAbsent[id]! : -1;
    if (absent >= 0 && this.#h.invoke[absent]! > known) {
      this.counts.stale++;
      this.stableLatenciesNs.push(this.#h.invoke[absent]! - known);
    } else {
      this.stableLatenciesNs.push(0);
    }
  }

  #judgeRegister(row: number, id: number, finals: readonly number[]): void {
    const { versions } = this.#h;
    if (versions && versions.dotActor[row]! >= 0) {
      if (this.#superseded(row)) this.counts.superseded++;
      else this.#findings.push({ pattern: 'lost', rows: [row, finals[0]!], id });
      return;
    }
    this.#candidates.push(row);
  }

  /** Registers without versions, to be judged with causal clocks. */
  readonly #candidates: number[] = [];
  get candidates(): readonly number[] {
    return this.#candidates;
  }

  finalsOf(key: number): readonly number[] {
    return this.#finals.get(key) ?? [];
  }

  lost(row: number): void {
    const finals = this.finalsOf(this.#h.key[row]!);
    this.#findings.push({
      pattern: 'lost',
      rows: [row, ...finals.slice(0, 1)],
      id: this.#h.value[row]!,
    });
  }

  /** Did a later write to the key, that took effect, carry a context that covers this one? */
  #superseded(row: number): boolean {
    const { versions, key } = this.#h;
    const { actors, dotActor, dotCounter, context, contexts } = versions!;
    const actor = dotActor[row]!;
    const counter = dotCounter[row]!;
    for (const other of this.#writesOf(key[row]!)) {
      if (other === row || context[other]! < 0 || !this.#tookEffect(other)) continue;
      if (contexts[context[other]! * actors.length + actor]! >= counter) return true;
    }
    return false;
  }

  #tookEffect(row: number): boolean {
    const { status, value } = this.#h;
    if (status[row] === Status.Ok) return true;
    return status[row] === Status.Info && this.#wasSeen(value[row]!);
  }

  #byKey: Map<number, number[]> | null = null;
  #writesOf(k: number): readonly number[] {
    if (!this.#byKey) {
      this.#byKey = new Map();
      for (let row = 0; row < this.#h.n; row++) {
        if (!isWrite(this.#h.kind[row]!)) continue;
        const list = this.#byKey.get(this.#h.key[row]!);
        if (list) list.push(row);
        else this.#byKey.set(this.#h.key[row]!, [row]);
      }
    }
    return this.#byKey.get(k) ?? [];
  }

  #seenRows: Int32Array | null = null;
  /** By value id: a row that read it, or -1. */
  #seenBy(id: number): number {
    if (!this.#seenRows) {
      const rows = this.#sightings.firstSeen.slice();
      const { n, kind, status, value, siblings } = this.#h;
      for (let row = n - 1; row >= 0; row--) {
        if (kind[row] !== Kind.Read || status[row] !== Status.Ok) continue;
        rows[value[row]!] = row;
        if (!siblings) continue;
        for (let i = siblings.off[row]!; i < siblings.off[row + 1]!; i++) {
          rows[siblings.data[i]!] = row;
        }
      }
      this.#seenRows = rows;
    }
    return this.#seenRows[id]!;
  }

  #wasSeen(id: number): boolean {
    return this.#seenBy(id) >= 0;
  }

  #phantoms(): void {
    const { writes, values, duplicates } = this.#h;
    for (let id = writes + 1; id <= values; id++) {
      const row = this.#seenBy(id);
      if (row >= 0) this.#findings.push({ pattern: 'phantom', rows: [row], id });
    }
    for (let i = 0; duplicates && i < duplicates.length; i += 2) {
      const id = duplicates[i + 1]!;
      const write = id <= writes ? [this.#h.writeOp[id]!] : [];
      this.#findings.push({ pattern: 'duplicated', rows: [...write, duplicates[i]!], id });
    }
  }

  get realTime(): boolean {
    return this.#options.realTime;
  }
}

/** A register write is lost if what survives was already known to its writer. */
function judgeCausally(history: History, lostWrites: LostWrites): void {
  const { candidates } = lostWrites;
  if (candidates.length === 0) return;
  const layout = layOut(history);
  const clocks = new Clocks(history, layout);
  for (let row = 0; row < history.n; row++) {
    const id = history.value[row]!;
    if (layout.role[row] === Role.Write) {
      clocks.write(row, id, history.status[row] === Status.Info);
    } else if (layout.role[row] === Role.Read && id > 0 && id <= history.writes) {
      const source = history.writeOp[id]!;
      if (source < row && history.status[source] !== Status.Fail) {
        clocks.read(history.session[row]!, id);
      }
    }
  }
  for (const row of candidates) {
    const id = history.value[row]!;
    const survivors = lostWrites.finalsOf(history.key[row]!).map((read) => history.value[read]!);
    const replaced = survivors.every((survivor) => {
      if (survivor === 0) return false;
      if (survivor > history.writes) return true;
      if (clocks.before(survivor, id)) return false;
      const write = history.writeOp[survivor]!;
      const earlier =
        history.status[write] === Status.Ok && history.complete[write]! < history.invoke[row]!;
      return !(lostWrites.realTime && earlier);
    });
    if (!replaced) lostWrites.lost(row);
  }
}

const patternSentence: Readonly<Record<Finding['pattern'], string>> = {
  lost: 'was acknowledged and is in no final read',
  resurrected: 'had definitely failed and was seen',
  phantom: 'was read and never written',
  duplicated: 'is there more than once',
};

function anomaly(history: History, finding: Finding, count: number): Anomaly {
  const rows = [...finding.rows].sort((left, right) => left - right);
  const key = keyName(history, rows[0]!);
  return {
    pattern: finding.pattern,
    violates: ['no-lost-writes'],
    key,
    ops: indices(history, rows),
    summary: `${history.valueText(finding.id)} in ${key} ${patternSentence[finding.pattern]}: ${describe(history, rows[0]!)}`,
    steps: steps(history, rows),
    lanes: lanes(history, rows),
    count,
    // The write and one read that contradicts it: there is nothing to leave out.
    confirmed: true,
    minimal: true,
  };
}

function quantileMs(sortedNs: readonly number[], share: number): number | null {
  if (sortedNs.length === 0) return null;
  return sortedNs[Math.min(sortedNs.length - 1, Math.floor(share * sortedNs.length))]! / 1e6;
}

function check(history: History, options: CheckOptions, budget: Budget): Verdict {
  const state = new LostWrites(history, options, budget);
  state.run();
  judgeCausally(history, state);
  const groups = new Groups<Finding>();
  for (const finding of state.findings) {
    groups.add(finding.pattern, String(finding.id), finding);
  }
  const counts = groups.counts();
  const violated = groups.size > 0;
  const latencies = [...state.stableLatenciesNs].sort((left, right) => left - right);
  const unknown = !violated && state.unread.size > 0;
  const { attempt, acknowledged, stable, stale, neverRead, recovered, superseded } = state.counts;
  const lost = counts.lost ?? 0;
  return {
    checker: 'lost-writes',
    version: lostWrites.version,
    valid: violated ? false : unknown ? 'unknown' : true,
    ...(unknown ? { reason: 'no-final-read' as const } : {}),
    message: violated
      ? `${Object.entries(counts)
          .map(([pattern, count]) => `${count} ${pattern}`)
          .join(', ')} of ${acknowledged} acknowledged writes`
      : unknown
        ? `${state.unread.size} keys were written and never read finally`
        : `all ${acknowledged} acknowledged writes are accounted for`,
    figures: {
      'attempt-count': attempt,
      'acknowledged-count': acknowledged,
      'stable-count': stable,
      'superseded-count': superseded,
      'lost-count': lost,
      'stale-count': stale,
      'never-read-count': neverRead,
      'recovered-count': recovered,
      'resurrected-count': counts.resurrected ?? 0,
      'phantom-count': counts.phantom ?? 0,
      'duplicated-count': counts.duplicated ?? 0,
      'flickering-count': state.counts.flickering,
      'stable-latency-p99-ms': quantileMs(latencies, 0.99),
      'worst-stale-ms': quantileMs(latencies, 1),
    },
    anomalies: groups.show(options.maxAnomalies, (finding, count) =>
      anomaly(history, finding, count),
    ),
    counts,
  };
}

export const lostWrites: Checker = {
  name: 'lost-writes',
  version: '1',
  decides:
    'No acknowledged write is lost; none appears that failed (resurrected) or was never attempted (phantom); none ' +
    'is there twice (duplicated). Needs final reads.',
  source: 'set-full of Jepsen; causal mode for registers from the definition of causal memory',
  examples: {
    passes: 'A add s 1; B add s 2; A readall s {1 2} final',
    fails: 'A add s 1; B add s 2; A readall s {2} final',
  },
  check,
};
