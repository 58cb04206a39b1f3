/**
 * From what a browser asks for to a run file below the results: names of two folders and nothing else. What leads
 * out of the results is refused, and links are not followed, wherever they lead.
 */

import { lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AmnesiaError } from '../world/exit-codes.ts';

class NoSuchRunError extends AmnesiaError {
  readonly code = 'no-such-run';
  constructor(wanted: string) {
    super(`there is no run ${JSON.stringify(wanted.slice(0, 200))} below the results`);
    this.name = 'NoSuchRunError';
  }
}

const nestedMax = 4;

/** `wanted`: path below `results` with slashes. Throws NoSuchRunError. */
function folderBelow(results: string, wanted: string): string {
  const parts = wanted.split('/');
  const isPlain = parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part),
  );
  if (!isPlain || parts.length > nestedMax) throw new NoSuchRunError(wanted);
  let folder = resolve(results);
  for (const part of parts) {
    folder = join(folder, part);
    if (!isOwn(folder, 'folder')) throw new NoSuchRunError(wanted);
  }
  return folder;
}

/** The run file of a folder below the results. Throws NoSuchRunError. */
export function runFileBelow(results: string, wanted: string): string {
  const path = join(folderBelow(results, wanted), 'run.sqlite');
  if (!isOwn(path, 'file')) throw new NoSuchRunError(wanted);
  return path;
}

function isOwn(path: string, kind: 'folder' | 'file'): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isSymbolicLink()) return false;
  return kind === 'folder' ? found.isDirectory() : found.isFile();
}
