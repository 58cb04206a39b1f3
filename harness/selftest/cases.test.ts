import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkers } from '../../checkers/index.ts';
import { parseOptions } from '../run/options.ts';
import { controlCases, elsewhere, switchCases, whyImpossible } from './cases.ts';

const cases = switchCases();

it('every switch of the node is tried', () => {
  const table = readFileSync(new URL('../../docker/engram/src/faults.ts', import.meta.url), 'utf8');
  const switches = [...table.matchAll(/^ {2}'([a-z-]+)': \{$/gm)].map(([, name]) => name);
  expect(switches.length).toBeGreaterThan(15);
  const tried = cases.map((each) => each.name);
  const missed = switches.filter((name) => !tried.includes(name!));
  expect(missed.sort()).toEqual(Object.keys(elsewhere).sort());
  expect(tried.filter((name) => !switches.includes(name))).toEqual([]);
});

it('cases are options of a run, and expect checkers that take part in it', () => {
  for (const each of [...cases, ...controlCases(cases, 1)]) {
    if (whyImpossible(each) !== null) continue;
    const options = parseOptions({ ...each.options, 'node-faults': each.nodeFaults }, 1);
    for (const { checker } of each.expected) expect(options.checkers).toContain(checker);
    for (const { checker } of each.expected) expect(Object.keys(checkers)).toContain(checker);
  }
});

it('each load and kind of faults has a control without switches', () => {
  const controls = controlCases(cases, 3);
  const loads = new Set(cases.map((each) => JSON.stringify(each.options)));
  const healthy = controls.filter((each) => each.nodeFaults === '');
  expect(new Set(healthy.map((each) => JSON.stringify(each.options)))).toEqual(loads);
  expect(healthy.map((each) => each.name).length).toBe(loads.size);
  expect(controls.every((each) => each.runsMax === 3 && each.expected.length === 0)).toBe(true);
});

it('a switch can be named', () => {
  expect(switchCases(['no-penalty', 'nothing']).map((each) => each.name)).toEqual(['no-penalty']);
});
