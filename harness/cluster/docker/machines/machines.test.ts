import { describe, expect, it } from 'vitest';
import { both, linesFor, settingsOf } from './link-lines.ts';
import { measureOf } from './links.ts';
import { diskOptions, type Inspected, whyPowerIsBlind } from './machines.ts';

const nodes = [
  { name: 'n1', address: '10.0.0.1' },
  { name: 'n2', address: '10.0.0.2' },
  { name: 'n3', address: '10.0.0.3' },
];

describe('lines for a forwarder', () => {
  it('only forget, where nothing is wrong', () => {
    expect(linesFor(nodes[0], nodes, new Map())).toEqual(['clear']);
  });

  it('give a node with a fault to everybody, and to its peers only the link to it', () => {
    const faults = new Map([['n2', { loss: 0.2 }]]);
    expect(linesFor(nodes[1], nodes, faults)).toEqual(['clear', 'set * loss 0.2']);
    expect(linesFor(nodes[0], nodes, faults)).toEqual(['clear', 'set 10.0.0.2 loss 0.2']);
  });

  it('add up the faults of both ends', () => {
    const faults = new Map([
      ['n1', { loss: 0.5, delayMs: [10, 20] as const }],
      ['n2', { loss: 0.5, delayMs: [1, 1] as const, bytesPerMs: 100 }],
    ]);
    expect(linesFor(nodes[0], nodes, faults)).toEqual([
      'clear',
      'set * delay_ms 15 jitter_ms 5 loss 0.5',
      'set 10.0.0.2 delay_ms 16 jitter_ms 5 loss 0.75 rate_bits 800000',
    ]);
    expect(both(undefined, undefined)).toEqual({});
  });

  it('mend the checksum of what is corrupted, else it would be a loss', () => {
    expect(settingsOf({ corruption: 0.1 })).toBe('corrupt 0.1 mend_checksum 1');
    const burst = { beginShare: 0.02, endShare: 0.2 };
    expect(settingsOf({ burst })).toBe('burst_begin 0.02 burst_end 0.2');
  });
});

it('a measurement counts copies, and those that came after a later one', () => {
  const received = { numbers: [0, 2, 1, 2, 4], latencies: [1, 1, 4, 9, 2], changed: 1 };
  expect(measureOf(5, received)).toEqual({
    sent: 5,
    arrived: 4,
    repeated: 1,
    overtaken: 1,
    changed: 1,
    meanMs: 2,
  });
  expect(measureOf(5, { numbers: [], latencies: [], changed: 0 }).meanMs).toBeNaN();
});

describe('power loss is refused', () => {
  const fine: Inspected = {
    name: 'node',
    static: false,
    loaded: true,
    ioUring: false,
    sharedMappings: 0,
  };
  it('for what writes where nobody sees it, by name', () => {
    expect(whyPowerIsBlind([fine])).toBeNull();
    expect(whyPowerIsBlind([])).toMatch(/could be looked at/);
    expect(whyPowerIsBlind([{ ...fine, static: true, name: 'etcd' }])).toMatch(/^etcd is a static/);
    expect(whyPowerIsBlind([fine, { ...fine, ioUring: true }])).toMatch(/io_uring/);
    expect(whyPowerIsBlind([{ ...fine, sharedMappings: 2 }])).toMatch(/shared mappings/);
    expect(whyPowerIsBlind([{ ...fine, loaded: false }])).toMatch(/without the library/);
  });
});

it('a failing disk is told by the calls that fail, their share and their error', () => {
  expect(diskOptions({ error: 'full', on: ['write'] })).toEqual(['write=ENOSPC']);
  expect(diskOptions({ error: 'read-only' })).toEqual(['write=EROFS', 'names=EROFS']);
  const some = { error: 'io-error', on: ['sync'], share: 0.25 } as const;
  expect(diskOptions(some)).toEqual(['sync=EIO', 'permille=250']);
  expect(diskOptions({ syncMs: 50, writeMs: 0.5 })).toEqual([
    'write_delay_us=500',
    'sync_delay_us=50000',
  ]);
});
