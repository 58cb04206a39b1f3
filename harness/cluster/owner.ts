/**
 * Who owns what a run left behind. A process id alone is not enough, since ids are used again: the time
 * at which the process started goes with it (field 22 of /proc/<pid>/stat), and the boot and pid
 * namespace in which both mean something. What cannot be judged from here is never called dead.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  readonly pid: number;
  /** Clock ticks since boot, as text; empty where the system does not tell. */
  readonly started: string;
  /** `machine/boot/pid-namespace`; parts are empty where the system does not tell. */
  readonly where: string;
}

function contentOf(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

/** State letter and start of a process; empty where the system does not tell. */
function statOf(pid: number): { readonly state: string; readonly started: string } {
  // The second field is the name in parentheses and may hold anything.
  const stat = contentOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

/** When a process started, as text; empty for one that is gone. */
export const startOf = (pid: number): string => statOf(pid).started;

function here(): string {
  const machine = contentOf(() => readFileSync('/etc/machine-id', 'utf8')) || hostname();
  const boot = contentOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = contentOf(() => readlinkSync('/proc/self/ns/pid'));
  return [machine, boot, namespace].join('/');
}

export function thisProcess(): Owner {
  return { pid: process.pid, started: statOf(process.pid).started, where: here() };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is there, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Is the process that is written down gone for certain? A process of another machine, or of another pid
 * namespace of the same boot (a control process in a container), cannot be judged and counts as living.
 */
export function isDead(owner: Owner, where: string = here()): boolean {
  if (owner.where !== where) {
    const [machine, boot] = owner.where.split('/');
    const [ourMachine, ourBoot] = where.split('/');
    // Of our machine before it was started anew: no process has survived that.
    return machine === ourMachine && boot !== ourBoot && boot !== '' && ourBoot !== '';
  }
  if (!Number.isInteger(owner.pid) || owner.pid <= 0) return false;
  if (!exists(owner.pid)) return true;
  const { state, started } = statOf(owner.pid);
  // A zombie does nothing any more; it only waits to be noticed by its parent.
  return state === 'Z' || (owner.started !== '' && started !== owner.started);
}
