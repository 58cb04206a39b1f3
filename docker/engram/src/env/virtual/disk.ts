/**
 * A virtual disk. It outlives its node. What was written reaches the system's cache, what was synced
 * reaches the platter: a killed process keeps the cache, a power loss keeps the platter and, of what
 * was not synced, some first part (a torn tail) or nothing.
 *
 * Bytes that are handed over are kept as they are, and so is what is read, without a copy: nobody changes them
 * afterwards.
 *
 * Each operation takes time; one that was under way when the node died did not happen, except that
 * a part of a write may have.
 */
import type { AppendFile, Disk } from '../env.ts';
import type { Chance } from './chance.ts';

/** A file as the pieces in which it was written: most files are written often and read never. */
interface StoredFile {
  pieces: Uint8Array[];
  length: number;
  durableBytes: number;
}

/** A write under way, which a crash tears. */
interface Flying {
  readonly file: StoredFile;
  readonly pieces: readonly Uint8Array[];
  /** The sync that follows belongs to it: most of its time, all of it is in the cache already. */
  readonly through: boolean;
}

/** Files by name. */
export type DiskCopy = ReadonlyMap<string, Uint8Array>;

/** Calls `run` after a while, unless the node has died by then. */
export type Later = (delayMs: number, run: () => void) => void;

const writeMs = [0.01, 0.05] as const;
const syncMs = [0.2, 1.2] as const;
const throughMs = [writeMs[0] + syncMs[0], writeMs[1] + syncMs[1]] as const;
/** Share of its time in which what is written through is in the cache, and not yet on the platter. */
const cachedShare = 1 - (writeMs[0] + writeMs[1]) / (throughMs[0] + throughMs[1]);
const namePattern = /^[a-z0-9._-]+$/;

export class VirtualDisk {
  readonly #files = new Map<string, StoredFile>();
  readonly #chance: Chance;
  readonly #flying = new Set<Flying>();
  /** When set, writes and syncs fail as they do on a full disk. */
  full = false;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** What the node sees in one of its lives. */
  mount(later: Later): Disk {
    const soon = <T>([least, most]: readonly [number, number], act: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        later(this.#chance.between(least, most), () => {
          try {
            resolve(act());
          } catch (error) {
            reject(error);
          }
        });
      });
    return {
      list: () => soon(writeMs, () => [...this.#files.keys()].sort()),
      read: (name) => soon(writeMs, () => this.#read(name)),
      append: (name) => soon(syncMs, () => this.#append(name, soon)),
      replace: (name, bytes) => soon(syncMs, () => this.#replace(name, bytes)),
      truncate: (name, lengthBytes) => soon(syncMs, () => this.#truncate(name, lengthBytes)),
      remove: (name) => soon(syncMs, () => void this.#files.delete(name)),
    };
  }

  crash(power: boolean): void {
    for (const { file, pieces, through } of this.#flying) {
      const bytes = Buffer.concat(pieces);
      const written = through && this.#chance.happens(cachedShare);
      const length = written ? bytes.length : this.#chance.index(bytes.length + 1);
      extend(file, [bytes.subarray(0, length)]);
    }
    this.#flying.clear();
    if (!power) return;
    for (const file of this.#files.values()) {
      const loose = file.length - file.durableBytes;
      const kept = this.#chance.happens(0.5) ? this.#chance.index(loose + 1) : 0;
      shorten(file, file.durableBytes + kept);
      file.durableBytes = file.length;
    }
  }

  /** For tests: what lies there. */
  peek(name: string): Uint8Array | null {
    return this.#read(name);
  }

  /** A copy of all files as they are now, as a backup of the folder takes it. */
  copy(): DiskCopy {
    return new Map([...this.#files].map(([name, file]) => [name, contentOf(file)]));
  }

  /** Puts the files of a copy in the place of all that lie there; an empty one is a new disk. */
  restore(copy: DiskCopy): void {
    this.#files.clear();
    for (const [name, bytes] of copy) {
      this.#files.set(name, { pieces: [bytes], length: bytes.length, durableBytes: bytes.length });
    }
  }

  /** For tests: turns over one bit, as a failing disk does. */
  flip(name: string, offset: number): void {
    const file = this.#files.get(name)!;
    // What was written, or read before, is somebody's still.
    file.pieces = [Uint8Array.from(contentOf(file))];
    file.pieces[0][offset] ^= 1;
  }

  #read(name: string): Uint8Array | null {
    const file = this.#files.get(name);
    return file ? contentOf(file) : null;
  }

  #open(name: string): StoredFile {
    if (!namePattern.test(name)) throw new Error(`${JSON.stringify(name)} is no file name`);
    let file = this.#files.get(name);
    if (!file) {
      this.#refuseWhenFull(name);
      file = { pieces: [], length: 0, durableBytes: 0 };
      this.#files.set(name, file);
    }
    return file;
  }

  #refuseWhenFull(name: string): void {
    if (!this.full) return;
    throw Object.assign(new Error(`ENOSPC: no space is left for ${name}`), { code: 'ENOSPC' });
  }

  #append(
    name: string,
    soon: <T>(range: readonly [number, number], act: () => T) => Promise<T>,
  ): AppendFile {
    const file = this.#open(name);
    return {
      write: (pieces) => {
        const write = { file, pieces, through: false };
        this.#flying.add(write);
        return soon(writeMs, () => {
          this.#flying.delete(write);
          this.#refuseWhenFull(name);
          extend(file, pieces);
        });
      },
      // One event for both: nobody can tell when the first was over, but by a crash.
      writeThrough: (pieces) => {
        const write = { file, pieces, through: true };
        this.#flying.add(write);
        return soon(throughMs, () => {
          this.#flying.delete(write);
          this.#refuseWhenFull(name);
          extend(file, pieces);
          file.durableBytes = file.length;
        });
      },
      // Only what was there when the sync began is promised.
      sync: () => {
        const reached = file.length;
        return soon(syncMs, () => {
          this.#refuseWhenFull(name);
          file.durableBytes = Math.max(file.durableBytes, Math.min(reached, file.length));
        });
      },
      close: () => soon(writeMs, () => {}),
    };
  }

  #replace(name: string, bytes: Uint8Array): void {
    this.#refuseWhenFull(name);
    this.#open(name);
    this.#files.set(name, { pieces: [bytes], length: bytes.length, durableBytes: bytes.length });
  }

  #truncate(name: string, lengthBytes: number): void {
    const file = this.#open(name);
    shorten(file, Math.min(file.length, lengthBytes));
    file.durableBytes = file.length;
  }
}

function extend(file: StoredFile, pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    file.pieces.push(piece);
    file.length += piece.length;
  }
}

/** In one piece from now on. */
function contentOf(file: StoredFile): Uint8Array {
  if (file.pieces.length !== 1) file.pieces = [Buffer.concat(file.pieces)];
  return file.pieces[0];
}

function shorten(file: StoredFile, length: number): void {
  if (length === file.length) return;
  file.pieces = [contentOf(file).subarray(0, length)];
  file.length = length;
}
