/**
 * The verdict screen: what `amnesia test` and `amnesia check` print at the end. The verdict comes
 * first; what is green is folded to one line, what is not is unfolded with its witness.
 */
import type { FaultWindow } from '../../checkers/history/history.ts';
import type { Anomaly, Verdict } from '../../checkers/verdict/verdict.ts';
import type { VerdictScreen } from '../judge/verdict-screen.ts';
import { clip, escapeText } from './escape.ts';
import { durationText, figureText, numberText, secondsText } from './figures.ts';
import { type Style, validText } from './style.ts';

const WIDTH = 100;
const UNFOLD_MAX = 2;

/** Lines of the screen. */
export function verdictLines(screen: VerdictScreen, style: Style, width = WIDTH): string[] {
  const lines = ['', headLine(screen, style)];
  for (const note of screen.notes) lines.push(style.doubtful(`  ! ${escapeText(note)}`));
  lines.push('');
  const nameWidth = Math.max(0, ...screen.verdicts.map((each) => each.checker.length));
  let number = 0;
  for (const verdict of screen.verdicts) {
    lines.push(...checkerLines(verdict, style, nameWidth, width));
    // What was not promised is not proved at length here; its witnesses are one command away.
    const most = verdict.informational === true ? 0 : (screen.unfoldMax ?? UNFOLD_MAX);
    const unfolded = verdict.anomalies.slice(0, most);
    unfolded.forEach((anomaly, i) => {
      lines.push('', ...anomalyLines(anomaly, number + 1 + i, style, width));
    });
    if (unfolded.length > 0) lines.push('');
    const rest = number + unfolded.length + 1;
    number += verdict.anomalies.length;
    if (rest <= number) lines.push(elsewhereLine(rest, number, nameWidth, screen.run, style));
  }
  if (screen.faults.length > 0) lines.push('', ...faultLines(screen.faults, screen.nodes, style));
  return [...lines, ...nextLines(screen, number, style), ''];
}

function headLine(screen: VerdictScreen, style: Style): string {
  const { ok, fail, info } = screen.counts;
  const parts = [
    style.strong(validText(screen.valid, style)),
    escapeText(screen.name),
    ...(screen.seed === null ? [] : [`seed ${screen.seed}`]),
    ...(screen.duration === null ? [] : [durationText(screen.duration)]),
    `${numberText(ok + fail + info)} operations ` +
      `(${numberText(ok)} ok, ${numberText(fail)} fail, ${numberText(info)} info)`,
    ...(screen.faults.length === 0
      ? []
      : [`${screen.faults.length} fault${screen.faults.length === 1 ? '' : 's'}`]),
  ];
  return parts.join('   ');
}

function mark(verdict: Verdict, style: Style): string {
  switch (verdict.valid) {
    case true:
      return style.good('✓');
    case false:
      return verdict.informational === true ? style.doubtful('✗') : style.bad('✗');
    case 'unknown':
      return style.doubtful('?');
    default:
      return verdict.valid satisfies never;
  }
}

/**
 * One line when green, or unknown for information only; else the sentence, the reason and all
 * figures.
 */
function checkerLines(verdict: Verdict, style: Style, nameWidth: number, width: number): string[] {
  const title = `  ${mark(verdict, style)} ${verdict.checker.padEnd(nameWidth)}`;
  const room = width - nameWidth - 6;
  const figures = Object.entries(verdict.figures)
    .filter(([, figure]) => figure !== null)
    .map(([name, figure]) => `${name} ${clip(figureText(figure), 40)}`);
  if (verdict.valid === true) {
    const shown = fill(figures, room, 1);
    return [`${title}  ${shown.length === 0 ? clip(verdict.message, room) : shown[0]}`];
  }
  const aside = [
    ...(verdict.valid === 'unknown' && verdict.reason ? [`unknown: ${verdict.reason}`] : []),
    ...(verdict.informational === true ? ['for information'] : []),
  ];
  const prefix = aside.length === 0 ? '' : `${style.doubtful(aside.join(', '))}: `;
  const indent = ' '.repeat(nameWidth + 6);
  const headline = `${title}  ${prefix}${escapeText(verdict.message)}`;
  // What was not promised and not seen is worth a line, not a table.
  if (verdict.valid === 'unknown' && verdict.informational === true) return [headline];
  return [headline, ...fill(figures, room, 12).map((line) => indent + style.faint(line))];
}

