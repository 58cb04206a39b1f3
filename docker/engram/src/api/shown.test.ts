import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { MemoryState, MemoryVersion } from '../data.ts';
import { bytesOf } from '../query/embedding.ts';
import { showMemory, timeText } from './shown.ts';

const version = (counter: number, more: Partial<MemoryVersion> = {}): MemoryVersion => ({
  id: 'kettle',
  dot: `n1.aaaaa:${counter}`,
  actor: 'n1.aaaaa',
  counter,
  deps: { v: {}, d: {} },
  rank: 0.8,
  inherited: 0,
  hlc: { ms: 1, counter: 0 },
  node: 'n1',
  deleted: false,
  content: `value ${counter}`,
  confidence: 0.8,
  tags: ['kitchen'],
  memoryType: 'semantic',
  observedAtMs: Date.UTC(2026, 0, 1, 12, 34, 56, 7) + counter,
  storedAtMs: 0,
  embedding: null,
  ...more,
});

const state = (...siblings: MemoryVersion[]): MemoryState => ({
  id: 'kettle',
  shown: siblings[0],
  siblings,
});

describe('the text of a time', () => {
  const times = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
  test.prop([times])('is that of Date', (ms) => {
    expect(timeText(ms)).toBe(new Date(ms).toISOString());
  });

  it.each([0, -1, 999, 1000, 59_999, 60_000, 86_399_999, 86_400_000, 1.5])('at %d, too', (ms) => {
    expect(timeText(ms)).toBe(new Date(ms).toISOString());
  });
});

describe('a memory that is shown again', () => {
  it('is the same object as long as nothing has changed', () => {
    const only = version(1);
    expect(showMemory(state(only), 1, false)).toBe(showMemory(state(only), 1, false));
  });

  it('has the confidence that counts now', () => {
    const only = version(2);
    expect(showMemory(state(only), 1, false)).toMatchObject({ confidence: 0.8 });
    const dimmed = showMemory(state(only), 0.5, false);
    expect(dimmed).toMatchObject({ confidence: 0.4, siblings: [{ confidence: 0.4 }] });
    expect(showMemory(state(only), 1, false)).toMatchObject({ confidence: 0.8 });
  });

  it('has the siblings that it has now', () => {
    const [best, other] = [version(3), version(4, { deleted: true })];
    expect(showMemory(state(best), 1, false)).toMatchObject({ conflict: false });
    expect(showMemory(state(best, other), 1, false)).toEqual({
      id: 'kettle',
      version: best.dot,
      content: 'value 3',
      confidence: 0.8,
      timestamp: '2026-01-01T12:34:56.010Z',
      memory_type: 'semantic',
      tags: ['kitchen'],
      conflict: true,
      siblings: [
        {
          version: best.dot,
          content: 'value 3',
          confidence: 0.8,
          timestamp: '2026-01-01T12:34:56.010Z',
        },
        {
          version: other.dot,
          content: 'value 4',
          confidence: 0.8,
          timestamp: '2026-01-01T12:34:56.011Z',
          deleted: true,
        },
      ],
    });
    expect(showMemory(state(best, version(5)), 1, false).siblings[1].content).toBe('value 5');
    expect(showMemory(state(best), 1, false).siblings).toHaveLength(1);
  });

  it('has an embedding only where it is asked for', () => {
    const only = version(6, { embedding: bytesOf(Float32Array.of(0.5, -0.25)) });
    expect(showMemory(state(only), 1, true).embedding).toEqual([0.5, -0.25]);
    expect(showMemory(state(only), 1, false)).not.toHaveProperty('embedding');
  });

  it('is right also after more were shown than are kept', () => {
    const first = version(7);
    showMemory(state(first), 1, false);
    for (let i = 0; i < 10_000; i++) {
      expect(showMemory(state(version(100 + i)), 1, false).content).toBe(`value ${100 + i}`);
    }
    expect(showMemory(state(first), 1, false).content).toBe('value 7');
  });
});
