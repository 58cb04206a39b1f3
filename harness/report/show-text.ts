/** What `amnesia show` shows: gathered as plain values (for --json), then as lines. */

import type { ShownOperation } from '../store/look.ts';
import {
  anomaly,
  faultWindow,
  operation,
  opsOfKey,
  opsOfProcess,
  overview,
  surroundingsOf,
  type ViolationFilter,
  violatingOperations,
} from '../store/look.ts';
import type { RunFile } from '../store/run-file.ts';
import { clip, escapeText } from './escape.ts';
import { durationText, secondsText } from './figures.ts';
import { OPERATION_HEAD, operationCells } from './operation-text.ts';
import { type Style, validText } from './style.ts';
import { type CellValue, tableLines } from './table.ts';
import { anomalyLines } from './verdict-text.ts';

export type Wish =
  | { readonly view: 'run' }
  | { readonly view: 'op'; readonly idx: number }
  | { readonly view: 'key'; readonly key: string }
  | { readonly view: 'process'; readonly process: string }
  | { readonly view: 'fault'; readonly id: number }
  | { readonly view: 'anomaly'; readonly number: number }
  | { readonly view: 'violations'; readonly which: ViolationFilter };

/** Operations shown before and after the one that was asked for. */
const NEIGHBOURS = 4;

/** Throws NothingToShowError when there is no such thing in the run. */
export function look(file: RunFile, wish: Wish, limit: number) {
  switch (wish.view) {
    case 'run':
      return { view: wish.view, ...overview(file) };
    case 'op': {
      const op = operation(file, wish.idx);
      return { view: wish.view, op, ...surroundingsOf(file, op, NEIGHBOURS) };
    }
    case 'key':
      return {
        view: wish.view,
        title: `key ${wish.key}`,
        ops: opsOfKey(file, wish.key, limit),
        limit,
      };
    case 'process': {
      const ops = opsOfProcess(file, wish.process, limit);
      return { view: wish.view, title: `process ${wish.process}`, ops, limit };
    }
    case 'fault':
      return { view: wish.view, ...faultWindow(file, wish.id) };
    case 'anomaly':
      return { view: wish.view, number: wish.number, ...anomaly(file, wish.number) };
    case 'violations':
      return { ...wish, rows: violatingOperations(file, wish.which, limit) };
    default:
      return wish satisfies never;
  }
}

export type View = ReturnType<typeof look>;

export function viewLines(view: View, style: Style): string[] {
  switch (view.view) {
    case 'run':
      return runLines(view, style);
    case 'op':
      return opLines(view, style);
    case 'key':
    case 'process': {
      const more =
        view.ops.length >= view.limit
          ? [style.faint(`the first ${view.limit}; --limit shows more`)]
          : [];
      return [style.strong(escapeText(view.title)), ...opTable(view.ops, null), ...more];
    }
    case 'fault':
      return faultViewLines(view, style);
    case 'anomaly':
      return [
        style.strong(`found by ${escapeText(view.checker)}`),
        ...anomalyLines(view.anomaly, view.number, style),
        ...opTable(view.ops, null),
      ];
    case 'violations':
      return violationLines(view, style);
    default:
      return view satisfies never;
  }
}

function opTable(ops: readonly ShownOperation[], marked: number | null): string[] {
  return tableLines(
    OPERATION_HEAD,
    ops.map((op) => operationCells(op, op.idx === marked)),
  ).map((line) => `  ${line}`);
}

function violationLines({ rows, which }: Viewed<'violations'>, style: Style): string[] {
  const [first] = rows;
  if (first === undefined) {
    return [which === 'all' ? 'no checker lists operations' : `none of the violations is ${which}`];
  }
  const head = Object.keys(first);
  const cells = rows.map((row) => head.map((name) => row[name] ?? null));
  return [style.strong(`${rows.length} operations, ${which}`), ...tableLines(head, cells)];
}

type Viewed<Name extends View['view']> = Extract<View, { readonly view: Name }>;

