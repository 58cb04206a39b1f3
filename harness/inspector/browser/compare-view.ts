/** Two runs side by side: verdicts, figures that differ, and the pictures that show most. */
import { figureText } from '../../report/figures.ts';
import { h, table } from '../../report/page/browser/dom.ts';
import { mount } from '../../report/page/browser/picture.ts';
import { fates } from '../../report/page/browser/pictures/fates.ts';
import { rawLatency } from '../../report/page/browser/pictures/latency.ts';
import { availability, rate } from '../../report/page/browser/pictures/rates.ts';
import { header } from '../../report/page/browser/verdict.ts';
import type { World } from '../../report/page/browser/world.ts';
import { linkTo } from './address.ts';
import { askWorld } from './ask.ts';

export async function compareView(a: string, b: string): Promise<HTMLElement> {
  const worlds = await Promise.all([a, b].map((run) => askWorld(run, () => {})));
  const [left, right] = worlds;
  const pictures = [fates, rawLatency, rate, availability];
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'two' },
      ...worlds.map((world, i) =>
        h(
          'div',
          {},
          header(world),
          h('p', {}, h('a', { href: linkTo({ view: 'run', run: [a, b][i] }) }, 'open it')),
        ),
      ),
    ),
    h('h2', {}, 'Verdicts and figures'),
    differences(left, right),
    h('h2', {}, 'Options that differ'),
    options(left, right),
    ...pictures.map((make) =>
      h('div', { class: 'two' }, ...worlds.map((world) => mount(make(world), world).element)),
    ),
  );
}

function differences({ data: left }: World, { data: right }: World): HTMLElement {
  const rows = left.verdicts.flatMap((mine) => {
    const other = right.verdicts.find(({ checker }) => checker === mine.checker);
    if (other === undefined) return [[mine.checker, '', String(mine.valid), 'not asked']];
    const figures = Object.keys({ ...mine.figures, ...other.figures }).filter(
      (name) => mine.figures[name] !== other.figures[name],
    );
    return [
      [mine.checker, 'verdict', String(mine.valid), String(other.valid)],
      ...figures.map((name) => [
        '',
        name,
        figureText(mine.figures[name] ?? null),
        figureText(other.figures[name] ?? null),
      ]),
    ];
  });
  return table(
    { head: ['checker', 'figure', left.title, right.title], rows },
    'Verdicts, and figures that differ',
  );
}

function options({ data: left }: World, { data: right }: World): HTMLElement {
  const names = [...new Set([...Object.keys(left.config), ...Object.keys(right.config)])].sort();
  const rows = names
    .filter((name) => left.config[name] !== right.config[name])
    .map((name) => [name, left.config[name] ?? '', right.config[name] ?? '']);
  return table({ head: ['option', left.title, right.title], rows }, 'Options that differ');
}
