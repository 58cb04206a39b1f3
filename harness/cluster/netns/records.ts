/**
 * What runs in network namespaces leave on a machine, written down while they live: who owns it, which subnet it has
 * taken, where its folder is. A later run sweeps what belongs to dead ones.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isDead, thisProcess } from '../owner.ts';

/** Gone after a restart of the machine, as the namespaces are. */
const folder = '/run/amnesia-netns';

const recordSchema = z.object({
  runId: z.string().regex(/^[A-Za-z0-9-]+$/),
  cidr: z.string(),
  /** Data, files and logs of its nodes. */
  folder: z.string(),
  cgroups: z.array(z.string()),
  owner: z.object({ pid: z.number(), started: z.string(), where: z.string() }),
});
export type NetnsRecord = z.infer<typeof recordSchema>;

export const recordPath = (cidr: string): string => join(folder, `${cidr.replace('/', '_')}.json`);

/**
 * Takes the subnet for this run; null where another run has it. The record is the lock: it is made by whoever
 * comes first.
 */
export function reserve(record: Omit<NetnsRecord, 'owner'>): NetnsRecord | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const whole = { ...record, owner: thisProcess() };
  try {
    writeFileSync(recordPath(record.cidr), JSON.stringify(whole), { flag: 'wx', mode: 0o600 });
    return whole;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
}

export function release({ cidr }: Pick<NetnsRecord, 'cidr'>): void {
  rmSync(recordPath(cidr), { force: true });
}

/** Of runs whose control process is dead; with `all`, also of living ones. What cannot be read is left alone. */
export function deadRecords(all = false): NetnsRecord[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const record = recordSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      return all || isDead(record.owner) ? [record] : [];
    } catch {
      return [];
    }
  });
}
