/** Links to the sections that there are, and the choice of light and dark. */
import { h } from './dom.ts';
import { chooseTheme } from './theme.ts';

/** `more`: what stands at the end of the line. */
export function navigation(sections: readonly HTMLElement[], ...more: Node[]): HTMLElement {
  const links = sections
    .filter(({ id }) => id !== '')
    .map((section) =>
      h(
        'a',
        {
          href: `#${section.id}`,
          // The address holds the filter, too: a link must not throw it away.
          click: (event: Event) => {
            event.preventDefault();
            section.scrollIntoView();
          },
        },
        section.querySelector('h2')?.textContent ?? section.id,
      ),
    );
  return h('nav', { 'aria-label': 'Sections' }, ...links, ...more);
}

export function themeChoice(): HTMLElement {
  const choice = h(
    'select',
    { 'aria-label': 'Colours' },
    ...['system', 'light', 'dark'].map((name) => h('option', {}, name)),
  ) as HTMLSelectElement;
  choice.addEventListener('change', () => chooseTheme(choice.value));
  return choice;
}
