/**
 * What the store writes to its log, how it reads that back, and how it puts a snapshot in the place of
 * a log that has grown long.
 *
 * What a state knows says "all of this is here", so it is never durable before what it speaks of: a
 * merged state is logged in parts that count for nothing until the record with its knowledge is there.
 *
 * Every start begins a new life, which is durable before its first dot is given: so a folder that comes back in an
 * older state, or a last frame that is gone, never makes a node give a dot away twice.
 */
import { actorOf } from '../conflict/vector.ts';
import type { Knowledge, MemoryVersion } from '../data.ts';
import type { Env } from '../env/env.ts';
import type { Faults } from '../faults.ts';
import { defaultWalOptions, type LogError, type WalOptions, WriteAheadLog } from '../wal/log.ts';
import type { Pieces } from '../wal/record.ts';
import {
  approximateBytes,
  type DotRange,
  type LogRecord,
  type PackedVersion,
  pack,
  packInPieces,
  packVersion,
  unpack,
  unpackVersionInPlace,
} from './codec.ts';

/** How many records `restart-forgets-log-tail` drops. */
const forgottenRecords = 50;
/** Size of one record of a merge. */
const partBytesMax = 1024 * 1024;
const lifeDigits = 7;

/** For tests: a log that is cut often. */
export type LogLimits = Partial<Pick<WalOptions, 'segmentBytesMax' | 'snapshotAfterBytes'>>;

/** One space, at one moment. */
export interface SpaceImage {
  readonly space: string;
  readonly known: Knowledge;
  readonly versions: readonly MemoryVersion[];
  /** Durable, and not visible yet. */
  readonly deferred: readonly MemoryVersion[];
  readonly voids: readonly DotRange[];
}

/** A peer's state, or a part of it; see `SpaceState.merge`. */
export interface Merge {
  readonly space: string;
  readonly versions: readonly MemoryVersion[];
  readonly known: Knowledge;
  readonly repair: boolean;
}

export interface OwnWrite {
  readonly space: string;
  readonly version: MemoryVersion;
}

/** All that a snapshot stands for. */
export interface Image {
  readonly spaces: readonly SpaceImage[];
  /** Own writes that peers may still lack, and how many there had been before them. */
  readonly unshipped: readonly OwnWrite[];
  readonly shippedCount: number;
}

/** What the journal rebuilds while it is opened. Each call is durable and in the order of the log. */
export interface Rebuilt {
  space(space: string): void;
  /** `own`: accepted by this node, to be shipped to its peers. */
  write(space: string, version: MemoryVersion, own: boolean): void;
  merge(merge: Merge): void;
  void(space: string, range: DotRange): void;
  /** Only at the beginning, from a snapshot. */
  shippedCount(count: number): void;
  unshipped(space: string, version: MemoryVersion): void;
}

export class Journal {
  readonly #env: Env;
  readonly #wal: WriteAheadLog;
  readonly #snapshots: boolean;
  /** Writes between their append and their becoming visible: a snapshot must not miss them. */
  readonly #underWay = new Set<{ space: string; version: MemoryVersion; own: boolean }>();
  #mergesUnderWay = 0;
  /** Merges of the log of which the end is not read yet. */
  readonly #parts = new Map<number, PackedVersion[]>();
  #merges = 0;
  #life = '';
  #log = '';
  readonly #keepsLife: boolean;

