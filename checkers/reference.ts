/**
 * The reference of the checkers, as Markdown printed from their records: what each decides and by whose
 * definition, an example that passes, and one that fails with the verdict that the code gives.
 */

import { checkers } from './index.ts';
import { parseScene } from './oracle/scene.ts';
import type { Checker } from './verdict/checker.ts';
import { unlimited } from './verdict/checker.ts';
import { compose, defaultCheckOptions } from './verdict/compose.ts';
import { type Anomaly, UNKNOWN_REASONS, type Verdict } from './verdict/verdict.ts';

const printed = '<!-- Printed from the code by `npm run docs`. -->\n';

/** Ready-made scenes are judged with the default options. */
export function judgeExample(checker: Checker, scene: string): Verdict {
  const options = { ...defaultCheckOptions, promises: checker.property ? [checker.property] : [] };
  return compose(parseScene(scene), [checker], options, () => unlimited).verdicts[0];
}

function fenced(lines: readonly string[]): string[] {
  return ['```', ...lines, '```'];
}

function anomalyLines(anomaly: Anomaly): string[] {
  const proof = [
    ...(anomaly.confirmed ? ['confirmed'] : []),
    ...(anomaly.minimal ? ['minimal'] : []),
  ].join(', ');
  return [
    `- \`${anomaly.pattern}\`, violates ${anomaly.violates.join(', ')} (${proof}): ${anomaly.summary}`,
    '',
    ...anomaly.steps.map((step, i) => `  ${i + 1}. ${step}`),
    '',
    ...(anomaly.lanes.length === 0 ? [] : [...fenced(anomaly.lanes), '']),
  ];
}

function verdictLines({ valid, reason, message, anomalies }: Verdict): string[] {
  const answer = reason === undefined ? String(valid) : `${valid} (${reason})`;
  return [`Verdict: **${answer}**. ${message}`, '', ...anomalies.flatMap(anomalyLines)];
}

function page(checker: Checker): string {
  const promise =
    checker.property === undefined
      ? 'Always counts.'
      : `Counts where the store promises \`${checker.property}\`; else it is reported as information.`;
  const { passes, fails } = checker.examples;
  const lines = [
    printed,
    `# ${checker.name}`,
    '',
    checker.decides,
    '',
    `**Source.** ${checker.source}.`,
    '',
    `**Promise.** ${promise}`,
    '',
    `**Judges.** ${checker.types === 'any' ? 'how operations ended, of any data type' : checker.types.join(', ')}; scope: ${checker.scope}; histories of other tools: ${checker.foreign}.`,
    '',
    `**Version of the rules.** ${checker.version}`,
    '',
    '## Passes',
    '',
    ...fenced(passes.split('\n')),
    '',
    ...verdictLines(judgeExample(checker, passes)),
    '## Does not pass',
    '',
    ...fenced(fails.split('\n')),
    '',
    ...verdictLines(judgeExample(checker, fails)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function overview(): string {
  const rows = Object.values(checkers).map(
    ({ name, property, scope, types, decides }) =>
      `| [${name}](${name}.md) | ${property ? `\`${property}\`` : ''} | ${scope} | ` +
      `${types === 'any' ? 'any' : types.join(', ')} | ${decides} |`,
  );
  const reasons = Object.entries(UNKNOWN_REASONS).map(
    ([reason, meaning]) => `| \`${reason}\` | ${meaning} |`,
  );
  return [
    printed,
    '# Checkers',
    '',
    'A checker answers true, false or unknown; false counts before unknown, unknown before true.',
    'The notation of the examples is explained in `checkers/oracle/notation.ts` and `scene.ts`.',
    '',
    '| checker | promise | scope | data types | decides |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    '## Reasons for unknown',
    '',
    '| reason | meaning |',
    '|---|---|',
    ...reasons,
    '',
  ].join('\n');
}

/** File name to content: one page for each checker, and README.md. */
export function checkerPages(): Map<string, string> {
  const pages = new Map([['README.md', overview()]]);
  for (const checker of Object.values(checkers)) pages.set(`${checker.name}.md`, page(checker));
  return pages;
}
