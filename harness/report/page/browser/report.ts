/** The program of `report.html`: reads the blocks of the page and shows the run. */
import { unpackColumns } from '../columns.ts';
import type { PageData } from '../page-data.ts';
import { h, replace } from './dom.ts';
import { readBlock } from './load.ts';
import { navigation, themeChoice } from './navigation.ts';
import { makePanel } from './panel.ts';
import { runSections } from './sections.ts';
import { makeTimeline, type Timeline } from './timeline.ts';
import { makeWorld } from './world.ts';

async function start(): Promise<void> {
  const root = document.getElementById('page');
  if (root === null) return;
  try {
    const data = JSON.parse(new TextDecoder().decode(await readBlock('page-data'))) as PageData;
    if (data.format !== 1) throw new Error(`its format is ${data.format}, this program reads 1`);
    const columns = unpackColumns(data.columns, await readBlock('page-columns'));
    const panel = makePanel(() => null);
    const line: { current: Timeline | null } = { current: null };
    const world = makeWorld(data, columns, (shown, row) => {
      panel.show(shown, row);
      line.current?.mark(row);
    });
    const timeline = makeTimeline(world);
    line.current = timeline;
    const sections = runSections(world, timeline);
    replace(root, navigation(sections, themeChoice()), h('main', {}, ...sections), panel.element);
    document.documentElement.dataset.ready = 'yes';
    document.documentElement.dataset.readyMs = String(Math.round(performance.now()));
  } catch (error) {
    replace(
      root,
      h(
        'main',
        {},
        h('h1', {}, 'This page cannot be shown'),
        h(
          'p',
          {},
          `It is damaged or was cut off (${error instanceof Error ? error.message : String(error)}). The run file still has everything: amnesia show, amnesia check --report.`,
        ),
      ),
    );
    document.documentElement.dataset.ready = 'failed';
  }
}

void start();
