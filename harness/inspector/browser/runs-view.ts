/** All runs and campaigns: search, filter, sort, with the keyboard too; two of them can be laid side by side. */
import { durationText, numberText } from '../../report/figures.ts';
import { h, replace } from '../../report/page/browser/dom.ts';
import { keep, linkTo, readAddress } from './address.ts';
import { ask } from './ask.ts';

interface Run {
  readonly run: string;
  readonly name: string;
  readonly seed: number | null;
  readonly startedAt: string;
  readonly state: string;
  readonly valid: boolean | 'unknown' | null;
  readonly ops: number;
  readonly faults: number;
  readonly duration: number | null;
}

export interface CampaignSummary {
  readonly name: string;
  readonly runs: Readonly<Record<string, number>>;
  readonly violations: readonly Readonly<Record<string, string | number | null>>[];
}

type Column = readonly [
  title: string,
  key: (run: Run) => string | number,
  text: (run: Run) => string,
];

function word({ valid, state }: Run): string {
  const verdict =
    valid === null
      ? 'not judged'
      : valid === true
        ? 'valid'
        : valid === false
          ? 'INVALID'
          : 'unknown';
  return state === 'done' ? verdict : `${verdict} (${state})`;
}

const COLUMNS: readonly Column[] = [
  ['started', (run) => run.startedAt, (run) => run.startedAt.replace('T', ' ').slice(0, 19)],
  ['name', (run) => run.name, (run) => run.name],
  ['seed', (run) => run.seed ?? -1, (run) => String(run.seed ?? '')],
  ['verdict', word, word],
  ['operations', (run) => run.ops, (run) => numberText(run.ops)],
  ['faults', (run) => run.faults, (run) => String(run.faults)],
  [
    'took',
    (run) => run.duration ?? 0,
    (run) => (run.duration === null ? '' : durationText(run.duration)),
  ],
];

const rowsMax = 500;

export async function runsView(): Promise<HTMLElement> {
  const { runs, campaigns } = await ask<{ runs: Run[]; campaigns: CampaignSummary[] }>('runs');
  const search = h('input', {
    type: 'search',
    placeholder: 'name, seed, invalid, unknown, running ... ( / )',
    'aria-label': 'Search runs',
    value: readAddress().get('search') ?? '',
  }) as HTMLInputElement;
  const body = h('tbody', {});
  const note = h('p', { class: 'muted' });
  const chosen = new Set<string>();
  const compare = h(
    'button',
    { type: 'button', disabled: true, click: () => side() },
    'side by side',
  );
  let [sorted, direction] = [0, -1];

  const side = (): void => {
    const [a, b] = [...chosen];
    location.hash = linkTo({ view: 'compare', a, b });
  };
  const matches = (run: Run): boolean => {
    const text = `${run.name} ${run.seed} ${word(run)} ${run.run}`.toLowerCase();
    return search.value
      .toLowerCase()
      .split(/\s+/)
      .every((part) => text.includes(part));
  };
  const refresh = (): void => {
    const key = COLUMNS[sorted][1];
    const found = runs.filter(matches).sort((left, right) => {
      const [a, b] = [key(left), key(right)];
      return direction * (a < b ? -1 : a > b ? 1 : 0);
    });
    replace(
      note,
      `${found.length} of ${runs.length} runs${found.length > rowsMax ? `, the first ${rowsMax} here` : ''}`,
    );
    replace(body, ...found.slice(0, rowsMax).map(rowOf));
  };
  const rowOf = (run: Run): HTMLElement => {
    const check = h('input', {
      type: 'checkbox',
      'aria-label': `choose ${run.run}`,
    }) as HTMLInputElement;
    check.checked = chosen.has(run.run);
    check.addEventListener('change', () => {
      if (check.checked) chosen.add(run.run);
      else chosen.delete(run.run);
      compare.toggleAttribute('disabled', chosen.size !== 2);
    });
    const tone = run.valid === false ? 'bad' : run.valid === true ? 'good' : 'doubtful';
    return h(
      'tr',
      { class: tone },
      h('td', {}, check),
      ...COLUMNS.map(([title, , text], i) =>
        h(
          'td',
          { class: title === 'verdict' ? 'verdict' : null },
          i === 1 ? h('a', { href: linkTo({ view: 'run', run: run.run }) }, text(run)) : text(run),
        ),
      ),
    );
  };
  const heads = COLUMNS.map(([title], i) =>
    h(
      'th',
      { scope: 'col' },
      h(
        'button',
        {
          type: 'button',
          class: 'sort',
          click: () => {
            direction = sorted === i ? -direction : 1;
            sorted = i;
            refresh();
          },
        },
        title,
      ),
    ),
  );
  search.addEventListener('input', () => {
    keep('search', search.value);
    refresh();
  });
  refresh();
  return h(
    'div',
    { class: 'runs' },
    h('h1', {}, 'Runs'),
    h('div', { class: 'bar' }, search, compare),
    note,
    h(
      'div',
      { class: 'table' },
      h('table', { class: 'wide' }, h('thead', {}, h('tr', {}, h('th', {}), ...heads)), body),
    ),
    campaigns.length === 0 ? null : campaignList(campaigns),
  );
}

function campaignList(campaigns: readonly CampaignSummary[]): HTMLElement {
  return h(
    'section',
    {},
    h('h2', {}, 'Campaigns'),
    h(
      'ul',
      {},
      ...campaigns.map(({ name, runs, violations }) =>
        h(
          'li',
          {},
          h('a', { href: linkTo({ view: 'campaign', name }) }, name),
          ` ${Object.entries(runs)
            .filter(([, count]) => count > 0)
            .map(([state, count]) => `${count} ${state}`)
            .join(', ')}; ${violations.length} signatures of violations`,
        ),
      ),
    ),
  );
}
