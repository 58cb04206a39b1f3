/** Random small histories of queues, counters and locks: answers of any kind, right and wrong. */
import type { ObjectOperation } from '../../history/objects.ts';

type Random = () => number;

/** What an operation of a process is: its name, and its value by how it ended. */
type Draw = (process: number, i: number) => { readonly f: string; readonly value: unknown };

function history(random: Random, draw: Draw, lostShare = 0.12): ObjectOperation[] {
  const n = 2 + Math.floor(random() * 8);
  const processes = 1 + Math.floor(random() * 3);
  const free = new Array<number>(processes).fill(0);
  return Array.from({ length: n }, (_, i) => {
    const process = Math.floor(random() * processes);
    const invoke = free[process] + Math.floor(random() * 6);
    const end = invoke + Math.floor(random() * 8);
    const fate = random();
    const status = fate < lostShare ? 2 : fate < lostShare + 0.1 ? 1 : 0;
    free[process] = end + Math.floor(random() * 3);
    const { f, value } = draw(process, i);
    const complete = status === 2 ? Number.POSITIVE_INFINITY : end;
    return { row: i, session: process, f, value, invoke, complete, status, error: null };
  });
}

export function randomQueue(random: Random): ObjectOperation[] {
  const values = 1 + Math.floor(random() * 6);
  const value = (): number => 1 + Math.floor(random() * values);
  return history(random, (_, i) => {
    const kind = random();
    if (kind < 0.5) return { f: 'enqueue', value: random() < 0.5 ? value() : i + 1 };
    if (kind < 0.8) return { f: 'dequeue', value: random() < 0.1 ? null : value() };
    return {
      f: 'drain',
      value: random() < 0.6 ? [] : [value(), value()].slice(random() < 0.5 ? 1 : 0),
    };
  });
}

export function randomCounter(random: Random): ObjectOperation[] {
  return history(random, () =>
    random() < 0.6
      ? { f: 'add', value: Math.floor(random() * 5) - 1 }
      : { f: 'read', value: Math.floor(random() * 7) - 1 },
  );
}

export function randomLock(random: Random): ObjectOperation[] {
  const hasTokens = random() < 0.5;
  return history(random, () =>
    random() < 0.55
      ? { f: 'acquire', value: hasTokens ? 1 + Math.floor(random() * 5) : null }
      : { f: 'release', value: null },
  );
}
