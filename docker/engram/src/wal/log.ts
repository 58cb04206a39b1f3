/**
 * The write-ahead log: segments of framed records, with group commit. Appends that arrive while a
 * sync is under way are written and synced together by the next one, so the number of syncs does
 * not grow with the number of writers (DeWitt et al. 1984).
 *
 * Promises: an append resolves when its record is durable; records become durable in the order of
 * their appends; what `open` replays is durable. If a write fails for want of space, what reached the disk is cut
 * off again, and later appends try anew. If a write or sync fails otherwise the log is closed for good, since
 * nobody knows what reached the disk; all later appends reject.
 *
 * A log that has grown long is cut: a new segment begins, a snapshot takes the place of all before
 * it, and they are removed once it is durable. Appends go on meanwhile.
 */
import type { AppendFile, Disk, Log } from '../env/env.ts';
import { bytesIn, frame, frameBytesMax, framedBytes, type Pieces, scan } from './record.ts';
import { readSnapshot, snapshotName, snapshotPattern, writeSnapshot } from './snapshot.ts';

export class LogError extends Error {
  /** LOG_FULL: there is no space, nothing of the record is in the log, and a later one may succeed. */
  readonly code: 'LOG_DAMAGED' | 'LOG_FAILED' | 'LOG_FULL' | 'RECORD_TOO_LONG';
  constructor(code: LogError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

export interface WalOptions {
  readonly segmentBytesMax: number;
  /** A snapshot is due when the segments hold that much, and twice what the last snapshot held. */
  readonly snapshotAfterBytes: number;
  /** Fault switches, decided by the store: see faults.ts. */
  readonly tornTailFatal: boolean;
  readonly forgetTailRecords: number;
  readonly skipSync: boolean;
}

export const defaultWalOptions: WalOptions = {
  segmentBytesMax: 16 * 1024 * 1024,
  snapshotAfterBytes: 32 * 1024 * 1024,
  tornTailFatal: false,
  forgetTailRecords: 0,
  skipSync: false,
};

/** Records that share one sync, at most. */
const groupBytesMax = 8 * 1024 * 1024;

interface Waiting {
  readonly record: Pieces;
  /** Called when the record is durable, in the order of the appends. */
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Records that stand for the state after all appends that have resolved, and for those under way; or
 * null where this is not the moment. Called between two writes to the log; what it returns must not
 * change afterwards.
 */
export type Capture = () => Iterable<Pieces> | null;

const segmentPattern = /^wal-(\d{8})\.log$/;

function indexesOf(names: readonly string[], pattern: RegExp): number[] {
  return names
    .map((name) => pattern.exec(name))
    .filter((match) => match !== null)
    .map((match) => Number(match[1]))
    .sort((left, right) => left - right);
}

function segmentName(index: number): string {
  return `wal-${String(index).padStart(8, '0')}.log`;
}

export class WriteAheadLog {
  readonly #disk: Disk;
  readonly #log: Log;
  readonly #options: WalOptions;
  #file: AppendFile | null = null;
  #segment = 0;
  #segmentBytes = 0;
  #queue: Waiting[] = [];
  #busy = false;
  #failure: LogError | null = null;
  #full: LogError | null = null;
  #capture: Capture = () => null;
  /** In all segments since the last snapshot. */
  #logBytes = 0;
  #snapshotBytes = 0;
  #snapshotting = false;
  syncs = 0;
  records = 0;
  snapshots = 0;

  constructor(disk: Disk, log: Log, options: WalOptions) {
    this.#disk = disk;
    this.#log = log;
    this.#options = options;
  }

  /**
   * Reads the last snapshot and all segments after it, and hands each record to `replay`. From then on
   * `capture` is asked for snapshots. Throws LogError.
   */
  async open(replay: (record: Uint8Array) => void, capture: Capture = () => null): Promise<void> {
    const names = await this.#disk.list();
    const snapshots = indexesOf(names, snapshotPattern);
    const first = await this.#openSnapshot(snapshots, replay);
    const segments = indexesOf(names, segmentPattern);
    const kept = segments.filter((segment) => segment >= first);
    const missing = kept.findIndex((segment, i) => segment !== first + i);
    if (missing >= 0) throw this.#damaged(segmentName(first + missing), 0);
    for (const segment of kept) await this.#readSegment(segment, segment === kept.at(-1), replay);
    this.#segment = kept.at(-1) ?? first;
    this.#file = await this.#disk.append(segmentName(this.#segment));
    // A process that was killed between write and sync left records that only the page cache has.
    // They were replayed and will be shown and shipped, so they must not vanish with the power.
    await this.#file.sync();
    // So it is with a snapshot: whole as it is, it may be in the page cache alone, and replaces what is durable.
    if (snapshots.includes(first)) await this.#syncFile(snapshotName(first));
    const obsolete = [
      ...snapshots.filter((index) => index !== first).map(snapshotName),
      ...segments.filter((segment) => segment < first).map(segmentName),
    ];
    for (const name of obsolete) await this.#disk.remove(name);
    this.#capture = capture;
  }

  async #syncFile(name: string): Promise<void> {
    const file = await this.#disk.append(name);
    await file.sync();
    await file.close();
  }

  /** Replays the last complete snapshot; returns the first segment that counts besides. */
  async #openSnapshot(
    indexes: readonly number[],
    replay: (record: Uint8Array) => void,
  ): Promise<number> {
    for (const index of indexes.toReversed()) {
      const bytes = (await this.#disk.read(snapshotName(index))) ?? new Uint8Array();
      const records = readSnapshot(bytes, index);
      if (records === null) continue;
      this.#snapshotBytes = bytes.length;
      for (const record of records) replay(record);
      return index;
    }
    return 1;
  }

  #damaged(name: string, offset: number): LogError {
    return new LogError(
      'LOG_DAMAGED',
      `${name} is damaged at byte ${offset} and valid records follow; restore the data folder ` +
        'from a backup, or empty it to fetch everything from the replicas',
    );
  }

  async #readSegment(
    segment: number,
    last: boolean,
    replay: (record: Uint8Array) => void,
  ): Promise<void> {
    const name = segmentName(segment);
    const bytes = (await this.#disk.read(name)) ?? new Uint8Array();
    const found = scan(bytes, segment);
    if (found.type === 'damaged' || (found.type === 'torn' && !last)) {
      const offset = found.type === 'damaged' ? found.offset : found.validBytes;
      throw this.#damaged(name, offset);
    }
    let { records } = found;
    this.#segmentBytes = bytes.length;
    if (found.type === 'torn') {
      await this.#cutTail(name, bytes.length, found.validBytes);
      this.#segmentBytes = found.validBytes;
    }
    if (last && this.#options.forgetTailRecords > 0) {
      records = records.slice(0, -this.#options.forgetTailRecords);
    }
    for (const record of records) {
      this.records++;
      replay(record);
    }
    this.#logBytes += this.#segmentBytes;
  }

  async #cutTail(name: string, length: number, validBytes: number): Promise<void> {
    if (this.#options.tornTailFatal) {
      throw new LogError('LOG_DAMAGED', `${name} has a torn tail at byte ${validBytes}`);
    }
    const cutBytes = length - validBytes;
    this.#log('warn', 'wal.torn-tail-cut', { file: name, keptBytes: validBytes, cutBytes });
    await this.#disk.truncate(name, validBytes);
  }

  /** Resolves when the record is durable. Rejects with LogError; then it may or may not be. */
  append(record: Pieces): Promise<void> {
    return new Promise((resolve, reject) => this.put(record, resolve, reject));
  }

  /** As `append`; one of the two is called, once, and must not throw. */
  put(record: Pieces, durable: () => void, failed: (error: Error) => void): void {
    if (this.#failure) failed(this.#failure);
    else if (framedBytes([record]) > frameBytesMax) {
      const message = `a record of ${bytesIn(record)} bytes does not fit into the log`;
      failed(new LogError('RECORD_TOO_LONG', message));
    } else {
      this.#queue.push({ record, resolve: durable, reject: failed });
      if (!this.#busy) void this.#drain();
    }
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      try {
        if (this.#isLong()) await this.#cut();
        await this.#commit(group.map((waiting) => waiting.record));
        this.#full = null;
        for (const waiting of group) waiting.resolve();
      } catch (cause) {
        const error = await this.#failed(cause);
        for (const waiting of [...group, ...this.#queue]) waiting.reject(error);
        this.#queue = [];
      }
    }
    this.#busy = false;
  }

  /** Why nothing can be appended at present; null where nothing is wrong. */
  get trouble(): LogError | null {
    return this.#failure ?? this.#full;
  }

  async #failed(cause: unknown): Promise<LogError> {
    const code = (cause as { code?: unknown } | null)?.code;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      try {
        await this.#disk.truncate(segmentName(this.#segment), this.#segmentBytes);
        if (!this.#full) this.#log('error', 'wal.full', { reason: String(cause) });
        this.#full = new LogError('LOG_FULL', 'the disk is full; free some space', { cause });
        return this.#full;
      } catch (error) {
        this.#log('error', 'wal.not-cut', { reason: String(error) });
      }
    }
    this.#failure = new LogError(
      'LOG_FAILED',
      'the write-ahead log cannot be written; free or replace the disk and restart the node',
      { cause },
    );
    this.#log('error', 'wal.failed', { reason: String(cause) });
    return this.#failure;
  }

  #nextGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      bytes += bytesIn(record);
      if (count > 0 && bytes > groupBytesMax) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(records: readonly Pieces[]): Promise<void> {
    const length = framedBytes(records);
    if (this.#segmentBytes > 0 && this.#segmentBytes + length > this.#options.segmentBytesMax) {
      await this.#nextSegment();
    }
    const framed = frame(records, this.#segment, this.#segmentBytes);
    await (this.#options.skipSync ? this.#file!.write(framed) : this.#file!.writeThrough(framed));
    this.#segmentBytes += length;
    this.#logBytes += length;
    this.syncs++;
    this.records += records.length;
  }

  async #nextSegment(): Promise<void> {
    // The old one stays in use where there is no space for a new one.
    const next = await this.#disk.append(segmentName(this.#segment + 1));
    await this.#file?.close();
    this.#segment++;
    this.#segmentBytes = 0;
    this.#file = next;
  }

  /** Whether a snapshot is due. */
  #isLong(): boolean {
    const dueBytes = Math.max(this.#options.snapshotAfterBytes, 2 * this.#snapshotBytes);
    return !this.#snapshotting && this.#logBytes >= dueBytes;
  }

  /** Begins a snapshot, if this is the moment. */
  async #cut(): Promise<void> {
    const records = this.#capture();
    if (records === null) return;
    await this.#nextSegment();
    this.#snapshotting = true;
    this.#logBytes = 0;
    void this.#snapshot(this.#segment, records).finally(() => {
      this.#snapshotting = false;
    });
  }

  /** Never rejects: without the snapshot the segments stay, and the next one makes up for it. */
  async #snapshot(index: number, records: Iterable<Pieces>): Promise<void> {
    try {
      this.#snapshotBytes = await writeSnapshot(this.#disk, index, records);
      for (const name of await this.#disk.list()) {
        const old = segmentPattern.exec(name) ?? snapshotPattern.exec(name);
        if (old && Number(old[1]) < index) await this.#disk.remove(name);
      }
      this.snapshots++;
    } catch (error) {
      this.#log('warn', 'wal.snapshot-failed', { reason: String(error) });
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}
