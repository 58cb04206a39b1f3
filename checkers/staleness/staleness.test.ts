import { describe, expect, it } from 'vitest';
import { parseHistory } from '../oracle/notation.ts';
import { unlimited } from '../verdict/checker.ts';
import { defaultCheckOptions } from '../verdict/compose.ts';
import { measureStaleness } from './scan.ts';
import { staleness } from './staleness.ts';

/** t in ms and k of the read that is invoked last. */
function lastRead(text: string): [number, number] {
  const history = parseHistory(text);
  const { timeNs, versions } = measureStaleness(history, unlimited);
  let last = -1;
  for (let row = 0; row < history.n; row++) {
    if (Number.isNaN(timeNs[row])) continue;
    if (last < 0 || history.invoke[row] > history.invoke[last]) last = row;
  }
  return [timeNs[last] / 1e6, versions[last]];
}

const judge = (text: string, bound = {}) =>
  staleness.check(
    parseHistory(text),
    { ...defaultCheckOptions, staleness: { deltaMs: 50, share: 1, ...bound } },
    unlimited,
  );

describe('staleness of one read', () => {
  it('is the time since a definitely newer write took effect (B01)', () => {
    expect(lastRead('A w x 1 t[0,10]; B w x 2 t[20,30]; C r x 1 t[100,110]')).toEqual([70, 1]);
  });

  it('is nothing where the order of the writes is unknown (B02)', () => {
    expect(lastRead('A w x 1 t[0,10]; B w x 2 t[5,15]; C r x 1 t[100,110]')).toEqual([0, 0]);
  });

  it('knows of an indeterminate write from the first read that returns it (B06)', () => {
    const text = 'A w x 1 t[0,10]; B w x 2 t[20,info]; C r x 2 t[40,50]; D r x 1 t[100,110]';
    expect(lastRead(text)).toEqual([50, 1]);
    expect(lastRead(text.replace('C r x 2', 'C r x 1'))).toEqual([0, 0]);
  });

  it('knows that a write took effect before it was acknowledged (B08)', () => {
    const text = 'A w x 1 t[0,200]; C r x 1 t[10,20]; B w x 2 t[30,40]; D r x 1 t[100,110]';
    expect(lastRead(text)).toEqual([60, 1]);
    expect(lastRead(text.replace('C r x 1', 'C r x 0'))).toEqual([0, 0]);
  });

  it('counts every write as newer than the initial value', () => {
    expect(lastRead('A w x 1 t[0,10]; B w x 2 t[20,30]; C r x 0 t[100,110]')).toEqual([90, 2]);
  });

  it('ignores writes to other keys and failed ones', () => {
    expect(
      lastRead('A w x 1 t[0,10]; B w y 2 t[20,30]; B w x 3 t[40,50] fail; C r x 1 t[100,110]'),
    ).toEqual([0, 0]);
  });

  it('is, for a set, the time since the oldest missing element took effect', () => {
    const adds = 'A add 1 t[0,10]; B add 2 t[20,30]; C add 3 t[40,50];';
    expect(lastRead(`${adds} D readall {1 2 3} t[100,110]`)).toEqual([0, 0]);
    expect(lastRead(`${adds} D readall {1 3} t[100,110]`)).toEqual([70, 1]);
    expect(lastRead(`${adds} D readall {} t[100,110]`)).toEqual([90, 3]);
    expect(lastRead(`${adds} D readall {1} t[45,60]`)).toEqual([15, 1]);
  });

  it('follows a set through elements that vanish', () => {
    const text =
      'A add 1 t[0,10]; A add 2 t[20,30]; D readall {1 2} t[40,45]; D readall {2} t[60,70]';
    expect(lastRead(text)).toEqual([50, 1]);
  });
});

describe('staleness', () => {
  const late = 'A w x 1 t[0,10]; B w x 2 t[20,30]; C r x 1 t[100,110]';

  it('holds a share of the reads to the bound', () => {
    expect(judge(late).counts).toEqual({ 'stale-read': 1 });
    expect(judge(late, { deltaMs: 70 }).valid).toBe(true);
    expect(judge(`${late}; D r x 2 t[120,130]`, { share: 0.5 }).valid).toBe(true);
    expect(judge(`${late}; D r x 2 t[120,130]`, { share: 0.6 }).valid).toBe(false);
  });

  it('proves it by the two writes and the read', () => {
    expect(judge(late).anomalies[0]).toMatchObject({
      ops: [0, 1, 2],
      confirmed: true,
      minimal: true,
    });
  });

  it('does not judge what the server itself marked stale', () => {
    expect(judge(`${late} stale; D r x 2 t[120,130]`).valid).toBe(true);
  });

  it('is unknown without a read', () => {
    expect(judge('A w x 1')).toMatchObject({ valid: 'unknown', reason: 'too-few-ok' });
  });

  it('draws the curve', () => {
    const { details } = judge(`${late}; D r x 2 t[120,130]`);
    const curve = details?.curve as { 'delta-ms': number; share: number }[];
    expect(curve.find((point) => point['delta-ms'] === 50)?.share).toBe(0.5);
    expect(curve.find((point) => point['delta-ms'] === 100)?.share).toBe(1);
  });
});
