/** The panel of one operation: everything the page knows of it, and how to ask for the rest. */
import { h, replace } from './dom.ts';
import { operationText } from './operation-text.ts';
import { faultsAt } from './picture.ts';
import type { World } from './world.ts';

export interface Panel {
  readonly element: HTMLElement;
  show(world: World, row: number): void;
}

/** `more`: what else is to be shown of an operation; it may come later. */
export function makePanel(more: (world: World, row: number) => Node | Promise<Node> | null): Panel {
  const body = h('div', { class: 'panel-body' });
  const close = h('button', { type: 'button', 'aria-label': 'close', click: () => hide() }, '×');
  const element = h(
    'aside',
    { class: 'panel', hidden: true, 'aria-label': 'Operation' },
    close,
    body,
  );
  let before: Element | null = null;
  let shownLast = 0;
  const hide = (): void => {
    element.setAttribute('hidden', '');
    if (before instanceof HTMLElement) before.focus();
  };
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !element.hasAttribute('hidden')) hide();
  });
  const show = (world: World, row: number): void => {
    const { columns, data, known } = world;
    const turn = ++shownLast;
    before = document.activeElement;
    const idx = columns.idx[row];
    const extra = more(world, row);
    // What comes from the run file says all of it again, and more.
    const detail = extra === null ? known.get(idx) : undefined;
    const fields =
      detail === undefined ? [] : Object.entries(detail).filter(([, value]) => value !== null);
    const place = h(
      'div',
      {},
      extra instanceof Promise ? h('p', { class: 'muted' }, '...') : extra,
    );
    if (extra instanceof Promise) {
      extra
        .then((node) => turn === shownLast && replace(place, node))
        .catch(
          (error: unknown) =>
            turn === shownLast && replace(place, h('p', { class: 'problem' }, String(error))),
        );
    }
    replace(
      body,
      h('h2', {}, `Operation ${idx}`),
      ...operationText(world, row)
        .split('\n')
        .map((line) => h('p', {}, line)),
      h(
        'p',
        { class: 'muted' },
        faultsAt(columns.invoke[row], world).trim() || 'No fault was there.',
      ),
      fields.length === 0
        ? null
        : h(
            'dl',
            {},
            ...fields.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, String(value))]),
          ),
      place,
      data.run === null
        ? null
        : h('p', { class: 'muted' }, h('code', {}, `amnesia show ${data.run} --op ${idx}`)),
      h(
        'p',
        {},
        neighbour(world, row, -1, 'before', (to) => show(world, to)),
        ' ',
        neighbour(world, row, 1, 'after', (to) => show(world, to)),
      ),
    );
    element.removeAttribute('hidden');
    close.focus({ preventScroll: true });
  };
  return { element, show };
}

/** The operation of the same lane before or after. */
function neighbour(
  { columns }: World,
  row: number,
  step: 1 | -1,
  word: string,
  open: (row: number) => void,
): HTMLElement {
  let at = row + step;
  while (at >= 0 && at < columns.n && columns.lane[at] !== columns.lane[row]) at += step;
  const isThere = at >= 0 && at < columns.n;
  return h(
    'button',
    { type: 'button', disabled: !isThere, click: () => open(at) },
    `the one ${word} of its client`,
  );
}
