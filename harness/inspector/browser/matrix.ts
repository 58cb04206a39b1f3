/** The replicas at the end: for each key and node whether its last answer is that of the others. */
import { h, replace } from '../../report/page/browser/dom.ts';
import type { World } from '../../report/page/browser/world.ts';
import { ask } from './ask.ts';

interface Cell {
  readonly key: string;
  readonly node: string;
  readonly idx: number;
  readonly answer: number;
  readonly value: string;
}

const keysMax = 300;

export function matrixSection(run: string, world: World): HTMLElement {
  const place = h('div', {}, h('p', { class: 'muted' }, '...'));
  ask<Cell[]>('matrix', { run })
    .then((cells) => replace(place, matrix(cells, world)))
    .catch((error: unknown) => replace(place, h('p', { class: 'problem' }, String(error))));
  return h('section', { id: 'replicas' }, h('h2', {}, 'Replicas at the end'), place);
}

function matrix(cells: readonly Cell[], world: World): HTMLElement {
  if (cells.length === 0) return h('p', { class: 'muted' }, 'There are no final reads.');
  const nodes = [...new Set(cells.map(({ node }) => node))].sort();
  const keys = [...new Set(cells.map(({ key }) => key))];
  const differing = new Set(cells.filter(({ answer }) => answer > 0).map(({ key }) => key));
  // What differs is what one came for.
  keys.sort((a, b) => Number(differing.has(b)) - Number(differing.has(a)));
  const byPlace = new Map(cells.map((cell) => [`${cell.key}\n${cell.node}`, cell]));
  return h(
    'div',
    { class: 'table' },
    h(
      'table',
      { class: 'matrix' },
      h(
        'caption',
        {},
        `${differing.size} of ${keys.length} keys differ; equal letters are equal answers`,
      ),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'key'),
          ...nodes.map((node) => h('th', { scope: 'col' }, node)),
        ),
      ),
      h(
        'tbody',
        {},
        ...keys.slice(0, keysMax).map((key) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, key),
            ...nodes.map((node) => {
              const cell = byPlace.get(`${key}\n${node}`);
              if (cell === undefined) return h('td', { class: 'none' }, 'no answer');
              const row = world.rowOfIdx(cell.idx);
              const letter = String.fromCharCode(65 + (cell.answer % 26));
              return h(
                'td',
                { class: cell.answer === 0 ? 'same' : 'other' },
                h(
                  'button',
                  {
                    type: 'button',
                    title: cell.value.slice(0, 120),
                    click: () => row >= 0 && world.open(row),
                  },
                  letter,
                ),
              );
            }),
          ),
        ),
      ),
    ),
  );
}