/** Where the violations are that are not unfolded here. */
function elsewhereLine(
  first: number,
  last: number,
  nameWidth: number,
  run: string | null,
  style: Style,
): string {
  const which = first === last ? `violation ${first}` : `violations ${first} to ${last}`;
  const where = run === null ? '--json has them' : `amnesia show ${run} --anomaly ${first}`;
  return ' '.repeat(nameWidth + 6) + style.faint(`${which}: ${escapeText(where)}`);
}

/** As many figures on each line as fit, on at most `linesMax` lines. */
function fill(figures: readonly string[], room: number, linesMax: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const figure of figures) {
    if (line !== '' && line.length + 3 + figure.length > room) {
      if (lines.length + 1 === linesMax) break;
      lines.push(line);
      line = '';
    }
    line = line === '' ? figure : `${line}   ${figure}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** A violation with the proof step by step and its picture. */
export function anomalyLines(
  anomaly: Anomaly,
  number: number,
  style: Style,
  width = WIDTH,
): string[] {
  const facts = [
    ...(anomaly.violates.length > 0 ? [`violates ${anomaly.violates.join(', ')}`] : []),
    ...(anomaly.key === null ? [] : [`key ${clip(anomaly.key, 40)}`]),
    ...(anomaly.count > 1 ? [`${numberText(anomaly.count)} of this kind`] : []),
    ...(anomaly.confirmed ? ['confirmed'] : []),
    ...(anomaly.minimal ? ['minimal'] : []),
  ];
  return [
    `    ${style.strong(`${number}. ${anomaly.pattern}`)}   ${style.faint(facts.join(', '))}`,
    `       ${escapeText(anomaly.summary)}`,
    ...anomaly.steps.map((step, i) => `       ${i + 1}. ${escapeText(step)}`),
    ...anomaly.lanes.map((lane) => `       ${style.faint(clip(lane, 2 * width))}`),
    ...(anomaly.ops.length === 0
      ? []
      : [style.faint(`       operations ${clip(anomaly.ops.join(' '), width - 18)}`)]),
  ];
}

/** One line for each fault: what, when, whom, and whether it was proved. */
export function faultLines(
  faults: readonly FaultWindow[],
  nodes: readonly string[],
  style: Style,
): string[] {
  const kinds = faults.map((fault) => escapeText(`${fault.kind} ${fault.variant}`.trim()));
  const widest = Math.max(...kinds.map((kind) => kind.length));
  return [
    style.strong('  Faults'),
    ...faults.map((fault, i) => {
      const effect =
        fault.effective === 'effective' ? style.good('effective') : style.doubtful(fault.effective);
      const healed = fault.healed ? 'healed' : style.bad('not healed');
      const targets = fault.targets.map((node) => nodes[node] ?? '?').join(' ');
      const id = String(fault.id).padStart(3);
      const when = `${secondsText(fault.start)} to ${secondsText(fault.end)}`;
      return `  ${id} ${kinds[i].padEnd(widest)}  ${when}  ${effect}, ${healed}  ${escapeText(targets)}`;
    }),
  ];
}

/** What to type next. */
function nextLines(screen: VerdictScreen, anomalies: number, style: Style): string[] {
  const lines = [];
  if (screen.replay !== null) lines.push(`  replay  ${escapeText(screen.replay)}`);
  if (screen.run !== null) {
    const run = escapeText(screen.run);
    const what = screen.valid === false && anomalies > 0 ? '--anomaly 1' : '';
    lines.push(`  show    amnesia show ${run} ${what}`.trimEnd());
    if (screen.report) lines.push(`  report  ${escapeText(screen.report)}`);
    lines.push(`  sql     amnesia sql ${run} "select * from latency_by_window"`);
  }
  if (screen.digest) lines.push(`  digest  ${screen.digest}`);
  return lines.length === 0 ? [] : ['', ...lines.map((line) => style.faint(line))];
}
