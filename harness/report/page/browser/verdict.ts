/** The first screen: the verdict in a sentence, its causes with the typical violation told in full, the checkers. */

import type { Cause, CauseGroup } from '../../cause/index.ts';
import { figureText, numberText } from '../../figures.ts';
import { logText } from '../../log-text.ts';
import type { PageData, PageVerdict } from '../page-data.ts';
import { folded, h, table } from './dom.ts';
import { witnessLanes } from './witness.ts';
import type { World } from './world.ts';

function wordOf(valid: PageData['valid']): string {
  if (valid === true) return 'valid';
  if (valid === false) return 'INVALID';
  return valid === null ? 'not judged' : 'unknown';
}

function classOf(valid: PageData['valid']): string {
  return valid === true ? 'good' : valid === false ? 'bad' : 'doubtful';
}

export function header({ data }: World): HTMLElement {
  const { ok, fail, info } = data.counts;
  const facts = [
    data.name,
    ...(data.seed === null ? [] : [`seed ${data.seed}`]),
    `${(data.duration / 1e9).toFixed(1)} s`,
    `${numberText(ok + fail + info)} operations (${numberText(ok)} ok, ${numberText(fail)} fail, ${numberText(info)} info)`,
    `${data.nodes.length} nodes`,
    `${data.faults.length} faults`,
    data.startedAt,
    ...(data.state === 'done' ? [] : [`the run is ${data.state}`]),
  ];
  return h(
    'header',
    { class: classOf(data.valid) },
    h('h1', {}, h('span', { class: 'badge' }, wordOf(data.valid)), ' ', data.sentence),
    h('p', { class: 'muted' }, facts.join('  ·  ')),
    ...data.notes.map((note) => h('p', { class: 'note' }, note)),
  );
}

function groupArticle(
  world: World,
  cause: Cause,
  group: CauseGroup,
  isFirst: boolean,
): HTMLElement {
  const { typical } = group;
  const row = world.rowOfIdx(typical.op);
  const verdict = world.data.verdicts.find(({ checker }) => checker === cause.checker);
  const anomaly = typical.anomaly === null ? null : (verdict?.anomalies[typical.anomaly] ?? null);
  const lanes = witnessLanes(world, anomaly?.ops ?? typical.ops);
  const told = (): HTMLElement =>
    h(
      'div',
      {},
      h('p', { class: 'muted' }, `One of them, operation ${typical.op}:`),
      h('ol', {}, ...typical.steps.map((step) => h('li', {}, step))),
      lanes,
      typical.logs.length === 0
        ? null
        : h(
            'div',
            {},
            h('p', { class: 'muted' }, 'What the logs say around it:'),
            h(
              'ul',
              { class: 'log' },
              ...typical.logs.map(({ time, node, level, text }) =>
                h(
                  'li',
                  { class: level },
                  `${(time / 1e9).toFixed(3)} s ${node} `,
                  h('code', {}, logText(text)),
                ),
              ),
            ),
          ),
      h(
        'p',
        { class: 'actions' },
        row < 0
          ? null
          : h(
              'button',
              { type: 'button', click: () => world.open(row) },
              `operation ${typical.op}`,
            ),
        ' ',
        h(
          'span',
          { class: 'muted' },
          `all of them: ${group.ops.slice(0, 40).join(' ')}${group.ops.length > 40 || group.count > group.ops.length ? ' …' : ''}`,
        ),
      ),
    );
  return h(
    'article',
    { class: 'group' },
    h('h3', {}, group.sentence),
    isFirst ? told() : folded('One of them in full', told),
  );
}

const groupsShown = 4;

export function causes(world: World): HTMLElement | null {
  const { data } = world;
  if (data.causes.length === 0) return null;
  return h(
    'section',
    { id: 'causes' },
    h('h2', {}, data.causes.length === 1 ? 'What happened' : 'What happened, by kind of violation'),
    ...data.causes.map((cause, i) =>
      h(
        'div',
        { class: 'cause' },
        // The first one is the headline.
        i === 0
          ? null
          : h('p', { class: 'says' }, h('b', {}, `${cause.checker}: `), cause.sentence),
        ...cause.groups
          .slice(0, groupsShown)
          .map((group, j) => groupArticle(world, cause, group, i === 0 && j === 0)),
        cause.groups.length > groupsShown
          ? folded(`${cause.groups.length - groupsShown} smaller groups`, () =>
              h(
                'div',
                {},
                ...cause.groups
                  .slice(groupsShown)
                  .map((group) => groupArticle(world, cause, group, false)),
              ),
            )
          : null,
        ...cause.consequences.map(({ sentence }) => h('p', { class: 'muted' }, sentence)),
      ),
    ),
  );
}

function mark({ valid, informational }: PageVerdict): string {
  if (informational) return '·';
  return valid === true ? '✓' : valid === false ? '✗' : '?';
}

function verdictWord({ valid, informational, reason }: PageVerdict): string {
  const word = valid === true ? 'holds' : valid === false ? 'violated' : `unknown: ${reason ?? ''}`;
  return informational ? `${word}, for information` : word;
}

export function checkers(world: World): HTMLElement {
  const { verdicts } = world.data;
  return h(
    'section',
    { id: 'checkers' },
    h('h2', {}, 'Checkers'),
    ...verdicts.map((verdict) =>
      h(
        'article',
        { class: `checker ${verdict.informational ? 'aside' : classOf(verdict.valid)}` },
        h(
          'h3',
          {},
          h('span', { class: 'mark', 'aria-hidden': true }, mark(verdict)),
          ` ${verdict.checker} `,
          h('small', {}, verdictWord(verdict)),
        ),
        h('p', {}, verdict.message),
        ...verdict.anomalies
          .slice(0, verdict.informational ? 0 : 2)
          .map((anomaly) => anomalyArticle(world, anomaly)),
        verdict.anomalies.length > (verdict.informational ? 0 : 2)
          ? folded(
              `${verdict.anomalies.length - (verdict.informational ? 0 : 2)} more violations`,
              () =>
                h(
                  'div',
                  {},
                  ...verdict.anomalies
                    .slice(verdict.informational ? 0 : 2)
                    .map((each) => anomalyArticle(world, each)),
                ),
            )
          : null,
        folded('Figures', () =>
          table(
            {
              head: ['figure', 'value'],
              rows: Object.entries(verdict.figures).map(([name, figure]) => [
                name,
                figureText(figure),
              ]),
            },
            `Figures of ${verdict.checker}`,
          ),
        ),
      ),
    ),
  );
}

function anomalyArticle(world: World, anomaly: PageVerdict['anomalies'][number]): HTMLElement {
  const facts = [
    ...(anomaly.violates.length > 0 ? [`violates ${anomaly.violates.join(', ')}`] : []),
    ...(anomaly.count > 1 ? [`${anomaly.count} of this kind`] : []),
    ...(anomaly.confirmed ? ['confirmed'] : []),
    ...(anomaly.minimal ? ['minimal'] : []),
  ];
  return h(
    'details',
    { class: 'anomaly' },
    h(
      'summary',
      {},
      h('b', {}, anomaly.pattern),
      `: ${anomaly.summary} `,
      h('small', {}, facts.join(', ')),
    ),
    witnessLanes(world, anomaly.ops),
    h('ol', {}, ...anomaly.steps.map((step) => h('li', {}, step))),
    h('p', { class: 'muted' }, `operations ${anomaly.ops.join(' ')}`),
  );
}
