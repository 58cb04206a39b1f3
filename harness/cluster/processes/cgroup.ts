/**
 * A control group for each node where this machine has a second-version hierarchy that may be written: all
 * processes of a node are then killed and frozen together, also those that left its process group.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

export interface Cgroup {
  /** The folder; a process enters by writing its id into `cgroup.procs` there. */
  readonly folder: string;
  kill(): void;
  freeze(frozen: boolean): void;
  isFrozen(): boolean;
  /** Are there processes in it? */
  isPopulated(): boolean;
  remove(): void;
}

/** Mount points of cgroup2 in the text of /proc/mounts. */
function unifiedIn(mounts: string): string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup2')
    .map(([, folder]) => folder);
}

const eventOf = (folder: string, name: string): boolean =>
  existsSync(folder) && readFileSync(`${folder}/cgroup.events`, 'utf8').includes(`${name} 1`);

/** A group that is gone has no processes, and is never frozen. */
function write(folder: string, name: string, text: string): void {
  if (existsSync(folder)) writeFileSync(`${folder}/${name}`, text);
}

export function cgroupAt(folder: string): Cgroup {
  return {
    folder,
    kill: () => write(folder, 'cgroup.kill', '1'),
    freeze: (frozen) => write(folder, 'cgroup.freeze', frozen ? '1' : '0'),
    isFrozen: () => eventOf(folder, 'frozen'),
    isPopulated: () => eventOf(folder, 'populated'),
    remove: () => {
      if (existsSync(folder)) rmdirSync(folder);
    },
  };
}

/** Null where there is no such hierarchy, it may not be written, or its kernel cannot kill by it. */
export function makeCgroup(name: string): Cgroup | null {
  try {
    const [root] = unifiedIn(readFileSync('/proc/mounts', 'utf8'));
    if (root === undefined) return null;
    const folder = `${root}/${name}`;
    mkdirSync(folder);
    if (existsSync(`${folder}/cgroup.kill`) && existsSync(`${folder}/cgroup.freeze`)) {
      return cgroupAt(folder);
    }
    rmdirSync(folder);
    return null;
  } catch {
    return null;
  }
}
