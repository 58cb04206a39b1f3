/**
 * The digest of a history: the same for two runs exactly when all their operations were the same, to the
 * nanosecond. Only meaningful where a seed gives one history (`--runtime sim`). Ids, folders and wall
 * clocks of the run are no part of it.
 */
import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';

/** All that was seen of an operation, in this order; a later column of `op` does not change a digest. */
const FIELDS = [
  ...['idx', 'process', 'thread', 'phase', 'workload', 'f', 'key', 'value', 'node', 'scheduled'],
  ...['invoked', 'completed', 'outcome', 'error', 'message', 'final', 'confidence', 'warnings'],
  ...['stale', 'server', 'hops', 'version', 'siblings', 'sent_context', 'context'],
] as const;

/** SHA-256 in hex over the rows in the order of idx, one JSON array a line. */
export function digestOf(db: Database.Database): string {
  const hash = createHash('sha256');
  const rows = db.prepare(`SELECT ${FIELDS.join(', ')} FROM op ORDER BY idx`).raw();
  let lines: string[] = [];
  for (const row of rows.iterate()) {
    if (lines.push(JSON.stringify(row)) < 256) continue;
    hash.update(`${lines.join('\n')}\n`);
    lines = [];
  }
  for (const line of lines) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** Puts the digest into the run's environment. */
export function keepDigest(db: Database.Database): void {
  const keep = "UPDATE run SET environment = json_set(environment, '$.digest', ?)";
  db.prepare(keep).run(digestOf(db));
}
