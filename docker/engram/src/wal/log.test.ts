import { describe, expect, it } from 'vitest';
import { VirtualDisk } from '../store/testing/disk.ts';
import { defaultWalOptions, type LogError, WriteAheadLog } from './log.ts';
import { frame, headerBytes, type Pieces, scan } from './record.ts';

/** Delays of the disk pass at once; `release` lets held ones go on. */
function makeDisk(held = false) {
  const disk = new VirtualDisk(() => 0.5);
  const waiting: (() => void)[] = [];
  const after = (_delayMs: number, fn: () => void): void => {
    if (held) waiting.push(fn);
    else queueMicrotask(fn);
  };
  return { disk, mounted: disk.mount(after), waiting };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const record = (value: string): Pieces => [Buffer.from(value, 'utf8')];

async function replayed(disk: VirtualDisk, options = defaultWalOptions) {
  const found: string[] = [];
  const logged: string[] = [];
  const mounted = disk.mount((_delayMs, fn) => queueMicrotask(fn));
  const log = new WriteAheadLog(mounted, (_level, event) => logged.push(event), options);
  await log.open((bytes) => found.push(text(bytes)));
  return { log, found, logged };
}

/** A log with each of `values` in a frame of its own. */
async function written(values: readonly string[], options = defaultWalOptions) {
  const { disk } = makeDisk();
  const { log } = await replayed(disk, options);
  for (const value of values) await log.append(record(value));
  await log.close();
  return disk;
}

const only = 'wal-00000001.log';

describe('the write-ahead log', () => {
  it('replays what was appended, in order', async () => {
    const disk = await written(['a', 'bb', 'ccc']);
    expect((await replayed(disk)).found).toEqual(['a', 'bb', 'ccc']);
  });

  it('goes on after a restart', async () => {
    const disk = await written(['a']);
    const { log } = await replayed(disk);
    await log.append(record('b'));
    expect((await replayed(disk)).found).toEqual(['a', 'b']);
  });

  it('shares one sync among appends that come while another is under way', async () => {
    const { disk } = makeDisk();
    const { log } = await replayed(disk);
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(record(`value ${i}`))));
    expect(log.syncs).toBe(2);
    expect((await replayed(disk)).found).toHaveLength(100);
  });

  it('resolves an append after the sync and not before', async () => {
    const { mounted, waiting } = makeDisk(true);
    const log = new WriteAheadLog(mounted, () => {}, defaultWalOptions);
    const step = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      waiting.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
    };
    const opened = log.open(() => {});
    for (let i = 0; i < 3; i++) await step();
    await opened;
    let durable = false;
    void log.append(record('a')).then(() => {
      durable = true;
    });
    await step();
    expect(durable).toBe(false);
    await step();
    expect(durable).toBe(true);
  });

  it('begins a new segment when one is full, and reads all of them', async () => {
    const options = { ...defaultWalOptions, segmentBytesMax: 64 };
    const values = Array.from({ length: 20 }, (_, i) => `value number ${i}`);
    const disk = await written(values, options);
    expect(disk.names().length).toBeGreaterThan(5);
    expect((await replayed(disk, options)).found).toEqual(values);
  });

  it('cuts a torn tail off wherever it was torn, and says so', async () => {
    const disk = await written(['first', 'second']);
    const whole = disk.content(only).slice();
    const kept = headerBytes + 4 + 'first'.length;
    for (let length = kept + 1; length < whole.length; length++) {
      disk.put(only, whole.slice(0, length));
      const { found, logged } = await replayed(disk);
      expect([length, found]).toEqual([length, ['first']]);
      expect(logged).toEqual(['wal.torn-tail-cut']);
      expect(disk.content(only)).toHaveLength(kept);
    }
  });

  it('cuts a whole group off of which a part in the middle is missing', async () => {
    const { disk } = makeDisk();
    const { log } = await replayed(disk);
    await log.append(record('before'));
    await Promise.all(['one', 'two', 'three', 'four'].map((value) => log.append(record(value))));
    const bytes = disk.content(only);
    // "one" went alone; the group is "two", "three", "four", and "two" did not reach the disk.
    bytes.fill(0, bytes.indexOf(0x74), bytes.indexOf(0x74) + 3);
    expect((await replayed(disk)).found).toEqual(['before', 'one']);
  });

  it('appends after a torn tail was cut', async () => {
    const disk = await written(['first', 'second']);
    disk.put(only, disk.content(only).slice(0, -1));
    const { log } = await replayed(disk);
    await log.append(record('third'));
    expect((await replayed(disk)).found).toEqual(['first', 'third']);
  });

  it('reports damage before valid records, with file and offset', async () => {
    const disk = await written(['first', 'second', 'third']);
    const offset = headerBytes + 4 + 'first'.length;
    disk.content(only)[offset + headerBytes + 5] ^= 1;
    await expect(replayed(disk)).rejects.toMatchObject({
      code: 'LOG_DAMAGED',
      message: expect.stringContaining(`${only} is damaged at byte ${offset}`),
    } satisfies Partial<LogError>);
  });

  it('reports a segment that ends too early if another one follows', async () => {
    const options = { ...defaultWalOptions, segmentBytesMax: 64 };
    const disk = await written(['a'.repeat(40), 'b'.repeat(40)], options);
    disk.put(only, disk.content(only).slice(0, -1));
    await expect(replayed(disk, options)).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
  });

  it('is not fooled by content that looks like a record', async () => {
    const disk = await written(['first']);
    const inner = Buffer.concat(frame([record('forged')], 1, 0));
    const whole = Buffer.concat(frame([[inner], [inner]], 1, disk.content(only).length));
    const torn = whole.subarray(0, -1);
    disk.put(only, Buffer.concat([disk.content(only), torn]));
    expect((await replayed(disk)).found).toEqual(['first']);
  });

  it('makes durable what a killed process had written and not synced', async () => {
    const options = { ...defaultWalOptions, skipSync: true };
    const disk = await written(['a'], options);
    expect((await replayed(disk)).found).toEqual(['a']);
    disk.crash(true);
    expect((await replayed(disk)).found).toEqual(['a']);
  });

  it('takes no more appends after a write failed', async () => {
    const { mounted } = makeDisk();
    let full = false;
    const failing = {
      ...mounted,
      append: async (name: string) => ({
        ...(await mounted.append(name)),
        writeThrough: async () => {
          if (full) throw new Error('ENOSPC');
        },
      }),
    };
    const log = new WriteAheadLog(failing, () => {}, defaultWalOptions);
    await log.open(() => {});
    full = true;
    await expect(log.append(record('a'))).rejects.toMatchObject({ code: 'LOG_FAILED' });
    full = false;
    await expect(log.append(record('b'))).rejects.toMatchObject({ code: 'LOG_FAILED' });
  });
});

