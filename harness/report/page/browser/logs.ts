/** Logs of the nodes, on the same stretch of time as the pictures. */

import { logText } from '../../log-text.ts';
import { h, replace } from './dom.ts';
import type { World } from './world.ts';

const shownMax = 400;

export function logSection(world: World): HTMLElement | null {
  const { data, viewport } = world;
  if (data.logs.length === 0) return null;
  const list = h('ul', { class: 'log' });
  const note = h('p', { class: 'muted' });
  const search = h('input', {
    type: 'search',
    placeholder: 'only lines with ...',
    'aria-label': 'Filter of log lines',
  }) as HTMLInputElement;
  const loud = h('input', { type: 'checkbox', id: 'loud' }) as HTMLInputElement;
  const refresh = (): void => {
    const [from, to] = [viewport.from * 1e3, viewport.to * 1e3];
    const all = viewport.to - viewport.from >= viewport.end;
    const found = data.logs.filter(
      ({ time, level, text }) =>
        (all || (time >= from && time <= to)) &&
        (!loud.checked || level !== 'info') &&
        (search.value === '' || text.includes(search.value)),
    );
    replace(
      list,
      ...found
        .slice(0, shownMax)
        .map(({ time, node, level, text }) =>
          h(
            'li',
            { class: level },
            `${(time / 1e9).toFixed(3)} s ${data.nodes[node] ?? '?'} ${level} `,
            h('code', {}, logText(text)),
          ),
        ),
    );
    const left = data.logsLeftOut > 0 ? `; ${data.logsLeftOut} are only in the run file` : '';
    replace(
      note,
      `${found.length} lines in the stretch that is shown${found.length > shownMax ? `, the first ${shownMax} here` : ''}${left}`,
    );
  };
  search.addEventListener('input', refresh);
  loud.addEventListener('change', refresh);
  viewport.onChange((final) => final && refresh());
  refresh();
  return h(
    'section',
    { id: 'logs' },
    h('h2', {}, 'Logs of the nodes'),
    h(
      'div',
      { class: 'bar' },
      search,
      loud,
      h('label', { for: 'loud' }, 'warnings and errors only'),
    ),
    note,
    list,
  );
}
