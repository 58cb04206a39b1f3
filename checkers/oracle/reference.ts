/**
 * The models decided by brute force, straight from their definitions, for histories of a few operations. It
 * shares nothing with the checkers but the history, and is what they are compared with.
 *
 * Effective operations: acknowledged ones and indeterminate writes that somebody read. Session order leads into an
 * indeterminate write and not out of it. CO is the closure of session order and reads-from.
 *
 * Bouajjani, Enea, Guerraoui, Hamza (POPL 2017) for CC, CCv and CM; Lipton and Sandberg (1988) for PRAM;
 * Lamport (1979) for SC; Herlihy and Wing (1990) for linearizability; the session guarantees as the
 * smallest evidence of Terry et al. (1994) that a history can show.
 */
import { Flag, type History, isWrite, Kind, Status } from '../history/history.ts';

interface Op {
  readonly row: number;
  readonly session: number;
  readonly key: number;
  readonly write: boolean;
  readonly whole: boolean;
  readonly info: boolean;
  /** Writes: their value. Register reads: what was read, 0 = initial. */
  readonly value: number;
  /** Reads of a whole: the elements. */
  readonly elements: ReadonlySet<number>;
  readonly invoke: number;
  readonly complete: number;
}

export interface Decision {
  /** A value that nobody wrote, or whose write failed, was read. */
  readonly sourceless: boolean;
  /** A read had completed before its source was invoked. */
  readonly future: boolean;
  readonly cyclic: boolean;
  readonly CC: boolean;
  readonly CCv: boolean;
  readonly CM: boolean;
  readonly PRAM: boolean;
  readonly SC: boolean;
  readonly LIN: boolean;
  readonly RYW: boolean;
  readonly MR: boolean;
  readonly MW: boolean;
  readonly WFR: boolean;
}

export function decide(history: History): Decision {
  const { ops, sourceless } = effective(history);
  const causal = decideCausal(history);
  const before = causality(ops);
  const so = ops.map((_, i) => ops.map((__, j) => sessionOrder(ops, i, j)));
  return {
    ...causal,
    CM: !sourceless && !causal.cyclic && ops.every((_, i) => cmAt(ops, before, i)),
    PRAM: !sourceless && sessionsOf(ops).every((s) => pramOf(ops, so, s)),
    SC: !sourceless && explains(ops, so, new Set(ops.filter((op) => !op.write))),
    LIN: !sourceless && linearizable(ops),
  };
}

/** What Engram promises to sessions; the rest takes much longer. */
export function decideCausal(history: History): Omit<Decision, 'CM' | 'PRAM' | 'SC' | 'LIN'> {
  const { ops, sourceless } = effective(history);
  const before = causality(ops);
  const cyclic = ops.some((_, i) => before[i][i]);
  const sound = !sourceless && !cyclic;
  const so = ops.map((_, i) => ops.map((__, j) => sessionOrder(ops, i, j)));
  const future = ops.some((op) => {
    return sourcesOf(ops, op).some((source) => op.complete < source.invoke);
  });
  return {
    sourceless,
    future,
    cyclic,
    CC: sound && ops.every((_, i) => ccAt(ops, before, i)),
    CCv: sound && convergent(ops, before),
    ...guarantees(ops, so),
  };
}

/** The same as `decide(history).LIN`, alone: the rest takes much longer. */
export function isLinearizable(history: History): boolean {
  const { ops, sourceless } = effective(history);
  return !sourceless && linearizable(ops);
}

const sessionsOf = (ops: readonly Op[]): number[] => [...new Set(ops.map((op) => op.session))];

