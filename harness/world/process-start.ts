/** When a process started, in the kernel's own words: a process id alone may be reused. */
import { readFileSync } from 'node:fs';

/** Field 22 of /proc/<pid>/stat; null where there is no such process. */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
