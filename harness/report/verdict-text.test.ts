import { describe, expect, it } from 'vitest';
import type { Anomaly, Verdict } from '../../checkers/verdict/verdict.ts';
import type { VerdictScreen } from '../judge/verdict-screen.ts';
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

describe('the verdict screen', () => {
  it('says the verdict first, folds what is green and says what to type next', () => {
    const verdicts = [
      verdict({ checker: 'lost-writes', figures: { 'lost-count': 0, 'p99-ms': 1.234 } }),
      verdict({}),
    ];
    expect(verdictLines(screen({ verdicts }), plain)).toEqual([
      '',
      'valid   engram   seed 42   30.2 s   1,204 operations (1,200 ok, 3 fail, 1 info)',
      '',
      '  ✓ lost-writes  lost-count 0   p99-ms 1.23',
      '  ✓ causal       all is well',
      '',
      '  replay  amnesia test --seed 42',
      '  show    amnesia show results/engram/x',
      '  sql     amnesia sql results/engram/x "select * from latency_by_window"',
      '',
    ]);
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
    expect(text).toContain('✗ causal  for information: slow');
  });

  it('leaves the witnesses of what is only information to another command', () => {
    const verdicts = [
      verdict({ valid: false, informational: true, message: 'old reads', anomalies: [anomaly] }),
      verdict({ valid: false, message: 'lost', anomalies: [anomaly] }),
    ];
    const text = verdictLines(screen({ verdicts }), plain).join('\n');
    expect(text).toContain('violation 1: amnesia show results/engram/x --anomaly 1');
    expect(text).not.toContain('    1. WriteCORead');
    expect(text).toContain('    2. WriteCORead');
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