function opLines(view: Viewed<'op'>, style: Style): string[] {
  const { op } = view;
  const fields = Object.entries(op)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `  ${name.padEnd(13)} ${clip(String(value), 400)}`);
  return [
    style.strong(`operation ${op.idx}`),
    ...fields,
    ...(view.faults.length === 0
      ? []
      : [
          style.strong('faults at the time'),
          ...view.faults.map((fault) => `  ${fault.id} ${escapeText(fault.description)}`),
        ]),
    style.strong(`process ${op.process}, before and after`),
    ...opTable(view.ofProcess, op.idx),
    ...(op.key === null
      ? []
      : [
          style.strong(`key ${escapeText(op.key)}, before and after`),
          ...opTable(view.ofKey, op.idx),
        ]),
  ];
}

function faultViewLines(view: Viewed<'fault'>, style: Style): string[] {
  const { fault } = view;
  const time = (ns: number | null): string => (ns === null ? 'never' : secondsText(ns));
  const evidence = (title: string, text: string | null): string[] => {
    if (text === null) return [];
    const lines = JSON.parse(text) as string[];
    return [style.strong(title), ...lines.map((line) => `  ${escapeText(line)}`)];
  };
  const facts: [string, string][] = [
    ['targets', fault.targets],
    ...(fault.grudge === null ? [] : ([['grudge', fault.grudge]] as [string, string][])),
    ['applied', time(fault.applied)],
    ['in force', time(fault.in_force)],
    ['heal began', time(fault.heal_began)],
    ['healed', time(fault.healed_at)],
    ['effective', fault.effective ?? 'not proved'],
    ...(fault.error === null ? [] : ([['error', fault.error]] as [string, string][])),
  ];
  const rows = view.latency.map((row) => Object.values(row) as CellValue[]);
  return [
    style.strong(`fault ${fault.id}: ${escapeText(fault.description)}`),
    ...facts.map(([name, text]) => `  ${name.padEnd(11)} ${escapeText(text)}`),
    ...evidence('proof that it was there', fault.proof),
    ...evidence('proof that it was gone', fault.heal_proof),
    style.strong('what clients saw meanwhile'),
    ...tableLines(Object.keys(view.latency[0] ?? {}), rows).map((line) => `  ${line}`),
  ];
}

function runLines(view: Viewed<'run'>, style: Style): string[] {
  const { summary, check } = view;
  const facts: [string, string][] = [
    ['run', summary.runId],
    ['state', [summary.state, summary.stateMessage].filter((text) => text !== null).join(': ')],
    ['started', summary.startedAt],
    ['took', summary.duration === null ? 'not recorded' : durationText(summary.duration)],
    ['nodes', summary.nodes.join(' ')],
    ['file', view.path],
    ...(summary.replay === '' ? [] : ([['replay', summary.replay]] as [string, string][])),
  ];
  const table = (title: string, rows: readonly Readonly<Record<string, CellValue>>[]): string[] =>
    rows.length === 0
      ? []
      : [
          '',
          style.strong(title),
          ...tableLines(
            Object.keys(rows[0]),
            rows.map((row) => Object.values(row)),
          ).map((line) => `  ${line}`),
        ];
  const verdict =
    check === null
      ? [`  ${style.faint('not judged yet: amnesia check')}`]
      : check.verdicts.map(
          (each) =>
            `  ${validText(each.valid, style)}  ${each.checker}: ${clip(each.message, 120)}`,
        );
  return [
    style.strong(
      `${escapeText(summary.name)}${summary.seed === null ? '' : `   seed ${summary.seed}`}` +
        `   ${validText(check?.valid ?? null, style)}`,
    ),
    ...view.damage.map((text) => style.doubtful(`  ! ${escapeText(text)}`)),
    ...facts.map(([name, text]) => `  ${name.padEnd(8)} ${escapeText(text)}`),
    ...table('operations', view.operations),
    ...table('faults', view.faults),
    '',
    style.strong(
      check === null
        ? 'verdict'
        : `verdict (check ${check.checkNo} of ${escapeText(check.checkedAt)})`,
    ),
    ...verdict,
  ];
}
