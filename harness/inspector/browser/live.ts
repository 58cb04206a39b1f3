/** A run that is going on: what came since the last look, every two seconds; the end of it shows the whole page. */
import { h, replace, table } from '../../report/page/browser/dom.ts';
import type { World } from '../../report/page/browser/world.ts';
import { ask } from './ask.ts';

interface Growth {
  readonly state: string;
  readonly last: number;
  readonly phase: string | null;
  readonly atS: number;
  readonly seconds: readonly (readonly [number, number, number, number])[];
  readonly faults: readonly Readonly<Record<string, string | number | null>>[];
}

const everyMs = 2000;
const secondsShown = 30;

export function liveSection(run: string, world: World): HTMLElement {
  const place = h('div', {});
  const element = h('section', { id: 'live' }, h('h2', {}, 'Going on'), place);
  const counts = new Map<number, [number, number, number]>();
  let after = world.columns.idx.reduce((most, each) => Math.max(most, each), -1);
  const look = async (): Promise<void> => {
    if (!element.isConnected) return;
    try {
      const growth = await ask<Growth>('growth', { run, after: String(after) });
      after = growth.last;
      for (const [second, ok, fail, other] of growth.seconds) {
        const known = counts.get(second) ?? [0, 0, 0];
        counts.set(second, [known[0] + ok, known[1] + fail, known[2] + other]);
      }
      replace(place, shown(growth, counts));
      if (growth.state !== 'running') {
        location.reload();
        return;
      }
    } catch (error) {
      replace(place, h('p', { class: 'problem' }, String(error)));
    }
    setTimeout(() => void look(), everyMs);
  };
  // By then it is part of the page.
  setTimeout(() => void look(), 0);
  return element;
}

function shown(growth: Growth, counts: ReadonlyMap<number, readonly number[]>): HTMLElement {
  const latest = [...counts].sort(([a], [b]) => b - a).slice(0, secondsShown);
  const fault = growth.faults.find(({ end_s: end }) => end === null);
  return h(
    'div',
    {},
    h(
      'p',
      {},
      `${growth.phase ?? 'set-up'}, ${growth.atS.toFixed(1)} s, ${growth.last + 1} operations; ${fault === undefined ? 'no fault' : fault.description}`,
    ),
    table(
      {
        head: ['second', 'ok', 'fail', 'info or in flight'],
        rows: latest.map(([second, each]) => [second, ...each]),
      },
      'Operations by second, the newest first',
    ),
  );
}