describe('a snapshot', () => {
  const options = { ...defaultWalOptions, segmentBytesMax: 100, snapshotAfterBytes: 300 };
  const snapshot = /^snap-/;

  /** A log whose state is the set of its records, cut whenever that is due. */
  async function opened(disk: VirtualDisk) {
    const state = new Set<string>();
    const log = new WriteAheadLog(makeMounted(disk), () => {}, options);
    await log.open(
      (bytes) => state.add(text(bytes)),
      () => [...state].map(record),
    );
    return { log, state };
  }

  function makeMounted(disk: VirtualDisk) {
    return disk.mount((_delayMs, fn) => queueMicrotask(fn));
  }

  async function fill(disk: VirtualDisk, from: number, to: number): Promise<void> {
    const { log, state } = await opened(disk);
    for (let i = from; i < to; i++) {
      await log.append(record(`value ${i % 10}`));
      state.add(`value ${i % 10}`);
    }
    // What is left of a snapshot that is being written.
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('takes the place of the segments before it', async () => {
    const { disk } = makeDisk();
    await fill(disk, 0, 100);
    expect(disk.names().filter((name) => snapshot.test(name))).toHaveLength(1);
    expect(disk.names().length).toBeLessThan(10);
    expect((await opened(disk)).state.size).toBe(10);
    await fill(disk, 100, 200);
    expect((await opened(disk)).state.size).toBe(10);
  });

  it('does not count until it is complete', async () => {
    const { disk } = makeDisk();
    await fill(disk, 0, 8);
    const names = disk.names();
    const later = `snap-${String(names.length + 1).padStart(8, '0')}.log`;
    disk.put(later, Buffer.concat(frame([record('half')], names.length + 1, 0)));
    expect([...(await opened(disk)).state]).not.toContain('half');
    expect(disk.names()).not.toContain(later);
  });

  it('is reported and kept when it is damaged and nothing else is left', async () => {
    const { disk } = makeDisk();
    await fill(disk, 0, 100);
    const name = disk.names().find((each) => snapshot.test(each))!;
    disk.content(name)[20] ^= 1;
    await expect(opened(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
    expect(disk.names()).toContain(name);
  });
});

describe('framing', () => {
  it('is what logs on disk have', () => {
    const framed = Buffer.concat(frame([record('123456789')], 3, 100));
    expect(framed.toString('hex')).toBe('0d000000c9109f9009000000313233343536373839');
  });

  it('is the same however many pieces a record is made of', () => {
    const pieces = [Buffer.from('123'), Buffer.from('4567'), Buffer.from('89')];
    const framed = Buffer.concat(frame([record('x'), pieces, record('y')], 3, 100));
    const whole = Buffer.concat(frame([record('x'), record('123456789'), record('y')], 3, 100));
    expect(framed.equals(whole)).toBe(true);
  });

  it('does not take a frame at another place for valid', () => {
    const framed = Buffer.concat(frame([record('a')], 3, 100));
    expect(scan(framed, 3).type).toBe('torn');
    const elsewhere = Buffer.concat(frame([record('a')], 3, 0));
    expect(scan(elsewhere, 3).type).toBe('whole');
    expect(scan(elsewhere, 4).type).toBe('torn');
  });
});

describe('a file of noise', () => {
  it('is told from a log in moments, however much of it there is', () => {
    let state = 7;
    const noise = Uint8Array.from({ length: 8 * 1024 * 1024 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
    const begun = performance.now();
    expect(scan(noise, 1)).toEqual({ type: 'torn', records: [], validBytes: 0 });
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
