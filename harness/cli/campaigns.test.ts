import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CampaignState } from '../campaign/state/state.ts';
import { someFacts } from '../campaign/testing/facts.ts';
import { fakeSpec, noLimits } from '../campaign/testing/run-campaign.ts';
import { header, makeRun, row, temporaryFolder } from '../store/testing/made-runs.ts';
import { amnesia, printed } from './testing/program.ts';

/** The folder of a campaign of two runs, of which the second is bad where asked. */
function campaign(bad: boolean, seed = 1): string {
  const dir = join(temporaryFolder(), 'soak');
  mkdirSync(dir);
  const spec = { ...fakeSpec(dir, 2), seed };
  const state = CampaignState.create(dir, spec, { part: 1, of: 1 }, noLimits);
  for (const facts of [someFacts(), someFacts({ bad })]) {
    const { index } = state.begin()!;
    const rest = { exitCode: 0, message: null, dir: null, bytes: 0, tookMs: 1 };
    state.finish(index, { state: 'done', ...rest, facts });
  }
  state.close();
  return dir;
}

describe('amnesia campaign', () => {
  it('expand prints one run a line, with the arguments of amnesia test, the same each time', async () => {
    const argv = ['campaign', 'expand', '--runtime', 'sim', '--runs', '5', '--seed', '3'];
    expect(await amnesia(...argv, '--nemesis', 'kill,none', '--nodes', '3')).toBe(0);
    const lines = printed.out.trim().split('\n');
    expect(lines).toHaveLength(5);
    expect(JSON.parse(lines[1])).toEqual({
      index: 1,
      options: {
        name: 'soak',
        workload: 'set,register',
        nemesis: 'none',
        nodes: '3',
        runtime: 'sim',
        seed: '4',
      },
      argv: [
        'test',
        '--name',
        'soak',
        '--nemesis',
        'none',
        '--nodes',
        '3',
        '--runtime',
        'sim',
        '--seed',
        '4',
      ],
    });
    const before = printed.out;
    await amnesia(...argv, '--nemesis', 'kill,none', '--nodes', '3');
    expect(printed.out).toBe(before);
    await amnesia(...argv, '--nemesis', 'kill,none', '--nodes', '3', '--shard', '2/2');
    expect(
      printed.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).index),
    ).toEqual([1, 3]);
  });

  it('report says what there is, by exit code, too', async () => {
    expect(await amnesia('campaign', 'report', campaign(false))).toBe(0);
    expect(printed.out).toMatch(
      /no violation was seen in 2 runs, which are too few to say anything/,
    );
    expect(await amnesia('campaign', 'report', campaign(true), '--json')).toBe(1);
    expect(JSON.parse(printed.out)).toMatchObject({
      format: 'amnesia-campaign',
      runs: { invalid: 1 },
    });
    expect(await amnesia('campaign', 'report', '/nowhere')).toBe(254);
    expect(printed.err).toMatch(/there is no/);
  });

  it('merge writes index and reports, and needs to know where', async () => {
    const [one, other, target] = [
      campaign(true),
      campaign(false, 50),
      join(temporaryFolder(), 'all'),
    ];
    expect(await amnesia('campaign', 'merge', one, other)).toBe(254);
    expect(printed.err).toMatch(/--output/);
    expect(await amnesia('campaign', 'merge', one, other, '--output', target)).toBe(1);
    const page = readFileSync(join(target, 'report.html'), 'utf8');
    expect(await amnesia('campaign', 'merge', other, one, '--output', target)).toBe(1);
    expect(readFileSync(join(target, 'report.html'), 'utf8')).toBe(page);
    expect(existsSync(join(target, 'report.md'))).toBe(true);
  });
});

describe('what cannot be carried out is refused before anything starts', () => {
  it.each([
    [['soak', '--runs', 'many', '--runtime', 'sim'], /--runs is "many"/],
    [['soak', '--runtime', 'moon'], /--runtime takes auto, docker/],
    [['soak', '--resume', '/nowhere'], /there is no/],
    [['soak', '--resume', '/nowhere', '--nodes', '3'], /--nodes cannot be changed with --resume/],
    [['soak', '--resume', '/nowhere', '--parallel', '0'], /--parallel is "0"/],
    [['test-all', '--nemesis', 'flood', '--runtime', 'sim'], /--nemesis has "flood"/],
    [['replay', 'latest', '--times', '0'], /--times is "0"; accepted is a whole number/],
    [['shrink', 'latest', '--runs-max', 'x'], /--runs-max is "x"/],
  ])('%j', async (argv, message) => {
    expect(await amnesia(...argv)).toBe(254);
    expect(printed.err).toMatch(message);
    expect(printed.out).toBe('');
  });
});

describe('amnesia compare', () => {
  const run = (value: string): string => {
    const results = temporaryFolder();
    const rows = [
      row(0, { f: 'write', value: 'a', invoked: 1, completed: 2 }),
      row(1, { f: 'write', value: 'b', invoked: 3, completed: 4 }),
      row(2, { f: 'read', value, invoked: 5, completed: 6 }),
    ];
    return makeRun(rows, header(), join(results, 'run'));
  };

  it('shows what differs between two runs', async () => {
    const [good, bad] = [run('b'), run('a')];
    for (const each of [good, bad]) await amnesia('check', each);
    expect(await amnesia('compare', good, bad)).toBe(0);
    expect(printed.out).toMatch(/session +true +false/);
    expect(printed.out).toMatch(/more are the same on both sides/);
  });

  it('compares campaigns with campaigns only', async () => {
    expect(await amnesia('compare', campaign(false), campaign(true), '--json')).toBe(0);
    const rows = JSON.parse(printed.out).rows as { name: string; a: number; b: number }[];
    expect(rows.find((each) => each.name === 'invalid')).toMatchObject({ a: 0, b: 1 });
    const judged = run('b');
    await amnesia('check', judged);
    expect(await amnesia('compare', judged, campaign(true))).toBe(254);
    expect(printed.err).toMatch(/accepted are two runs or two campaigns/);
  });
});
