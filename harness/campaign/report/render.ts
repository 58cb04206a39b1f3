/**
 * Sections as lines for the terminal, as Markdown, and as one HTML file that opens from disk. Pure. Texts
 * come from the system under test: they are shown, never obeyed, in any of the three.
 */
import { escapeText } from '../../report/escape.ts';
import type { Style } from '../../report/style.ts';
import { tableLines } from '../../report/table.ts';
import type { Cell, Section } from './sections.ts';

/** Widest cell on the terminal, columns. */
const CELL_MAX = 64;

export function terminalLines(sections: readonly Section[], style: Style): string[] {
  return sections.flatMap(({ title, text, head, rows }) => [
    '',
    style.strong(title),
    ...text.map((line) => `  ${escapeText(line)}`),
    ...tableLines(head, rows, CELL_MAX).map((line) => `  ${line}`),
  ]);
}

/** Characters that Markdown would take for its own, and HTML that it would let through. */
function markdownText(text: string): string {
  return (
    escapeText(text)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/[\\`*_[\]|~#!]/g, '\\$&')
      // A bare address would become a link.
      .replaceAll('://', ':&#47;&#47;')
  );
}

export function markdown(title: string, sections: readonly Section[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [`# ${markdownText(title)}`];
  for (const { title: name, text, head, rows } of sections) {
    lines.push('', `## ${markdownText(name)}`, '');
    for (const line of text) lines.push(`- ${markdownText(line)}`);
    if (head.length === 0) continue;
    if (text.length > 0) lines.push('');
    lines.push(row(head.map(markdownText)), row(head.map(() => '---')));
    for (const each of rows) lines.push(row(each.map((cell) => markdownText(shown(cell)))));
  }
  return `${lines.join('\n')}\n`;
}

const shown = (cell: Cell): string => (cell === null ? '-' : String(cell));

function htmlText(text: string): string {
  return escapeText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const css =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}' +
  'table{border-collapse:collapse;display:block;overflow-x:auto}' +
  'th,td{padding:.2rem .7rem;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}' +
  'td.n{text-align:right;font-variant-numeric:tabular-nums}' +
  '@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}th,td{border-color:#444}}';

/** No script, nothing from elsewhere: the policy forbids what an escape that failed would let in. */
export function html(title: string, sections: readonly Section[]): string {
  const cell = (value: Cell): string =>
    `<td${typeof value === 'number' ? ' class="n"' : ''}>${htmlText(shown(value))}</td>`;
  const body = sections.map(({ title: name, text, head, rows }) =>
    [
      `<h2>${htmlText(name)}</h2>`,
      ...text.map((line) => `<p>${htmlText(line)}</p>`),
      ...(head.length === 0
        ? []
        : [
            '<table><thead><tr>',
            ...head.map((each) => `<th>${htmlText(each)}</th>`),
            '</tr></thead><tbody>',
            ...rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`),
            '</tbody></table>',
          ]),
    ].join('\n'),
  );
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${htmlText(title)}</title><style>${css}</style></head><body>`,
    `<h1>${htmlText(title)}</h1>`,
    ...body,
    '</body></html>',
    '',
  ].join('\n');
}
