/** A question in SQL to the run file: it can only read. */
import { h, replace, table } from '../../report/page/browser/dom.ts';
import { keep, readAddress } from './address.ts';
import { askSql } from './ask.ts';

interface Answer {
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly (string | number | null)[])[];
  readonly cut?: boolean;
  readonly problem?: string;
}

const EXAMPLES = [
  'select * from ops_by_key',
  'select * from fault_windows',
  'select no, checker, pattern, summary from anomalies',
  'select error, outcome, node, count(*) as n from op where error is not null group by 1, 2, 3 order by n desc',
];

export function sqlSection(run: string): HTMLElement {
  const box = h('textarea', {
    rows: 3,
    spellcheck: 'false',
    'aria-label': 'Question in SQL',
  }) as HTMLTextAreaElement;
  box.value = readAddress().get('sql') ?? EXAMPLES[0];
  const place = h('div', { 'aria-live': 'polite' });
  const perform = async (): Promise<void> => {
    keep('sql', box.value);
    replace(place, h('p', { class: 'muted' }, '...'));
    try {
      const answer = await askSql<Answer>(run, box.value);
      replace(
        place,
        answer.problem === undefined
          ? table(
              { head: answer.columns ?? [], rows: answer.rows ?? [] },
              `${answer.rows?.length ?? 0} rows${answer.cut ? ', and more' : ''}`,
            )
          : h('p', { class: 'problem' }, answer.problem),
      );
    } catch (error) {
      replace(place, h('p', { class: 'problem' }, String(error)));
    }
  };
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void perform();
  });
  const examples = h(
    'select',
    { 'aria-label': 'Examples' },
    ...EXAMPLES.map((each) => h('option', {}, each)),
  ) as HTMLSelectElement;
  examples.addEventListener('change', () => {
    box.value = examples.value;
    void perform();
  });
  return h(
    'section',
    { id: 'sql' },
    h('h2', {}, 'SQL'),
    box,
    h(
      'div',
      { class: 'bar' },
      h('button', { type: 'button', click: () => void perform() }, 'ask (Ctrl and Enter)'),
      examples,
    ),
    place,
  );
}
