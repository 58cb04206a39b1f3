/**
 * Elements of the page. Whatever is given as a child is text: nothing that a run recorded is ever read as
 * HTML, and control characters and marks that turn the direction of writing are shown, not obeyed.
 */

export type Child = Node | string | number | null | readonly Child[];
type Attributes = Readonly<Record<string, string | number | boolean | null | EventListener>>;

const HOSTILE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Text that can be shown as it is; line breaks stay. */
export function shown(text: string): string {
  return text.replace(HOSTILE, (each) => {
    if (each === '\n') return each;
    return `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function s(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, attributes, children);
  return element;
}

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : shown(String(value)));
  }
  append(element, children);
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null) continue;
    if (typeof child === 'string' || typeof child === 'number') {
      element.append(shown(String(child)));
    } else if (child instanceof Node) element.append(child);
    else append(element, child as readonly Child[]);
  }
}

export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

export type Cell = string | number | null | Node;

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const rowsMax = 500;

/** A table with its caption; long ones are cut, and say so. */
export function table({ head, rows }: Table, caption: string): HTMLElement {
  const cut = rows.length > rowsMax;
  return h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', {}, cut ? `${caption} (the first ${rowsMax} of ${rows.length})` : caption),
      h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
      h(
        'tbody',
        {},
        ...rows
          .slice(0, rowsMax)
          .map((row) =>
            h(
              'tr',
              {},
              ...row.map((cell) =>
                h('td', { class: typeof cell === 'number' ? 'number' : null }, cell),
              ),
            ),
          ),
      ),
    ),
  );
}

/** A table that is made when it is opened. */
export function folded(title: string, make: () => HTMLElement): HTMLElement {
  const details = h('details', {}, h('summary', {}, title));
  details.addEventListener('toggle', () => {
    if (details.hasAttribute('open') && details.childElementCount === 1) details.append(make());
  });
  return details;
}