/** What took part, without reads of values that cannot have been read. */
function effective(history: History): { ops: Op[]; sourceless: boolean } {
  const { writes, writeOp, status } = history;
  const contents = new Map<string, Set<number>>();
  const all: Op[] = [];
  let sourceless = false;
  const real = (id: number): boolean => id <= writes && status[writeOp[id]] !== Status.Fail;
  for (let row = 0; row < history.n; row++) {
    const kind = history.kind[row];
    const write = isWrite(kind);
    const whole = kind === Kind.ReadAll || kind === Kind.ReadList;
    let elements: ReadonlySet<number> = new Set();
    if (whole && status[row] === Status.Ok) {
      const name = `${history.session[row]} ${history.key[row]}`;
      const now = new Set(contents.get(name));
      for (let i = history.delta!.off[row]; i < history.delta!.off[row + 1]; i++) {
        const change = history.delta!.data[i];
        if (change > 0) now.add(change);
        else now.delete(-change);
      }
      contents.set(name, now);
      if ((history.flags[row] & Flag.Stale) === 0) {
        if ([...now].some((id) => !real(id))) sourceless = true;
      }
      elements = new Set([...now].filter(real));
    }
    if (status[row] === Status.Fail) continue;
    if (!write && (status[row] !== Status.Ok || (history.flags[row] & Flag.Stale) !== 0)) continue;
    const value = history.value[row];
    if (!write && !whole && value !== 0 && !real(value)) {
      sourceless = true;
      continue;
    }
    all.push({
      row,
      session: history.session[row],
      key: history.key[row],
      write,
      whole,
      info: status[row] === Status.Info,
      value,
      elements,
      invoke: history.invoke[row],
      complete: status[row] === Status.Info ? Number.POSITIVE_INFINITY : history.complete[row],
    });
  }
  const read = new Set(all.flatMap((op) => (op.write ? [] : [op.value, ...op.elements])));
  return { ops: all.filter((op) => !op.info || read.has(op.value)), sourceless };
}

function sourcesOf(ops: readonly Op[], op: Op): Op[] {
  if (op.write) return [];
  return ops.filter((w) => w.write && (op.whole ? op.elements.has(w.value) : w.value === op.value));
}

function sessionOrder(ops: readonly Op[], i: number, j: number): boolean {
  return ops[i].session === ops[j].session && i < j && !ops[i].info;
}

/** CO as a matrix. */
function causality(ops: readonly Op[]): boolean[][] {
  const before = ops.map((a, i) =>
    ops.map((b, j) => sessionOrder(ops, i, j) || sourcesOf(ops, b).includes(a)),
  );
  for (let k = 0; k < ops.length; k++) {
    for (let i = 0; i < ops.length; i++) {
      if (!before[i][k]) continue;
      for (let j = 0; j < ops.length; j++) if (before[k][j]) before[i][j] = true;
    }
  }
  return before;
}

/** Is there a sequence of `ops` that respects `order` and explains the reads in `judged`? */
function explains(
  ops: readonly Op[],
  order: readonly (readonly boolean[])[],
  judged: ReadonlySet<Op>,
): boolean {
  const done = new Array<boolean>(ops.length).fill(false);
  const registers = new Map<number, number>();
  const sets = new Map<number, Set<number>>();
  const step = (left: number): boolean => {
    if (left === 0) return true;
    for (let i = 0; i < ops.length; i++) {
      if (done[i] || ops.some((_, j) => !done[j] && order[j][i])) continue;
      const op = ops[i];
      const old = registers.get(op.key) ?? 0;
      const content = sets.get(op.key) ?? new Set();
      if (op.write) {
        registers.set(op.key, op.value);
        sets.set(op.key, new Set([...content, op.value]));
      } else if (judged.has(op) && !returns(op, old, content)) {
        continue;
      }
      done[i] = true;
      if (step(left - 1)) return true;
      done[i] = false;
      registers.set(op.key, old);
      sets.set(op.key, content);
    }
    return false;
  };
  return step(ops.length);
}

function returns(op: Op, register: number, content: ReadonlySet<number>): boolean {
  if (!op.whole) return op.value === register;
  return op.elements.size === content.size && [...op.elements].every((id) => content.has(id));
}

function restrict(
  ops: readonly Op[],
  order: readonly (readonly boolean[])[],
  keep: (i: number) => boolean,
): [Op[], boolean[][]] {
  const kept = ops.map((_, i) => i).filter(keep);
  return [kept.map((i) => ops[i]), kept.map((i) => kept.map((j) => order[i][j]))];
}

function ccAt(ops: readonly Op[], before: boolean[][], i: number): boolean {
  if (ops[i].write) return true;
  const [past, order] = restrict(ops, before, (j) => j === i || before[j][i]);
  return explains(past, order, new Set([ops[i]]));
}

