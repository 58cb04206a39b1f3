/**
 * Which writes a read of a register could have returned, and why each other one not, by real time alone: a write
 * that began after the read had ended is too late, one that had ended before another began which had ended before
 * the read began is replaced, one that failed never was. What a causal model adds is the business of its checker.
 */
import type { FullOperation } from '../store/look.ts';
import type { RunFile } from '../store/run-file.ts';

export interface Candidate {
  readonly idx: number;
  readonly value: string | null;
  readonly possible: boolean;
  readonly returned: boolean;
  readonly why: string;
}

interface Write {
  readonly idx: number;
  readonly value: string | null;
  readonly outcome: string | null;
  readonly invoked: number;
  readonly completed: number | null;
}

const shownMax = 40;

/** Nearest to the read first; none for what is no read of a register. */
export function candidatesOf({ db }: RunFile, read: FullOperation): Candidate[] {
  if (read.f !== 'read' || read.outcome !== 'ok' || read.key === null) return [];
  const ended = read.completed ?? read.invoked;
  const writes = db
    .prepare<[string, number], Write>(
      `SELECT idx, value, outcome, invoked, completed FROM op
       WHERE key = ? AND f IN ('write', 'cas') AND invoked <= ? ORDER BY invoked DESC LIMIT ${shownMax}`,
    )
    .all(read.key, ended + 1e9);
  // The latest beginning of a write that had surely ended before the read began.
  const settled = writes
    .filter(({ outcome, completed }) => outcome === 'ok' && (completed ?? Infinity) < read.invoked)
    .reduce<Write | null>(
      (latest, each) => (latest === null || each.invoked > latest.invoked ? each : latest),
      null,
    );
  return writes.map((write) => {
    const why = reasonAgainst(write, read, settled);
    return {
      idx: write.idx,
      value: write.value,
      possible: why === null,
      returned: write.value === read.value,
      why: why ?? reasonFor(write, read),
    };
  });
}

function reasonAgainst(write: Write, read: FullOperation, settled: Write | null): string | null {
  const ended = read.completed ?? read.invoked;
  if (write.outcome === 'fail') return 'it definitely failed';
  if (write.invoked > ended) return 'it began after the read had ended';
  const isOver = write.outcome === 'ok' && write.completed !== null;
  if (settled !== null && settled !== write && isOver && (write.completed ?? 0) < settled.invoked) {
    return `operation ${settled.idx} began after it had ended, and had ended before the read began`;
  }
  return null;
}

function reasonFor(write: Write, read: FullOperation): string {
  if (write.outcome !== 'ok') return 'nobody knows whether it took effect, or when';
  if ((write.completed ?? Infinity) >= read.invoked) return 'it was going on while the read was';
  return 'it had ended before the read began, and nothing surely replaced it';
}
