/** One run: the sections of its page, and what only a server can answer. */
import { append, h, replace } from '../../report/page/browser/dom.ts';
import { navigation } from '../../report/page/browser/navigation.ts';
import { makePanel } from '../../report/page/browser/panel.ts';
import { runSections } from '../../report/page/browser/sections.ts';
import { makeTimeline, type Timeline } from '../../report/page/browser/timeline.ts';
import { askWorld } from './ask.ts';
import { liveSection } from './live.ts';
import { matrixSection } from './matrix.ts';
import { operationDetails } from './operation-details.ts';
import { sqlSection } from './sql-box.ts';

export async function runView(run: string): Promise<HTMLElement> {
  const line: { current: Timeline | null } = { current: null };
  const panel = makePanel((world, row) => operationDetails(run, world, row));
  const world = await askWorld(run, (shown, row) => {
    panel.show(shown, row);
    line.current?.mark(row);
  });
  const timeline = makeTimeline(world);
  line.current = timeline;
  const sections = runSections(world, timeline);
  const body = h('div', {});
  append(body, [
    sections[0],
    world.data.state === 'running' ? liveSection(run, world) : null,
    ...sections.slice(1, -1),
    matrixSection(run, world),
    sqlSection(run),
    ...sections.slice(-1),
  ]);
  const all = [...body.children].filter((each): each is HTMLElement => each instanceof HTMLElement);
  const place = h('div', {});
  replace(place, navigation(all), body, panel.element);
  return place;
}