function cmAt(ops: readonly Op[], before: boolean[][], i: number): boolean {
  const [past, order] = restrict(ops, before, (j) => j === i || before[j][i]);
  const own = ops.filter(
    (op, j) => !op.write && op.session === ops[i].session && (j === i || before[j][i]) && j <= i,
  );
  return explains(past, order, new Set(own));
}

function pramOf(ops: readonly Op[], so: boolean[][], session: number): boolean {
  const [some, order] = restrict(ops, so, (j) => ops[j].write || ops[j].session === session);
  return explains(some, order, new Set(some.filter((op) => !op.write)));
}

/** Tries every arbitration of the writes that extends CO. */
function convergent(ops: readonly Op[], before: boolean[][]): boolean {
  const writes = ops.map((_, i) => i).filter((i) => ops[i].write);
  const reads = ops.map((_, i) => i).filter((i) => !ops[i].write);
  const arbitration: number[] = [];
  const agrees = (r: number): boolean => {
    const past = arbitration.filter((w) => before[w][r] && ops[w].key === ops[r].key);
    const content = new Set(past.map((w) => ops[w].value));
    return returns(ops[r], past.length === 0 ? 0 : ops[past.at(-1)!].value, content);
  };
  const step = (): boolean => {
    if (arbitration.length === writes.length) return reads.every(agrees);
    for (const w of writes) {
      if (arbitration.includes(w)) continue;
      if (writes.some((v) => before[v][w] && !arbitration.includes(v))) continue;
      arbitration.push(w);
      if (step()) return true;
      arbitration.pop();
    }
    return false;
  };
  return step();
}

/** Linearizability is local: each key by itself. Operations that touch at one moment overlap. */
function linearizable(ops: readonly Op[]): boolean {
  return [...new Set(ops.map((op) => op.key))].every((key) => {
    const own = ops.filter((op) => op.key === key);
    const order = own.map((a) => own.map((b) => a.complete < b.invoke));
    return explains(own, order, new Set(own.filter((op) => !op.write)));
  });
}

function guarantees(
  ops: readonly Op[],
  so: readonly (readonly boolean[])[],
): Pick<Decision, 'RYW' | 'MR' | 'MW' | 'WFR'> {
  const broken = { RYW: false, MR: false, MW: false, WFR: false };
  const index = ops.map((_, i) => i);
  const writer = new Map(ops.flatMap((op, i) => (op.write ? [[op.value, i] as const] : [])));
  const shows = (r: number, w: number): boolean =>
    ops[r].whole ? ops[r].elements.has(ops[w].value) : ops[r].value === ops[w].value;
  // Does read r return something of the key of write a that is older than a?
  const older = (r: number, a: number): boolean => {
    if (ops[r].key !== ops[a].key) return false;
    if (ops[r].whole) return !shows(r, a);
    const value = ops[r].value;
    return value === 0 || (value !== ops[a].value && so[writer.get(value)!][a]);
  };
  const reads = index.filter((i) => !ops[i].write);
  const writes = index.filter((i) => ops[i].write);
  for (const r of reads) {
    // A read of a whole is at once a read of each element: it is evidence for itself.
    const earlier = reads.filter((q) => so[q][r] || (q === r && ops[r].whole));
    for (const a of writes) {
      if (so[a][r] && older(r, a)) broken.RYW = true;
      if (earlier.some((q) => q !== r && shows(q, a)) && older(r, a)) broken.MR = true;
      for (const b of writes) {
        const met = ops[b].session !== ops[r].session && earlier.some((q) => shows(q, b));
        if (!met) continue;
        if (so[a][b] && older(r, a)) broken.MW = true;
        const replied = reads.some((q) => so[q][b] && shows(q, a));
        const unreplied = ops[a].key === ops[b].key && !ops[r].whole && shows(r, a);
        if (replied && (older(r, a) || unreplied)) broken.WFR = true;
      }
    }
    for (const q of reads) {
      for (const m of reads) {
        if (!so[q][m] || !so[m][r] || ops[r].whole) continue;
        const same = ops[q].key === ops[r].key && ops[m].key === ops[r].key;
        const left = ops[q].value === ops[r].value && ops[m].value !== ops[r].value;
        if (same && left && ops[r].value !== 0) broken.MR = true;
      }
    }
  }
  return { RYW: !broken.RYW, MR: !broken.MR, MW: !broken.MW, WFR: !broken.WFR };
}
