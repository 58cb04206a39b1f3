/**
 * Seeds at which a soak campaign stumbled. The healthy node must pass them; each stands for a defect that was mended,
 * wherever that was. Their faults and arrivals are those that were found; which operation comes when is drawn
 * otherwise since workloads are compositions, so what exactly each met is kept by the tests of what was mended.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { simulate } from './testing/simulate.ts';

const results = mkdtempSync(join(tmpdir(), 'amnesia-found-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const found: readonly (readonly [string, string, string, string])[] = [
  [
    'what had queued up before a narrow link outlived it, and nodes did not find back',
    '5903',
    'delete',
    'loss,duplicate,bandwidth',
  ],
  [
    'a loss of five of a hundred packets met none of the few that were to prove it',
    '5325',
    'delete',
    'pause,flapping,loss,delay,duplicate,power',
  ],
  [
    'a node was said to be healing between two looks, and had been connected for a moment',
    '90149',
    'delete',
    'kill,pause,flapping,loss,bandwidth,power',
  ],
  [
    'a write that had waited for its past outranked all later ones, so no one order explained two keys',
    '700493',
    'set,register',
    'partition,kill,pause,flapping,loss,duplicate,bandwidth,power,disk-full',
  ],
  [
    'so it did where its node had been killed',
    '700420',
    'set,register',
    'kill,pause,loss,delay,duplicate,power',
  ],
];

describe('the healthy node is valid where once', () => {
  for (const [what, seed, workload, nemesis] of found) {
    it(what, async () => {
      const options = { seed, workload, nemesis, rate: '200', 'time-limit': '60' };
      const { valid, verdicts, screen } = await simulate(results, options);
      const bad = verdicts.filter((each) => !each.informational && each.valid !== true);
      expect(bad).toEqual([]);
      expect(valid).toBe(true);
      expect(screen.faults.length).toBeGreaterThan(3);
    }, 120_000);
  }
});
