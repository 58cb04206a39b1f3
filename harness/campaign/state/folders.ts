/** The folders of a campaign's runs: which one a run has made, how large it is, and its removal. */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Folders of all attempts at the run of a seed, relative to the campaign's, newest first. Seeds are
 * unique in a campaign, and the folder's name begins with the time.
 */
export function foldersOf(campaign: string, seed: string): string[] {
  try {
    return readdirSync(campaign, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.endsWith(`-${seed}`))
      .map((entry) => entry.name)
      .filter((name) => /^\d{8}T\d{6}/.test(name) && existsSync(join(campaign, name, 'run.sqlite')))
      .sort()
      .reverse();
  } catch {
    return [];
  }
}

/** All files below a folder, bytes. 0 where there is none. */
export function bytesOf(path: string): number {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return stat.size;
    return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
  } catch {
    return 0;
  }
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
