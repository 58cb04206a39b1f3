import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeStyle } from '../../report/style.ts';
import { exitCodeOfMany } from '../exit.ts';
import type { RunFacts } from '../run-facts.ts';
import { CampaignState } from '../state/state.ts';
import { someFacts } from '../testing/facts.ts';
import { fakeSpec, noLimits } from '../testing/run-campaign.ts';
import { compare, compareLines, sideOfCampaign } from './compare.ts';
import { html, markdown, terminalLines } from './render.ts';
import { readReport } from './report.ts';
import type { CampaignReport } from './report-shape.ts';
import { headline, reportSections } from './sections.ts';

const universe = {
  faults: { partition: { variants: ['halves', 'bridge'] }, kill: { variants: ['one'] } },
  workloads: ['register', 'set'],
};
const plain = makeStyle(false);
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amnesia-report-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A campaign whose runs facts this; null: it crashed. */
function reportOf(runs: readonly (RunFacts | null)[]): CampaignReport {
  const spec = { ...fakeSpec(folder, runs.length), nemeses: ['partition'] };
  const state = CampaignState.create(folder, spec, { part: 1, of: 1 }, noLimits);
  for (const facts of runs) {
    state.finish(state.begin()!.index, {
      state: facts === null ? 'crashed' : 'done',
      exitCode: facts === null ? null : 0,
      message: facts === null ? 'ended by SIGKILL' : null,
      dir: null,
      bytes: 0,
      tookMs: 1,
      facts,
    });
  }
  const report = readReport(state.db, universe);
  state.close();
  rmSync(join(folder, 'campaign.sqlite'));
  return report;
}

const repeated = (count: number, facts: () => RunFacts): RunFacts[] =>
  Array.from({ length: count }, facts);

test('no violation is reported with its upper bound, and never as correct', () => {
  const report = reportOf(repeated(50, someFacts));
  expect(headline(report)).toMatch(/no violation was seen in 50 runs: .* fewer than 6\.0 %/);
  const text = terminalLines(reportSections(report), plain).join('\n');
  expect(text).not.toMatch(/correct|never violated|proved/i);
  expect(report.verdicts[0]).toMatchObject({ checker: 'convergence', low: 0, high: 0.06 });
});

test('of runs that decided nothing, nothing is said', () => {
  const unknown = someFacts({
    valid: 'unknown',
    verdicts: [{ checker: 'session', valid: 'unknown', reason: 'too-few-ok' }],
  });
  const report = reportOf([unknown, null]);
  expect(headline(report)).toMatch(/nothing can be said/);
  expect(report.unknowns).toEqual([
    { checker: 'session', reason: 'too-few-ok', runs: 1, firstSeed: 1 },
  ]);
  expect(report.crashes).toEqual([{ message: 'ended by SIGKILL', runs: 1, firstSeed: 2 }]);
});

test('a violation comes with its rate among the runs in which it could have been', () => {
  const calm = someFacts({ faults: [] });
  const smaller = someFacts({ bad: true });
  const other = someFacts({
    bad: true,
    violations: [{ ...smaller.violations[0], witnessOps: 5, opsBefore: 40 }],
  });
  // Two of three with a partition; the calm one could not have had it.
  const [found] = reportOf([calm, other, someFacts(), smaller]).violations;
  expect(found).toMatchObject({ runs: 2, of: 3, count: 6, firstSeed: 2, witnessOps: 2 });
  expect(found).toMatchObject({ witnessSeed: 4, opsBeforeMin: 17, opsBeforeMedian: 17 });
  expect(found!.low).toBeCloseTo(0.2077, 3);
  expect(found!.high).toBeCloseTo(0.9385, 3);
});

test('distributions are by nearest rank over runs', () => {
  const runs = Array.from({ length: 100 }, (_, i) =>
    someFacts({ figures: { 'converged-after-heal-ms': (i * 37) % 100 } }),
  );
  const [found] = reportOf(runs).distributions;
  expect(found).toMatchObject({ nemesis: 'partition', runs: 100, p50: 49, p90: 89, p99: 98 });
  expect(found!.max).toBe(99);
});

test('what was asked for and never happened is named, and so is what nobody asked for', () => {
  const { never, sometimes } = reportOf([someFacts()]);
  expect(never.cellsInAll).toBe(4);
  expect(never.cells.map((each) => each.phase)).toEqual(['onset', 'healing', 'after']);
  expect(never.variants).toEqual(['partition bridge']);
  expect([never.kinds, never.workloads]).toEqual([['kill'], ['set']]);
  expect(sometimes.find((each) => each.name === 'promotion')).toMatchObject({ runs: 1, count: 2 });
  const text = terminalLines(reportSections(reportOf([someFacts()])), plain).join('\n');
  expect(text).toMatch(/siblings +never in any run/);
});

describe('texts of the system under test', () => {
  const evil = '<script>alert(1)</script> | **x** \u001b[2J [a](http://b) "\'';
  const report = (): CampaignReport => {
    const bad = someFacts({ bad: true });
    return reportOf([
      someFacts({ bad: true, violations: [{ ...bad.violations[0], summary: evil }] }),
    ]);
  };

  test('are shown and never obeyed, neither by the terminal, nor by HTML, nor by Markdown', () => {
    const sections = reportSections(report());
    const page = html(evil, sections);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain("default-src 'none'");
    const text = markdown(evil, sections);
    expect(text).not.toMatch(/<script|[^\\]\[a\]|http:\/\/b/);
    // The bar would be another cell.
    const row = text.split('\n').find((line) => line.includes('alert'));
    expect(row).toContain('\\|');
    for (const each of [page, text, terminalLines(sections, plain).join('\n')]) {
      expect(each).not.toContain('\u001b');
    }
  });
});

test('over many runs nothing hides a failure: 1, 255, 2, 0 in this order', () => {
  const none = { invalid: 0, crashed: 0, unknown: 0, left: 0 };
  expect(exitCodeOfMany({ invalid: 1, crashed: 5, unknown: 5, left: 1 })).toBe(1);
  expect(exitCodeOfMany({ ...none, crashed: 1, unknown: 5 })).toBe(255);
  expect(exitCodeOfMany({ ...none, unknown: 1 })).toBe(2);
  expect(exitCodeOfMany({ ...none, left: 1 })).toBe(2);
  expect(exitCodeOfMany(none)).toBe(0);
});

test('two campaigns side by side: what differs, with difference and ratio', () => {
  const slow = someFacts({ figures: { 'converged-after-heal-ms': 3000 } });
  const rows = compare(sideOfCampaign(reportOf([someFacts()])), sideOfCampaign(reportOf([slow])));
  const differing = rows.filter((row) => row.a !== row.b);
  expect(differing).toHaveLength(3);
  expect(differing[0]).toMatchObject({ name: 'partition p50', difference: 1500, ratio: 2 });
  const lines = compareLines(rows, { a: 'one', b: 'two' }, plain, false).join('\n');
  expect(lines).toMatch(/partition p50 +1500 +3000 +1500 +x 2\.00/);
  expect(lines).toMatch(/more are the same/);
  expect(compareLines(rows, { a: 'one', b: 'two' }, plain, true).join('\n')).toMatch(/planned/);
});