  constructor(env: Env, faults: Faults, limits: LogLimits) {
    this.#env = env;
    // A node that is broken on purpose may show what its log does not have.
    this.#snapshots = faults.names.length === 0;
    this.#keepsLife = faults.has('reuse-dots');
    this.#wal = new WriteAheadLog(env.disk, env.log, {
      ...defaultWalOptions,
      ...limits,
      tornTailFatal: faults.has('torn-tail-fatal'),
      forgetTailRecords: faults.has('restart-forgets-log-tail') ? forgottenRecords : 0,
      skipSync: faults.has('ack-before-fsync'),
    });
  }

  /** Names the log, over all lives that it holds. */
  get log(): string {
    return this.#log;
  }

  get syncs(): number {
    return this.#wal.syncs;
  }

  /** Why nothing can be written at present; null where nothing is wrong. */
  get trouble(): LogError | null {
    return this.#wal.trouble;
  }

  /** Tries whether the log can be written again. */
  probe(): Promise<void> {
    return this.#wal.append([this.#lifeRecord()]);
  }

  get snapshots(): number {
    return this.#wal.snapshots;
  }

  /**
   * Reads the log into `rebuilt`; resolves with the actor as which this node writes. `image` is asked
   * for the state when a snapshot is due. Rejects with LogError.
   */
  async open(node: string, rebuilt: Rebuilt, image: () => Image): Promise<string> {
    await this.#wal.open(
      (bytes) => this.#replay(unpack(bytes) as LogRecord, rebuilt),
      () => this.#capture(image),
    );
    this.#parts.clear();
    if (this.#life === '' || !this.#keepsLife) {
      this.#life = this.#newLife();
      if (this.#log === '') this.#log = this.#life;
      await this.#wal.append([this.#lifeRecord()]);
    }
    return actorOf(node, this.#life);
  }

  #lifeRecord(): Uint8Array {
    return pack({ t: 'i', life: this.#life, log: this.#log } satisfies LogRecord);
  }

  #newLife(): string {
    const choices = 36 ** lifeDigits;
    return Math.floor(this.#env.random() * choices)
      .toString(36)
      .padStart(lifeDigits, '0');
  }

  #replay(record: LogRecord, rebuilt: Rebuilt): void {
    switch (record.t) {
      case 'i':
        this.#life = record.life;
        this.#log = record.log;
        break;
      case 's':
        rebuilt.space(record.space);
        break;
      case 'w':
        rebuilt.write(record.space, unpackVersionInPlace(record.version), record.own);
        break;
      case 'p': {
        this.#merges = Math.max(this.#merges, record.merge);
        const parts = this.#parts.get(record.merge);
        if (parts) parts.push(...record.versions);
        else this.#parts.set(record.merge, [...record.versions]);
        break;
      }
      case 'm': {
        const versions = (this.#parts.get(record.merge) ?? []).map(unpackVersionInPlace);
        this.#parts.delete(record.merge);
        const { space, known, repair } = record;
        rebuilt.merge({ space, versions, known, repair });
        break;
      }
      case 'v':
        rebuilt.void(record.space, record.range);
        break;
      case 'c':
        rebuilt.shippedCount(record.count);
        break;
      case 'u':
        rebuilt.unshipped(record.space, unpackVersionInPlace(record.version));
        break;
      default:
        record satisfies never;
    }
  }

  /** Makes the name of a space durable. */
  space(space: string): Promise<void> {
    return this.#wal.append([pack({ t: 's', space } satisfies LogRecord)]);
  }

  /** Makes a write durable, then calls `visible`, which makes it so; or `failed`, at once. */
  write(
    space: string,
    version: MemoryVersion,
    own: boolean,
    visible: () => void,
    failed: () => void = () => {},
  ): Promise<void> {
    const underWay = { space, version, own };
    this.#underWay.add(underWay);
    return new Promise((resolve, reject) => {
      const durable = (): void => {
        this.#underWay.delete(underWay);
        try {
          visible();
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      this.#wal.put(packWrite(underWay), durable, (error) => {
        this.#underWay.delete(underWay);
        failed();
        reject(error);
      });
    });
  }

  /** Makes a peer's state durable, then calls `visible`. */
  async merge(merge: Merge, visible: () => void): Promise<void> {
    this.#mergesUnderWay++;
    try {
      for (const record of this.#mergeRecords(merge)) await this.#wal.append(record);
      visible();
    } finally {
      this.#mergesUnderWay--;
    }
  }

  /** Makes durable that nobody holds a range, then calls `visible`. */
  async void(space: string, range: DotRange, visible: () => void): Promise<void> {
    // As a merge: a snapshot that is taken meanwhile must not miss it.
    this.#mergesUnderWay++;
    try {
      await this.#wal.append([pack({ t: 'v', space, range } satisfies LogRecord)]);
      visible();
    } finally {
      this.#mergesUnderWay--;
    }
  }

  *#mergeRecords({ space, versions, known, repair }: Merge): Generator<Pieces> {
    const merge = ++this.#merges;
    for (const part of inParts(versions)) {
      yield [pack({ t: 'p', merge, versions: part } satisfies LogRecord)];
    }
    yield [pack({ t: 'm', merge, space, known, repair } satisfies LogRecord)];
  }

  /** See `Capture` in wal/log.ts. The parts of a merge and its end must stand in the same log. */
  #capture(image: () => Image): Iterable<Pieces> | null {
    if (!this.#snapshots || this.#mergesUnderWay > 0) return null;
    return this.#snapshotRecords(image(), [...this.#underWay]);
  }

  *#snapshotRecords(
    { spaces, unshipped, shippedCount }: Image,
    underWay: readonly { space: string; version: MemoryVersion; own: boolean }[],
  ): Generator<Pieces> {
    yield [this.#lifeRecord()];
    yield [pack({ t: 'c', count: shippedCount } satisfies LogRecord)];
    for (const { space, version } of unshipped) {
      yield [pack({ t: 'u', space, version: packVersion(version) } satisfies LogRecord)];
    }
    for (const { space, known, versions, deferred, voids } of spaces) {
      yield [pack({ t: 's', space } satisfies LogRecord)];
      yield* this.#mergeRecords({ space, versions, known, repair: false });
      for (const range of voids) yield [pack({ t: 'v', space, range } satisfies LogRecord)];
      for (const version of deferred) yield packWrite({ space, version, own: false });
    }
    for (const each of underWay) yield packWrite(each);
  }

  close(): Promise<void> {
    return this.#wal.close();
  }
}

/** A record of a write up to its version, which comes last. By space, for `own` and for the others. */
const beginnings = new Map<string, readonly [Uint8Array, Uint8Array]>();
const beginningsMax = 1024;

function beginningsOf(space: string): readonly [Uint8Array, Uint8Array] {
  const known = beginnings.get(space);
  if (known !== undefined) return known;
  // A number below 128 is one byte.
  const [foreign, mine] = [false, true].map((own) =>
    pack({ t: 'w', space, own, version: 0 }).slice(0, -1),
  ) as [Uint8Array, Uint8Array];
  if (beginnings.size >= beginningsMax) beginnings.clear();
  const pair = [foreign, mine] as const;
  beginnings.set(space, pair);
  return pair;
}

/** The newest versions that were packed: replicas in one process log a write one after the other. */
const packed = new Map<MemoryVersion, Pieces>();
const packedMax = 32;

function piecesOf(version: MemoryVersion): Pieces {
  const known = packed.get(version);
  if (known !== undefined) return known;
  const pieces = packInPieces(version);
  if (packed.size >= packedMax) packed.clear();
  packed.set(version, pieces);
  return pieces;
}

/** A `LogRecord` of type `w`: the bytes of a version are the same in every log. */
function packWrite({ space, version, own }: OwnWrite & { readonly own: boolean }): Pieces {
  return [beginningsOf(space)[own ? 1 : 0], ...piecesOf(version)];
}

/** Records of limited size, made one at a time. */
function* inParts(versions: readonly MemoryVersion[]): Generator<PackedVersion[]> {
  let part: PackedVersion[] = [];
  let bytes = 0;
  for (const version of versions) {
    bytes += approximateBytes(version);
    if (bytes > partBytesMax && part.length > 0) {
      yield part;
      part = [];
      bytes = approximateBytes(version);
    }
    part.push(packVersion(version));
  }
  if (part.length > 0) yield part;
}
