/**
 * The write-ahead log: segments of framed records, with group commit. Appends that arrive while a
 * sync is under way are written and synced together by the next one, so the number of syncs does
 * not grow with the number of writers (DeWitt et al. 1984).
 *
 * Promises: an append resolves when its record is durable. If a write or sync fails the log is
 * closed for good, since nobody knows what reached the disk; all later appends reject.
 */
import type { AppendFile, Disk, Log } from '../env/env.ts';
import { frame, scan } from './record.ts';

export class LogError extends Error {
  readonly code: 'LOG_DAMAGED' | 'LOG_FAILED';
  constructor(code: LogError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
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

interface Waiting {
  readonly bytes: Uint8Array;
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

  /** Reads all segments in order and hands each record's payload to `replay`. Throws LogError. */
  async open(replay: (payload: Uint8Array) => void): Promise<void> {
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
  }

  async #readSegment(
    segment: number,
    last: boolean,
    replay: (payload: Uint8Array) => void,
  ): Promise<void> {
    const name = this.#name(segment);
    const bytes = (await this.#disk.read(name)) ?? new Uint8Array();
    const found = scan(bytes);
    if (found.type === 'damaged' || (found.type === 'torn' && !last)) {
      const offset = found.type === 'damaged' ? found.offset : found.validBytes;
      throw new LogError(
        'LOG_DAMAGED',
        `${name} is damaged at byte ${offset} and valid records follow; restore the data folder from ` +
          'a backup, or empty it to fetch everything from the replicas',
      );
    }
    let payloads = found.payloads;
    this.#segmentBytes = bytes.length;
    if (found.type === 'torn') {
      if (this.#options.tornTailFatal) {
        throw new LogError('LOG_DAMAGED', `${name} has a torn tail at byte ${found.validBytes}`);
      }
      this.#log('warn', 'wal.torn-tail-cut', {
        file: name,
        keptBytes: found.validBytes,
        cutBytes: bytes.length - found.validBytes,
      });
      await this.#disk.truncate(name, found.validBytes);
      this.#segmentBytes = found.validBytes;
    }
    if (last && this.#options.forgetTailRecords > 0) {
      payloads = payloads.slice(0, -this.#options.forgetTailRecords);
    }
    for (const payload of payloads) {
      this.records++;
      replay(payload);
    }
  }

  #name(segment: number): string {
    return `wal-${String(segment).padStart(8, '0')}.log`;
  }

  /** Resolves when the record is durable. Rejects with LogError; then it may or may not be. */
  append(payload: Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes: frame(payload), resolve, reject });
      if (!this.#busy) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      const group = this.#queue;
      this.#queue = [];
      try {
        await this.#commit(group);
        for (const waiting of group) waiting.resolve();
      } catch (cause) {
        this.#failure = new LogError('LOG_FAILED', 'the write-ahead log cannot be written', {
          cause,
        });
        this.#log('error', 'wal.failed', { reason: String(cause) });
        for (const waiting of [...group, ...this.#queue]) waiting.reject(this.#failure);
        this.#queue = [];
      }
    }
    this.#busy = false;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const length = group.reduce((sum, waiting) => sum + waiting.bytes.length, 0);
    if (this.#segmentBytes > 0 && this.#segmentBytes + length > this.#options.segmentBytesMax) {
      await this.#file!.close();
      this.#segment++;
      this.#segmentBytes = 0;
      this.#file = await this.#disk.append(this.#name(this.#segment));
    }
    const bytes = new Uint8Array(length);
    let offset = 0;
    for (const waiting of group) {
      bytes.set(waiting.bytes, offset);
      offset += waiting.bytes.length;
    }
    await this.#file!.write(bytes);
    if (!this.#options.skipSync) await this.#file!.sync();
    this.#segmentBytes += length;
    this.syncs++;
    this.records += group.length;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}
