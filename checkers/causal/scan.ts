/**
 * The causal pass: one scan in trace order that finds every read whose value had been overwritten in its
 * causal past (WriteCORead, WriteCOInitRead: with ThinAirRead and CyclicCO the bad patterns of CC) and the
 * backward conflict edges from which CCv is decided.
 *
 * Bouajjani, Enea, Guerraoui, Hamza: On Verifying Causal Consistency, POPL 2017, sections 3 and 5. Source
 * and overwriting write are compared by clocks; only writes that stand behind the source in the trace can have
 * overwritten it, so the work for a read is how far behind it is, at most one look for each column.
 */
import { type Budget, STEP_MASK } from '../verdict/checker.ts';
import { blockWidth, type Clocks, clocksOf, inBlock, isBefore } from './clocks.ts';
import { ElementReads } from './elements.ts';
import { Findings, tidy } from './findings.ts';
import { endWithin, KeyIndex } from './key-index.ts';
import { pairsOf } from './replay.ts';
import { Op, type Trace } from './trace.ts';

/** All blocks of columns, then what one block alone could not decide. */
export function scan(trace: Trace, budget: Budget): Findings {
  const findings = new Findings();
  const block = blockWidth(trace);
  const index = new KeyIndexOnDemand(trace);
  for (let low = 0; low === 0 || low < trace.widthMax; low += block) {
    const clocks = clocksOf(trace, low, low + block);
    scanBlock(trace, clocks, index, findings, budget);
    if (trace.widthMax <= block) findings.clocks = clocks;
  }
  if (findings.openRead.length > 0) settle(trace, block, findings, budget);
  if (trace.widthMax > block) tidy(findings);
  return findings;
}

class KeyIndexOnDemand {
  readonly #trace: Trace;
  #index: KeyIndex | null = null;
  constructor(trace: Trace) {
    this.#trace = trace;
  }
  get(): KeyIndex {
    return (this.#index ??= new KeyIndex(this.#trace, this.#trace.history));
  }
}

function scanBlock(
  trace: Trace,
  clocks: Clocks,
  index: KeyIndexOnDemand,
  findings: Findings,
  budget: Budget,
): void {
  const { n, op, session, key, value, column, count, columnOf, lastInitial } = trace;
  const { low, width, start, clock, snapshot, pool } = clocks;
  const keys = lastInitial.length;
  /** By key the newest write, by value id the one before it: 0 = none. */
  const last = new Int32Array(keys);
  const previous = new Int32Array(column.length);
  const firsts = new FirstWrites(keys, column);
  const elements = trace.changes ? new ElementReads(trace, clocks, index.get(), findings) : null;
  const changed = new Uint8Array(width.length).fill(1);
  const shared = new Int32Array(width.length);
  let top = 0;
  for (let at = 0; at < n; at++) {
    if ((at & STEP_MASK) === 0) budget.step();
    const o = op[at];
    if (o === Op.Skip) continue;
    const s = session[at];
    const wide = width[s];
    if (wide === 0) continue;
    const base = start[s];
    const x = key[at];
    if (o === Op.Read) {
      const id = value[at];
      const c = column[id] - low;
      const number = count[id];
      const inside = c >= 0 && c < wide;
      if (!inside || clock[base + c] < number) {
        // Inlined `join`: this loop is where the time goes.
        const from = snapshot[id];
        let grew = inside;
        for (let i = 0; i < wide; i++) {
          const theirs = pool[from + i];
          if (theirs > clock[base + i]) {
            clock[base + i] = theirs;
            grew = true;
          }
        }
        if (inside) clock[base + c] = number;
        if (grew) changed[s] = 1;
      }
      let newer = last[x];
      let steps = 2 * wide + 32;
      while (newer !== id && newer !== 0) {
        if (steps-- === 0) {
          lookUp(trace, clocks, index.get(), findings, at);
          break;
        }
        const d = column[newer] - low;
        if (d >= 0 && d < wide && count[newer] <= clock[base + d]) {
          if (!inside) {
            findings.open(at, id, newer);
          } else if (d === c ? number < count[newer] : pool[snapshot[newer] + c] >= number) {
            findings.overwritten(at, id, newer);
            break;
          } else {
            findings.conflict(newer, id, at);
          }
        }
        newer = previous[newer];
      }
    } else if (o === Op.Write) {
      const id = value[at];
      if (changed[s] === 1) {
        for (let i = 0; i < wide; i++) pool[top + i] = clock[base + i];
        shared[s] = top;
        top += wide;
        changed[s] = 0;
      }
      snapshot[id] = shared[s];
      const c = columnOf[s] - low;
      if (c >= 0 && c < wide) clock[base + c] = count[id];
      previous[id] = last[x];
      last[x] = id;
      if (at <= lastInitial[x]) firsts.add(x, id);
    } else if (o === Op.ReadInitial) {
      for (let first = firsts.of(x); first !== 0; first = firsts.next(first)) {
        const d = column[first] - low;
        if (d < 0 || d >= wide || count[first] > clock[base + d]) continue;
        findings.overwritten(at, 0, first);
        break;
      }
    } else if (o === Op.InfoWrite) {
      const id = value[at];
      for (let i = 0; i < wide; i++) pool[top + i] = clock[base + i];
      snapshot[id] = top;
      top += wide;
      previous[id] = last[x];
      last[x] = id;
      if (at <= lastInitial[x]) firsts.add(x, id);
    } else if (elements!.read(at)) {
      changed[s] = 1;
    }
  }
}

/** By key the first write of each column, in order, as long as somebody will read the initial value. */
class FirstWrites {
  readonly #column: Int32Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  #next: Int32Array | null = null;

