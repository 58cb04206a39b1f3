/**
 * Prints the reference pages from the code, so that they cannot differ from it: `npm run docs` writes them, and a
 * test checks that what is committed is current.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkerPages } from '../checkers/reference.ts';
import { campaignOptions } from '../harness/campaign/options.ts';
import { sometimes } from '../harness/campaign/report/sometimes.ts';
import { optionsMarkdown } from '../harness/run/options.ts';
import { outcomesMarkdown } from '../harness/systems/engram/outcomes.ts';
import { shapes } from '../nemesis/grudges.ts';
import { faults } from '../nemesis/index.ts';
import { workloads } from '../workloads/index.ts';

const printed = '<!-- Printed from the code by `npm run docs`. -->\n';

function workloadsMarkdown(): string {
  return Object.values(workloads)
    .map((workload) => {
      const rows = workload.operations.map(
        ({ f, key, value, meaning }) => `| \`${f}\` | ${key} | ${value} | ${meaning} |`,
      );
      const { overall, perFaultWindow } = workload.minimumOk;
      return [
        `## ${workload.name}`,
        '',
        `**Promise.** ${workload.promise}.`,
        '',
        '| f | key | value | meaning |',
        '|---|---|---|---|',
        ...rows,
        '',
        `**Minimum.** ${overall} operations that succeed, and ${perFaultWindow} in each fault window.`,
        '',
      ].join('\n');
    })
    .join('\n');
}

function faultsMarkdown(): string {
  const lines = ['| fault | variants | what it does | needs |', '|---|---|---|---|'];
  for (const fault of Object.values(faults)) {
    const variants = fault.variants.map((name) => `\`${name}\``).join(', ');
    lines.push(
      `| \`${fault.kind}\` | ${variants} | ${fault.describe} | ${fault.needs.join(', ')} |`,
    );
  }
  lines.push('', '## Partitions', '', '| variant | shape | nodes at least |', '|---|---|---|');
  for (const [name, shape] of Object.entries(shapes)) {
    lines.push(`| \`${name}\` | ${shape.describe} | ${shape.nodesMin} |`);
  }
  return `${lines.join('\n')}\n`;
}

function campaignsMarkdown(): string {
  const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [
    'And every option of `amnesia test` that is not here, handed on to each run.',
    '',
    row('option', 'default', 'meaning'),
    '|---|---|---|',
    ...Object.values(campaignOptions).map(({ form, fallback, meaning }) =>
      row(`\`${form}\``, fallback === '' ? '' : `\`${fallback}\``, meaning),
    ),
    '',
    '## Conditions that must come true now and then',
    '',
    'The report names those that never did.',
    '',
    row('condition', 'what happened when it is true'),
    '|---|---|',
    ...sometimes.map(({ name, meaning }) => row(`\`${name}\``, meaning)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Path below docs/ to content. */
export function referencePages(): Map<string, string> {
  const pages = new Map<string, string>();
  const page = (name: string, title: string, body: string): void => {
    pages.set(`reference/${name}.md`, `${printed}\n# ${title}\n\n${body}`);
  };
  page('options', 'Options of `amnesia test`', optionsMarkdown());
  page(
    'outcomes',
    'What each ending of a request means',
    `The error class of an operation is the name of its row.\n\n${outcomesMarkdown()}`,
  );
  page('workloads', 'Workloads', workloadsMarkdown());
  page('faults', 'Faults', faultsMarkdown());
  page('campaigns', 'Options of `amnesia soak`', campaignsMarkdown());
  for (const [name, content] of checkerPages()) pages.set(`reference/checkers/${name}`, content);
  return pages;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const docs = dirname(fileURLToPath(import.meta.url));
  for (const [name, content] of referencePages()) {
    mkdirSync(dirname(join(docs, name)), { recursive: true });
    writeFileSync(join(docs, name), content);
    console.log(`docs/${name}`);
  }
}
