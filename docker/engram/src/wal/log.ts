/**
 * The write-ahead log: segments of framed records, with group commit. Appends that arrive while a
 * sync is under way are written and synced together by the next one, so the number of syncs does
 * not grow with the number of writers (DeWitt et al. 1984).
 *
 * Promises: an append resolves when its record is durable; records become durable in the order of
 * their appends; what `open` replays is durable. If a write or sync fails the log is closed for good,
 * since nobody knows what reached the disk; all later appends reject.
 *
 * It never removes anything: there are no snapshots, and a start reads all segments.
 */
import type { AppendFile, Disk, Log } from '../env/env.ts';
import { frame, frameBytesMax, framedBytes, scan } from './record.ts';

export class LogError extends Error {
  readonly code: 'LOG_DAMAGED' | 'LOG_FAILED' | 'RECORD_TOO_LONG';
  constructor(code: LogError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

export interface WalOptions {
  readonly segmentBytesMax: number;
  /** Fault switches, decided by the store: see faults.ts. */
  readonly tornTailFatal: boolean;
  readonly forgetTailRecords: number;
  readonly skipSync: boolean;
}

export const defaultWalOptions: WalOptions = {
  segmentBytesMax: 64 * 1024 * 1024,
  tornTailFatal: false,
  forgetTailRecords: 0,
  skipSync: false,
};

/** Records that share one sync, at most. */
const groupBytesMax = 8 * 1024 * 1024;

interface Waiting {
  readonly record: Uint8Array;
  resolve(): void;
  reject(error: Error): void;
}

const segmentName = /^wal-(\d{8})\.log$/;

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
  syncs = 0;
  records = 0;

  constructor(disk: Disk, log: Log, options: WalOptions) {
    this.#disk = disk;
    this.#log = log;
    this.#options = options;
  }

  /** Reads all segments in order and hands each record to `replay`. Throws LogError. */
  async open(replay: (record: Uint8Array) => void): Promise<void> {
    const segments = (await this.#disk.list())
      .map((name) => segmentName.exec(name))
      .filter((match) => match !== null)
      .map((match) => Number(match[1]))
      .sort((left, right) => left - right);
    for (const segment of segments) {
      await this.#readSegment(segment, segment === segments.at(-1), replay);
    }
    this.#segment = segments.at(-1) ?? 1;
    this.#file = await this.#disk.append(this.#name(this.#segment));
    // A process that was killed between write and sync left records that only the page cache has.
    // They were replayed and will be shown and shipped, so they must not vanish with the power.
    await this.#file.sync();
  }

  async #readSegment(
    segment: number,
    last: boolean,
    replay: (record: Uint8Array) => void,
  ): Promise<void> {
    const name = this.#name(segment);
    const bytes = (await this.#disk.read(name)) ?? new Uint8Array();
    const found = scan(bytes, segment);
    if (found.type === 'damaged' || (found.type === 'torn' && !last)) {
      const offset = found.type === 'damaged' ? found.offset : found.validBytes;
      throw new LogError(
        'LOG_DAMAGED',
        `${name} is damaged at byte ${offset} and valid records follow; restore the data folder ` +
          'from a backup, or empty it to fetch everything from the replicas',
      );
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
  }

  async #cutTail(name: string, length: number, validBytes: number): Promise<void> {
    if (this.#options.tornTailFatal) {
      throw new LogError('LOG_DAMAGED', `${name} has a torn tail at byte ${validBytes}`);
    }
    const cutBytes = length - validBytes;
    this.#log('warn', 'wal.torn-tail-cut', { file: name, keptBytes: validBytes, cutBytes });
    await this.#disk.truncate(name, validBytes);
  }

  #name(segment: number): string {
    return `wal-${String(segment).padStart(8, '0')}.log`;
  }

  /** Resolves when the record is durable. Rejects with LogError; then it may or may not be. */
  append(record: Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (framedBytes([record]) > frameBytesMax) {
      const message = `a record of ${record.length} bytes does not fit into the log`;
      return Promise.reject(new LogError('RECORD_TOO_LONG', message));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, resolve, reject });
      if (!this.#busy) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#commit(group.map((waiting) => waiting.record));
        for (const waiting of group) waiting.resolve();
      } catch (cause) {
        this.#failure = new LogError(
          'LOG_FAILED',
          'the write-ahead log cannot be written; free or replace the disk and restart the node',
          { cause },
        );
        this.#log('error', 'wal.failed', { reason: String(cause) });
        for (const waiting of [...group, ...this.#queue]) waiting.reject(this.#failure);
        this.#queue = [];
      }
    }
    this.#busy = false;
  }

  #nextGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      bytes += record.length;
      if (count > 0 && bytes > groupBytesMax) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(records: readonly Uint8Array[]): Promise<void> {
    const length = framedBytes(records);
    if (this.#segmentBytes > 0 && this.#segmentBytes + length > this.#options.segmentBytesMax) {
      await this.#file!.close();
      this.#segment++;
      this.#segmentBytes = 0;
      this.#file = await this.#disk.append(this.#name(this.#segment));
    }
    await this.#file!.write(frame(records, this.#segment, this.#segmentBytes));
    if (!this.#options.skipSync) await this.#file!.sync();
    this.#segmentBytes += length;
    this.syncs++;
    this.records += records.length;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}
