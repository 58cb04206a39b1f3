/** A campaign as a heat map: faults by workloads, how often something was found, and its signatures. */
import { h, table } from '../../report/page/browser/dom.ts';
import { linkTo } from './address.ts';
import { ask } from './ask.ts';
import type { CampaignSummary } from './runs-view.ts';

export async function campaignView(name: string): Promise<HTMLElement> {
  const { campaigns } = await ask<{ campaigns: CampaignSummary[] }>('runs');
  const campaign = campaigns.find((each) => each.name === name);
  if (campaign === undefined) return h('p', { class: 'problem' }, `there is no campaign ${name}`);
  const { violations } = campaign;
  const names = (of: 'workload' | 'fault'): string[] =>
    [...new Set(violations.map((each) => String(each[of])))].sort();
  const [faults, workloads] = [names('fault'), names('workload')];
  const share = (
    fault: string,
    workload: string,
  ): { readonly share: number; readonly text: string } => {
    const here = violations.filter((each) => each.fault === fault && each.workload === workload);
    const worst = here.reduce(
      (max, { runs, of }) => Math.max(max, Number(runs) / Math.max(1, Number(of))),
      0,
    );
    const text = here.map(({ anomaly, runs, of }) => `${anomaly} ${runs}/${of}`).join(', ');
    return { share: worst, text };
  };
  return h(
    'div',
    {},
    h('h1', {}, `Campaign ${name}`),
    h(
      'p',
      { class: 'muted' },
      Object.entries(campaign.runs)
        .map(([state, count]) => `${count} ${state}`)
        .join(', '),
    ),
    violations.length === 0
      ? h('p', {}, 'No violation was found.')
      : h(
          'table',
          { class: 'heat' },
          h(
            'caption',
            {},
            'Share of the runs in which something was found, by faults that were there and workload',
          ),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', {}),
              ...workloads.map((workload) => h('th', { scope: 'col' }, workload)),
            ),
          ),
          h(
            'tbody',
            {},
            ...faults.map((fault) =>
              h(
                'tr',
                {},
                h('th', { scope: 'row' }, fault),
                ...workloads.map((workload) => {
                  const cell = share(fault, workload);
                  const element = h('td', {}, cell.text);
                  element.style.background = `color-mix(in srgb, var(--bad) ${Math.round(70 * cell.share)}%, var(--panel))`;
                  return element;
                }),
              ),
            ),
          ),
        ),
    h('h2', {}, 'Signatures'),
    table(
      {
        head: [
          'checker',
          'violation',
          'workload',
          'faults',
          'runs',
          'of',
          'first seed',
          'smallest witness',
          'run',
        ],
        rows: violations.map((each) => [
          each.checker,
          each.anomaly,
          each.workload,
          each.fault,
          each.runs,
          each.of,
          each.firstSeed,
          each.witness,
          each.witnessDir === null
            ? ''
            : h('a', { href: linkTo({ view: 'run', run: `${name}/${each.witnessDir}` }) }, 'open'),
        ]),
      },
      'Violations by signature',
    ),
  );
}
