/** Writes a node's files into its folder, for runtimes whose nodes share this machine's file system. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { ClusterError } from '../errors.ts';
import type { NodeFile } from '../program.ts';

/** Throws ClusterError for a path outside of the folder: that file would be everybody's. */
export function placeFiles(files: readonly NodeFile[], folder: string): void {
  for (const { path, content, mode = 0o644 } of files) {
    const place = resolve(folder, path);
    if (!place.startsWith(`${folder}${sep}`)) {
      const text = `the file ${path} of a node lies outside of its data folder ${folder}`;
      throw new ClusterError('settings-refused', `${text}; take --runtime docker`);
    }
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content, { mode });
  }
}
