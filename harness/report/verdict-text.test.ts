import { describe, expect, it } from 'vitest';
import type { Anomaly, Verdict } from '../../checkers/verdict/verdict.ts';
import type { VerdictScreen } from '../judge/verdict-screen.ts';
import type { Cause } from './cause/index.ts';
import { clip, escapeText } from './escape.ts';
import { makeStyle, wantsColour } from './style.ts';
import { tableLines } from './table.ts';
import { verdictLines } from './verdict-text.ts';

const plain = makeStyle(false);

const verdict = (changes: Partial<Verdict>): Verdict => ({
  checker: 'causal',
  version: '1',
  valid: true,
  message: 'all is well',
  figures: {},
  anomalies: [],
  counts: {},
  ...changes,
});

const anomaly: Anomaly = {
  pattern: 'WriteCORead',
  violates: ['CC', 'CCv'],
  key: 'r/1',
  ops: [3, 5],
  summary: 'process 3 read 17 after it had written 21',
  steps: ['first', 'second'],
  lanes: ['process 3 | w 21 ... r 17'],
  count: 4,
  confirmed: true,
  minimal: true,
};

const screen = (changes: Partial<VerdictScreen>): VerdictScreen => ({
  name: 'engram',
  seed: 42,
  valid: true,
  verdicts: [],
  counts: { ok: 1200, fail: 3, info: 1 },
  faults: [],
  nodes: ['n1', 'n2'],
  duration: 30.2e9,
  notes: [],
  run: 'results/engram/x',
  replay: 'amnesia test --seed 42',
  ...changes,
});

const manyFaults = (count: number): VerdictScreen['faults'] =>
  Array.from({ length: count }, (_, id) => ({
    id,
    kind: ['partition', 'kill', 'pause'][id % 3],
    variant: ['halves', 'one', 'minority'][id % 3],
    start: id * 1e9,
    end: id * 1e9 + 5e8,
    effective: 'effective' as const,
    healed: true,
    targets: [0],
    grudge: null,
    description: '',
  }));

