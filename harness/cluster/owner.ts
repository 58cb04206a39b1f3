/**
 * Who owns what a run left behind. A process id alone is not enough, since ids are used again: the time
 * at which the process started goes with it (field 22 of /proc/<pid>/stat).
 */
import { readFileSync } from 'node:fs';

export interface Owner {
  readonly pid: number;
  /** Clock ticks since boot, as text; empty where the system does not tell. */
  readonly started: string;
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return null;
  }
}

export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) ?? '' };
}

/** Is the process that is written down still the same and alive? */
export function lives(owner: Owner): boolean {
  return startOf(owner.pid) === owner.started;
}
