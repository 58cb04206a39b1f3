/** One folder of files, with real fsync: of the file for its content, of the folder for its name. */
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  truncate,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { AppendFile, Disk } from './env.ts';

const namePattern = /^[a-z0-9._-]+$/;

/** The system takes at most 1024 pieces at a time (IOV_MAX), and may take fewer bytes than it is given. */
const piecesMax = 1024;

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let left = pieces;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left.slice(0, piecesMax));
    left = after(left, bytesWritten);
  }
}

/** What remains of `pieces` without the first `bytes`. */
function after(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skip = bytes;
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i];
    if (skip < piece.length) return [piece.subarray(skip), ...pieces.slice(i + 1)];
    skip -= piece.length;
  }
  return [];
}

export class FolderDisk implements Disk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<FolderDisk> {
    await mkdir(folder, { recursive: true });
    return new FolderDisk(folder);
  }

  #path(name: string): string {
    if (!namePattern.test(name)) throw new Error(`${JSON.stringify(name)} is no file name`);
    return join(this.#folder, name);
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#folder)).sort();
  }

  async read(name: string): Promise<Uint8Array | null> {
    try {
      return await readFile(this.#path(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async append(name: string): Promise<AppendFile> {
    const file = await open(this.#path(name), 'a');
    await this.#syncFolder();
    return {
      write: (pieces) => writeAll(file, pieces),
      writeThrough: async (pieces) => {
        await writeAll(file, pieces);
        await file.datasync();
      },
      sync: () => file.datasync(),
      close: () => file.close(),
    };
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = this.#path(`${name}.new`);
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path(name));
    await this.#syncFolder();
  }

  async truncate(name: string, lengthBytes: number): Promise<void> {
    await truncate(this.#path(name), lengthBytes);
    const file = await open(this.#path(name), 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async remove(name: string): Promise<void> {
    await unlink(this.#path(name));
    await this.#syncFolder();
  }
}
