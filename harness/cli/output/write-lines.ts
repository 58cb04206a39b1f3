/** Many lines to standard output or into a file, without holding them all. */

import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { UsageError } from '../../world/exit-codes.ts';

/** `path` undefined: standard output. Throws UsageError when the file cannot be written. */
export async function writeLines(
  lines: Iterable<string>,
  path: string | undefined,
  batchLines: number,
): Promise<void> {
  if (path === undefined) {
    for (const text of batches(lines, batchLines)) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain');
    }
    return;
  }
  try {
    const handle = openSync(path, 'w');
    try {
      for (const text of batches(lines, batchLines)) writeSync(handle, text);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new UsageError(`${path} cannot be written: ${error.message}; choose another --output`);
  }
}

function* batches(lines: Iterable<string>, size: number): Generator<string> {
  let batch: string[] = [];
  for (const line of lines) {
    batch.push(line);
    if (batch.length < size) continue;
    yield `${batch.join('\n')}\n`;
    batch = [];
  }
  if (batch.length > 0) yield `${batch.join('\n')}\n`;
}
