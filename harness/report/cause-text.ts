/** Causes for the terminal. The sentence of the gravest one is not among these lines: it ends the verdict screen. */
import type { Cause } from './cause/index.ts';
import { clip, escapeText } from './escape.ts';
import { logText } from './log-text.ts';
import type { Style } from './style.ts';
import { wrap } from './wrap.ts';

const WIDTH = 100;
const GROUPS_MAX = 4;
const LOG_LINES_MAX = 3;

/** The typical violation of the largest group in full, the other groups in a line each, then what it comes to. */
export function causeLines(causes: readonly Cause[], style: Style, width = WIDTH): string[] {
  return causes.flatMap((cause, i) => [
    ...(i === 0 ? [style.strong('  What happened')] : []),
    ...cause.groups
      .slice(0, GROUPS_MAX)
      .flatMap((group, j) => [
        ...wrap(escapeText(`- ${group.sentence}`), width, '    ', '      '),
        ...(i === 0 && j === 0 ? typicalLines(group.typical, style, width) : []),
      ]),
    ...moreGroups(cause, style),
    ...cause.consequences.flatMap(({ sentence }) =>
      wrap(escapeText(sentence), width, '    ', '    ').map((line) => style.faint(line)),
    ),
    ...(i === 0 ? [] : wrap(escapeText(cause.sentence), width, '  ', '  ')),
    '',
  ]);
}

function moreGroups({ groups }: Cause, style: Style): string[] {
  const more = groups.length - GROUPS_MAX;
  return more > 0 ? [style.faint(`    and ${more} smaller groups: the page has them`)] : [];
}

function typicalLines(
  { steps, logs }: Cause['groups'][number]['typical'],
  style: Style,
  width: number,
): string[] {
  return [
    ...steps.flatMap((step, i) =>
      wrap(escapeText(`${i + 1}. ${step}`), width, '        ', '           '),
    ),
    ...logs
      .slice(0, LOG_LINES_MAX)
      .map(({ time, node, text }) =>
        style.faint(clip(`        ${(time / 1e9).toFixed(3)} s ${node}: ${logText(text)}`, width)),
      ),
  ];
}
