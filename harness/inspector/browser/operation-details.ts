/** What the run file knows of an operation beyond its columns: shown in its panel. */

import { logText } from '../../report/log-text.ts';
import { folded, h, type Table, table } from '../../report/page/browser/dom.ts';
import type { World } from '../../report/page/browser/world.ts';
import { ask } from './ask.ts';

type Row = Readonly<Record<string, string | number | null>>;

interface Answer {
  readonly op: Row;
  readonly ofProcess: readonly Row[];
  readonly ofKey: readonly Row[];
  readonly logs: readonly Row[];
  readonly candidates: readonly {
    readonly idx: number;
    readonly value: string | null;
    readonly possible: boolean;
    readonly returned: boolean;
    readonly why: string;
  }[];
}

const DEFINITE = {
  ok: 'it happened',
  fail: 'it certainly did not happen',
  info: 'nobody knows whether it happened',
} as const;

export async function operationDetails(run: string, world: World, row: number): Promise<Node> {
  const answer = await ask<Answer>('operation', { run, idx: String(world.columns.idx[row]) });
  const { op, candidates, logs } = answer;
  const outcome =
    DEFINITE[op.outcome as keyof typeof DEFINITE] ?? 'it was still going on at the end';
  const open = (idx: number): Node => {
    const to = world.rowOfIdx(idx);
    if (to < 0) return document.createTextNode(String(idx));
    return h('button', { type: 'button', click: () => world.open(to) }, idx);
  };
  const around = (rows: readonly Row[]): Table => ({
    head: ['operation', 'at', 'process', 'node', 'f', 'key', 'value', 'outcome'],
    rows: rows.map((each) => [
      open(Number(each.idx)),
      `${(Number(each.invoked) / 1e9).toFixed(4)} s`,
      each.process,
      each.node,
      each.f,
      each.key,
      String(each.value ?? '').slice(0, 60),
      each.outcome ?? 'in flight',
    ]),
  });
  return h(
    'div',
    {},
    h('p', {}, h('b', {}, outcome)),
    h(
      'dl',
      {},
      ...Object.entries(op)
        .filter(([, value]) => value !== null)
        .flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, decode(name, String(value)))]),
    ),
    candidates.length === 0
      ? null
      : h(
          'section',
          {},
          h('h3', {}, 'What this read could have returned'),
          table(
            {
              head: ['write', 'value', '', 'why'],
              rows: candidates.map((each) => [
                open(each.idx),
                each.value,
                `${each.possible ? 'possible' : 'excluded'}${each.returned ? ', returned' : ''}`,
                each.why,
              ]),
            },
            'Writes of this key around the read, by real time alone',
          ),
        ),
    logs.length === 0
      ? null
      : h(
          'section',
          {},
          h('h3', {}, `Log of ${logs[0].node} around it`),
          h(
            'ul',
            { class: 'log' },
            ...logs.map((line) =>
              h(
                'li',
                { class: line.level },
                `${(Number(line.time) / 1e9).toFixed(3)} s `,
                h('code', {}, logText(String(line.text))),
              ),
            ),
          ),
        ),
    folded('Its client, before and after', () => table(around(answer.ofProcess), 'Its client')),
    folded('Its key, before and after', () => table(around(answer.ofKey), 'Its key')),
  );
}

/** A context is base64 of JSON: readable is better. */
function decode(name: string, value: string): string {
  if (name !== 'context' && name !== 'sent_context') return value;
  try {
    const text = atob(value.replace(/-/g, '+').replace(/_/g, '/'));
    return /^[\x20-\x7e]+$/.test(text) ? text : value;
  } catch {
    return value;
  }
}