  constructor(keys: number, column: Int32Array) {
    this.#column = column;
    this.#first = new Int32Array(keys);
    this.#last = new Int32Array(keys);
  }

  add(key: number, id: number): void {
    this.#next ??= new Int32Array(this.#column.length);
    for (let first = this.#first[key]; first !== 0; first = this.#next[first]) {
      if (this.#column[first] === this.#column[id]) return;
    }
    if (this.#first[key] === 0) this.#first[key] = id;
    else this.#next[this.#last[key]] = id;
    this.#last[key] = id;
  }

  of(key: number): number {
    return this.#first[key];
  }

  next(id: number): number {
    return this.#next![id];
  }
}

/** The same question as the walk over newer writes, by one search for each column of the key. */
function lookUp(
  trace: Trace,
  clocks: Clocks,
  index: KeyIndex,
  findings: Findings,
  at: number,
): void {
  const { session, key, value, count, place } = trace;
  const s = session[at];
  const id = value[at];
  const { columns, off, ids } = index.of(key[at]);
  const inside = inBlock(trace, clocks, id, s);
  for (let i = 0; i < columns.length; i++) {
    const d = columns[i] - clocks.low;
    if (d < 0 || d >= clocks.width[s]) continue;
    const seen = clocks.clock[clocks.start[s] + d];
    const end = endWithin(ids, count, off[i], off[i + 1], seen);
    // The newest of the column that is in the past stands for the older ones.
    if (end === off[i]) continue;
    const newer = ids[end - 1];
    if (newer === id || place[newer] < place[id]) continue;
    if (!inside) {
      findings.open(at, id, newer);
    } else if (isBefore(trace, clocks, id, newer)) {
      findings.overwritten(at, id, newer);
      return;
    } else {
      findings.conflict(newer, id, at);
    }
  }
}

/** Decides the open reads, block by block of their sources. */
function settle(trace: Trace, block: number, findings: Findings, budget: Budget): void {
  const { openRead, openSource, openNewer } = findings;
  const ask = pairsOf(trace, openSource.items, openNewer.items, block, budget);
  for (let i = 0; i < openRead.length; i++) {
    const read = openRead.data[i];
    const source = openSource.data[i];
    const newer = openNewer.data[i];
    if (ask[i] === 1) findings.overwritten(read, source, newer);
    else findings.conflict(newer, source, read);
  }
}
