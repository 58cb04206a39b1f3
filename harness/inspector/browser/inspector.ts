/** The program of the inspector: shows what the address says. */
import { h, replace } from '../../report/page/browser/dom.ts';
import { themeChoice } from '../../report/page/browser/navigation.ts';
import { readAddress } from './address.ts';
import { campaignView } from './campaign-view.ts';
import { compareView } from './compare-view.ts';
import { moveWithKeys } from './keys.ts';
import { runView } from './run-view.ts';
import { runsView } from './runs-view.ts';

function chosenView(): Promise<HTMLElement> {
  const address = readAddress();
  const value = (name: string): string => address.get(name) ?? '';
  switch (address.get('view')) {
    case 'run':
      return runView(value('run'));
    case 'compare':
      return compareView(value('a'), value('b'));
    case 'campaign':
      return campaignView(value('name'));
    default:
      return runsView();
  }
}

let turn = 0;

async function show(): Promise<void> {
  const root = document.getElementById('page');
  if (root === null) return;
  const mine = ++turn;
  const place = h('main', { 'aria-busy': true }, h('p', { class: 'muted' }, '...'));
  delete document.documentElement.dataset.ready;
  replace(
    root,
    h('div', { class: 'bar top' }, h('a', { href: '#' }, 'amnesia: all runs'), themeChoice()),
    place,
  );
  let outcome = 'yes';
  let view: HTMLElement;
  try {
    view = await chosenView();
  } catch (error) {
    outcome = 'failed';
    const text = error instanceof Error ? error.message : String(error);
    view = h('p', { class: 'problem', role: 'alert' }, text);
  }
  if (mine !== turn) return;
  replace(place, view);
  place.removeAttribute('aria-busy');
  document.documentElement.dataset.ready = outcome;
  scrollTo(0, 0);
}

addEventListener('hashchange', () => void show());
moveWithKeys();
void show();
