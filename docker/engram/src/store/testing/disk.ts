/**
 * A disk for tests. A killed process loses what it had not yet written; a loss of power loses what was
 * not synced, of which any part may have reached the platter, in any order.
 */
import type { Disk } from '../../env/env.ts';

interface VirtualFile {
  bytes: Uint8Array;
  syncedBytes: number;
}

export class VirtualDisk {
  readonly #files = new Map<string, VirtualFile>();
  readonly #chance: () => number;
  #inFlight: { file: VirtualFile; bytes: Uint8Array } | null = null;

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  /** All files, for a test that wants to damage one. */
  content(name: string): Uint8Array {
    return this.#files.get(name)!.bytes;
  }

  names(): string[] {
    return [...this.#files.keys()].sort();
  }

  put(name: string, bytes: Uint8Array): void {
    this.#files.set(name, { bytes, syncedBytes: bytes.length });
  }

  wipe(): void {
    this.#files.clear();
  }

  crash(power: boolean): void {
    if (this.#inFlight) {
      const { file, bytes } = this.#inFlight;
      append(file, bytes.subarray(0, Math.floor(this.#chance() * (bytes.length + 1))));
      this.#inFlight = null;
    }
    if (!power) return;
    for (const file of this.#files.values()) {
      const unsynced = file.bytes.length - file.syncedBytes;
      const kept = Math.floor(this.#chance() * (unsynced + 1));
      file.bytes = file.bytes.slice(0, file.syncedBytes + kept);
      if (kept > 0 && this.#chance() < 0.5) {
        const from = file.syncedBytes + Math.floor(this.#chance() * kept);
        file.bytes.fill(0, from, from + Math.ceil(this.#chance() * 4096));
      }
      // What is there after the restart is what the platter has.
      file.syncedBytes = file.bytes.length;
    }
  }

  /** The disk as one life of a process sees it. */
  mount(after: (delayMs: number, fn: () => void) => void): Disk {
    const soon = <T>(delayMs: number, fn: () => T): Promise<T> =>
      new Promise((resolve) => after(delayMs, () => resolve(fn())));
    const files = this.#files;
    const chance = this.#chance;
    return {
      list: () => soon(0.1, () => this.names()),
      read: (name) => soon(0.1, () => files.get(name)?.bytes.slice() ?? null),
      append: async (name) => {
        const file = await soon(0.1, () => {
          const found = files.get(name) ?? { bytes: new Uint8Array(), syncedBytes: 0 };
          files.set(name, found);
          return found;
        });
        const write = async (pieces: readonly Uint8Array[]): Promise<void> => {
          const bytes = Buffer.concat(pieces);
          this.#inFlight = { file, bytes };
          await soon(chance() * 0.2, () => {
            append(file, bytes);
            this.#inFlight = null;
          });
        };
        const sync = async (): Promise<void> => {
          const length = file.bytes.length;
          await soon(0.2 + chance() * 3, () => {
            file.syncedBytes = Math.max(file.syncedBytes, length);
          });
        };
        return {
          write,
          sync,
          writeThrough: async (pieces) => {
            await write(pieces);
            await sync();
          },
          close: () => soon(0.1, () => {}),
        };
      },
      replace: (name, bytes) => soon(0.5 + chance(), () => this.put(name, bytes.slice())),
      truncate: (name, lengthBytes) =>
        soon(0.2, () => {
          const file = files.get(name)!;
          file.bytes = file.bytes.slice(0, lengthBytes);
          file.syncedBytes = lengthBytes;
        }),
      remove: (name) => soon(0.2, () => void files.delete(name)),
    };
  }
}

function append(file: VirtualFile, bytes: Uint8Array): void {
  const joined = new Uint8Array(file.bytes.length + bytes.length);
  joined.set(file.bytes);
  joined.set(bytes, file.bytes.length);
  file.bytes = joined;
}
