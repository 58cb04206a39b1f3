/**
 * A snapshot: records that stand for all segments before it, in a file of their own. It counts only if
 * its last frame, an empty record, is there; until then the segments are still there.
 */
import type { Disk } from '../env/env.ts';
import { bytesIn, frame, framedBytes, type Pieces, scan } from './record.ts';

const frameBytes = 1024 * 1024;
const lastRecord: Pieces = [new Uint8Array(0)];

export const snapshotPattern = /^snap-(\d{8})\.log$/;

export function snapshotName(index: number): string {
  return `snap-${String(index).padStart(8, '0')}.log`;
}

/** Writes and syncs a snapshot; resolves with its size in bytes. */
export async function writeSnapshot(
  disk: Disk,
  index: number,
  records: Iterable<Pieces>,
): Promise<number> {
  const file = await disk.append(snapshotName(index));
  let offset = 0;
  const write = async (group: readonly Pieces[]): Promise<void> => {
    await file.write(frame(group, index, offset));
    offset += framedBytes(group);
  };
  let group: Pieces[] = [];
  let bytes = 0;
  for (const record of records) {
    group.push(record);
    bytes += bytesIn(record);
    if (bytes < frameBytes) continue;
    await write(group);
    group = [];
    bytes = 0;
  }
  if (group.length > 0) await write(group);
  await write([lastRecord]);
  await file.sync();
  await file.close();
  return offset;
}

/** The records of a snapshot, or null where it is not complete. */
export function readSnapshot(bytes: Uint8Array, index: number): readonly Uint8Array[] | null {
  const found = scan(bytes, index, true);
  if (found.type !== 'whole' || found.records.at(-1)?.length !== 0) return null;
  return found.records.slice(0, -1);
}