describe('the verdict screen', () => {
  it('names what is green, says what to type next, and ends with the verdict', () => {
    const verdicts = [
      verdict({ checker: 'lost-writes', figures: { 'lost-count': 0, 'p99-ms': 1.234 } }),
      verdict({}),
    ];
    expect(verdictLines(screen({ verdicts }), plain)).toEqual([
      '',
      '  hold     lost-writes, causal',
      '  load     1,204 operations in 30.2 s, 1,200 ok, 3 fail, 1 info',
      '  replay   amnesia test --seed 42',
      '  show     amnesia show results/engram/x',
      '  sql      amnesia sql results/engram/x "select * from latency_by_window"',
      '',
      'valid   engram   seed 42',
      '',
    ]);
    const verbose = verdictLines(screen({ verdicts }), plain, { verbose: true });
    expect(verbose).toContain('  ✓ lost-writes  lost-count 0   p99-ms 1.23');
    expect(verbose).toContain('  ✓ causal       all is well');
  });

  it('fits on a screen of 80 x 24 where all is well, whatever took place', () => {
    const verdicts = Array.from({ length: 24 }, (_, i) => verdict({ checker: `checker-${i}` }));
    const lines = verdictLines(screen({ verdicts, faults: manyFaults(40) }), plain, { width: 80 });
    expect(lines.length).toBeLessThanOrEqual(24);
    // The commands to copy stay whole.
    const breakable = lines.filter((line) => !line.includes('amnesia'));
    expect(Math.max(...breakable.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('ends with why: a known cause, or what the gravest verdict says, broken at the width', () => {
    const message = `271 lost, of 4935 acknowledged writes ${'and more '.repeat(9)}`.trim();
    const verdicts = [verdict({}), verdict({ checker: 'lost-writes', valid: false, message })];
    const lines = verdictLines(screen({ valid: false, verdicts }), plain, { width: 60 });
    expect(lines.slice(-5, -1).join('|')).toMatch(
      /^INVALID {3}engram {3}seed 42\| {2}lost-writes: 271 lost, of 4935/,
    );
    expect(Math.max(...lines.slice(-5).map((line) => line.length))).toBeLessThanOrEqual(60);
    const sentence = '104 of 166 lost additions were acknowledged by n2 while n1 was down';
    const causes = [{ sentence, groups: [], consequences: [] } as unknown as Cause];
    const explained = verdictLines(screen({ valid: false, verdicts }), plain, { causes });
    expect(explained.at(-2)).toBe(`  ${sentence}`);
  });

  it('unfolds what is red, with the witness step by step', () => {
    const red = verdict({ valid: false, message: 'violated', anomalies: [anomaly] });
    const text = verdictLines(screen({ valid: false, verdicts: [red] }), plain).join('\n');
    expect(text).toContain('INVALID');
    expect(text).toContain('✗ causal  violated');
    expect(text).toContain('1. WriteCORead   violates CC, CCv, key r/1, 4 of this kind, confirmed');
    expect(text).toContain('1. first');
    expect(text).toContain('process 3 | w 21 ... r 17');
    expect(text).toContain('amnesia show results/engram/x --anomaly 1');
  });

  it('names the reason of what is unknown, and what is only information', () => {
    const unknown = verdict({ valid: 'unknown', reason: 'too-few-ok', message: 'saw nothing' });
    const info = verdict({ valid: false, informational: true, message: 'slow' });
    const text = verdictLines(screen({ verdicts: [unknown, info] }), plain).join('\n');
    expect(text).toContain('? causal  unknown: too-few-ok: saw nothing');
    expect(text).toContain('  beside   causal no');
    expect(text).not.toContain('✗');
  });

  it('has what is only information in one line, and numbers its violations all the same', () => {
    const verdicts = [
      verdict({ valid: false, informational: true, message: 'old reads', anomalies: [anomaly] }),
      verdict({ valid: false, message: 'lost', anomalies: [anomaly] }),
    ];
    const text = verdictLines(screen({ verdicts }), plain).join('\n');
    expect(text).toContain('  beside   causal no (4)');
    expect(text).not.toContain('    1. WriteCORead');
    expect(text).toContain('    2. WriteCORead');
    const verbose = verdictLines(screen({ verdicts }), plain, { verbose: true }).join('\n');
    expect(verbose).toContain('for information: old reads');
    expect(verbose).toContain('violation 1: amnesia show results/engram/x --anomaly 1');
  });

  it('does not prove again what only tells an explained loss again', () => {
    const verdicts = [
      verdict({ checker: 'lost-writes', valid: false, message: 'lost', anomalies: [anomaly] }),
      verdict({ checker: 'session', valid: false, message: 'violated', anomalies: [anomaly] }),
    ];
    const again = { checker: 'session', count: 4, sentence: 'session tells it again' };
    const cause = { sentence: 'n2 forgot', groups: [], consequences: [again] } as unknown as Cause;
    const lines = (causes: Cause[]) =>
      verdictLines(screen({ valid: false, verdicts }), plain, { causes }).join('\n');
    expect(lines([])).toContain('    2. WriteCORead');
    expect(lines([cause])).not.toContain('    2. WriteCORead');
    expect(lines([cause])).toContain('✗ session      violated');
  });

  it('leaves out what was neither promised nor judged, unless asked for everything', () => {
    const verdicts = [
      verdict({ checker: 'queue', valid: 'unknown', informational: true, reason: 'not-judged' }),
    ];
    expect(verdictLines(screen({ verdicts }), plain).join('\n')).not.toContain('queue');
    const verbose = verdictLines(screen({ verdicts }), plain, { verbose: true }).join('\n');
    expect(verbose).toContain('queue  unknown: not-judged, for information');
  });

  it('unfolds a few violations of each checker and says where the others are', () => {
    const many = verdict({ valid: false, anomalies: Array(5).fill(anomaly) });
    const text = (unfoldMax?: number) =>
      verdictLines(screen({ verdicts: [many], unfoldMax }), plain).join('\n');
    expect(text()).toContain('    2. WriteCORead');
    expect(text()).not.toContain('    3. WriteCORead');
    expect(text()).toContain('violations 3 to 5: amnesia show results/engram/x --anomaly 3');
    expect(text(9)).toContain('    5. WriteCORead');
  });

  it('shows when each fault was there and whether it was proved', () => {
    const fault = {
      id: 0,
      kind: 'partition',
      variant: 'halves',
      start: 12.301e9,
      end: Number.POSITIVE_INFINITY,
      effective: 'partial' as const,
      healed: false,
      targets: [1],
      grudge: null,
      description: '',
    };
    const text = verdictLines(screen({ faults: [fault] }), plain).join('\n');
    expect(text).toContain('0 partition halves  12.301 s to never  partial, not healed  n2');
  });

  it('shows hostile text and never obeys it', () => {
    const evil = '\u001b]0;owned\u0007\u202e\nx';
    const hostile = verdict({
      valid: false,
      message: evil,
      anomalies: [{ ...anomaly, summary: evil, steps: [evil], lanes: [evil], key: evil }],
    });
    const lines = verdictLines(
      screen({ name: evil, notes: [evil], verdicts: [hostile], replay: evil, run: evil }),
      plain,
    );
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines.join('')).toContain('\\x1b]0;owned\\x07\\u202e\\nx');
  });
});

describe('text for the terminal', () => {
  it('is escaped and cut', () => {
    expect(escapeText('a\tb\u009b31m\u2028')).toBe('a\\tb\\x9b31m\\u2028');
    expect(clip('abcdef', 4)).toBe('abc…');
  });

  it('is a table with numbers to the right', () => {
    expect(
      tableLines(
        ['n', 'text'],
        [
          [1, 'a\nb'],
          [22, null],
        ],
      ),
    ).toEqual([' n  text', '──  ────', ' 1  a\\nb', '22']);
  });

  it('has colours only where they are wanted', () => {
    const terminal = { isTTY: true };
    expect(wantsColour(terminal, {})).toBe(true);
    expect(wantsColour(terminal, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(terminal, { TERM: 'dumb' })).toBe(false);
    expect(wantsColour({}, {})).toBe(false);
    expect(wantsColour({}, { FORCE_COLOR: '1' })).toBe(true);
    expect(makeStyle(true).bad('x')).not.toBe('x');
  });
});
