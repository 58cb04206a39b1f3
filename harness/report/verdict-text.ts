/**
 * The verdict screen: what `amnesia test` and `amnesia check` print at the end. What is red is unfolded with its
 * witness, what is green is named, and the verdict with its cause in a sentence comes last, where a reader's eye is
 * when a command has ended. A green run fits on a screen of 80 x 24.
 */
import type { FaultWindow } from '../../checkers/history/history.ts';
import type { Anomaly, Verdict } from '../../checkers/verdict/verdict.ts';
import type { VerdictScreen } from '../judge/verdict-screen.ts';
import type { Cause } from './cause/index.ts';
import { causeLines } from './cause-text.ts';
import { clip, escapeText } from './escape.ts';
import { durationText, figureText, numberText, secondsText } from './figures.ts';
import { type Style, validText } from './style.ts';
import { wrap } from './wrap.ts';

export interface ScreenForm {
  /** Columns of the terminal; lines that are made of several things are broken there. */
  readonly width?: number;
  /** Each checker with its figures and each fault, also where all is well. */
  readonly verbose?: boolean;
  /** Why, the gravest first, where somebody has looked. */
  readonly causes?: readonly Cause[];
}

const WIDTH = 100;
const UNFOLD_MAX = 2;
const LABEL_WIDTH = 9;

/** Lines of the screen. */
export function verdictLines(screen: VerdictScreen, style: Style, form: ScreenForm = {}): string[] {
  const { width = WIDTH, causes = [] } = form;
  const lines = [''];
  for (const note of screen.notes) lines.push(style.doubtful(`  ! ${escapeText(note)}`));
  if (screen.notes.length > 0) lines.push('');
  const unfolded = form.verbose === true ? screen.verdicts : screen.verdicts.filter(matters);
  // What only tells an explained loss again is not proved a second time.
  const again = form.verbose === true ? [] : causes.flatMap((each) => each.consequences);
  const retold = new Set(again.map((each) => each.checker));
  const nameWidth = Math.max(0, ...unfolded.map((each) => each.checker.length));
  let number = 0;
  for (const verdict of screen.verdicts) {
    if (unfolded.includes(verdict)) {
      const unfoldMax = retold.has(verdict.checker) ? 0 : (screen.unfoldMax ?? UNFOLD_MAX);
      const shown = { ...screen, unfoldMax };
      lines.push(...unfoldedLines(verdict, number, shown, style, nameWidth, width));
    }
    number += verdict.anomalies.length;
  }
  if (form.verbose !== true) lines.push(...foldedLines(screen, style, width));
  const plain = screen.faults.every((fault) => fault.effective === 'effective' && fault.healed);
  if (screen.faults.length > 0 && (form.verbose === true || !plain)) {
    lines.push('', ...faultLines(screen.faults, screen.nodes, style), '');
  } else if (screen.faults.length > 0) {
    lines.push(...wrapped('faults', faultNames(screen.faults), style, width));
  }
  return [
    ...lines,
    ...causeLines(causes, style, width),
    ...loadLines(screen, style, width),
    ...nextLines(screen, number, style),
    '',
    ...closingLines(screen, causes, style, width),
    '',
  ];
}

/** What a reader must look at: what counts into the verdict and is not green. */
function matters(verdict: Verdict): boolean {
  return verdict.valid !== true && verdict.informational !== true;
}

function unfoldedLines(
  verdict: Verdict,
  before: number,
  screen: VerdictScreen,
  style: Style,
  nameWidth: number,
  width: number,
): string[] {
  const lines = checkerLines(verdict, style, nameWidth, width);
  // What was not promised is not proved at length here; its witnesses are one command away.
  const most = verdict.informational === true ? 0 : (screen.unfoldMax ?? UNFOLD_MAX);
  const shown = verdict.anomalies.slice(0, most);
  shown.forEach((anomaly, i) => {
    lines.push('', ...anomalyLines(anomaly, before + 1 + i, style, width));
  });
  if (shown.length > 0) lines.push('');
  const first = before + shown.length + 1;
  const last = before + verdict.anomalies.length;
  if (first <= last) lines.push(elsewhereLine(first, last, nameWidth, screen.run, style));
  return lines;
}

/** Checkers by name that need no look: those that hold, and what is known beside what was promised. */
function foldedLines(screen: VerdictScreen, style: Style, width: number): string[] {
  const holding = screen.verdicts.filter((each) => each.valid === true && !each.informational);
  // A checker that found nothing of its kind in a history has nothing to say beside it.
  const aside = screen.verdicts.filter(
    (each) => each.informational === true && each.valid !== 'unknown',
  );
  return [
    ...wrapped(
      'hold',
      holding.map((each) => each.checker),
      style,
      width,
    ),
    ...wrapped('beside', aside.map(asideText), style, width),
  ];
}

/** What was not promised, in words: `linearizable no (571)`. */
function asideText(verdict: Verdict): string {
  const count = verdict.anomalies.reduce((sum, each) => sum + each.count, 0);
  const answer = { true: 'yes', false: 'no', unknown: 'unknown' }[String(verdict.valid)];
  return `${verdict.checker} ${answer}${count > 0 ? ` (${numberText(count)})` : ''}`;
}

/** Each kind and variant once, with how often it came. */
function faultNames(faults: readonly FaultWindow[]): string[] {
  const counts = new Map<string, number>();
  for (const { kind, variant } of faults) {
    const name = escapeText(`${kind} ${variant}`.trim());
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${name} x ${count}`));
  const [first, ...rest] = names;
  return [`${faults.length}, each proved and healed: ${first}`, ...rest];
}

/** `label  a, b, c`, broken at the width. */
function wrapped(label: string, items: readonly string[], style: Style, width: number): string[] {
  const room = width - LABEL_WIDTH - 2;
  const lines: string[] = [];
  let line = '';
  items.forEach((item, i) => {
    const text = i + 1 < items.length ? `${item},` : item;
    if (line !== '' && line.length + 1 + text.length > room) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? text : `${line} ${text}`;
  });
  if (line !== '') lines.push(line);
  return lines.map(
    (text, i) => `  ${style.faint((i === 0 ? label : '').padEnd(LABEL_WIDTH))}${text}`,
  );
}

function loadLines(screen: VerdictScreen, style: Style, width: number): string[] {
  const { ok, fail, info } = screen.counts;
  const duration = screen.duration === null ? '' : ` in ${durationText(screen.duration)}`;
  const counts = [
    `${numberText(ok + fail + info)} operations${duration}`,
    `${numberText(ok)} ok`,
    `${numberText(fail)} fail`,
    `${numberText(info)} info`,
  ];
  return wrapped('load', counts, style, width);
}

/** The verdict and, in a sentence, why. */
function closingLines(
  screen: VerdictScreen,
  causes: readonly Cause[],
  style: Style,
  width: number,
): string[] {
  const parts = [
    style.strong(validText(screen.valid, style)),
    escapeText(screen.name),
    ...(screen.seed === null ? [] : [`seed ${screen.seed}`]),
  ];
  const head = parts.join('   ');
  const why = causes.length > 0 ? [escapeText(causes[0].sentence)] : reasonOf(screen);
  return [head, ...why.flatMap((sentence) => wrap(sentence, width - 2).map((each) => `  ${each}`))];
}

/** Without a known cause: what the gravest verdict says. */
function reasonOf(screen: VerdictScreen): string[] {
  if (screen.valid === true) return [];
  const gravest = screen.verdicts.find(
    (each) => each.valid === screen.valid && each.informational !== true,
  );
  if (gravest === undefined) return [];
  const reason = gravest.valid === 'unknown' && gravest.reason ? `${gravest.reason}: ` : '';
  return [`${gravest.checker}: ${reason}${escapeText(gravest.message)}`];
}

function mark(verdict: Verdict, style: Style): string {
  switch (verdict.valid) {
    case true:
      return style.good('✓');
    case false:
      return verdict.informational === true ? ' ' : style.bad('✗');
    case 'unknown':
      return verdict.informational === true ? ' ' : style.doubtful('?');
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
  const [first = '', ...rest] = wrap(
    escapeText(verdict.message),
    Math.max(20, room - aside.join().length),
  );
  const headline = [`${title}  ${prefix}${first}`, ...rest.map((line) => indent + line)];
  // What was not promised and not seen is worth a line, not a table.
  if (verdict.valid === 'unknown' && verdict.informational === true) return headline;
  return [...headline, ...fill(figures, room, 12).map((line) => indent + style.faint(line))];
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
    ...wrap(escapeText(anomaly.summary), width - 7).map((line) => `       ${line}`),
    ...anomaly.steps.flatMap((step, i) =>
      wrap(`${i + 1}. ${escapeText(step)}`, width - 10).map(
        (line, at) => `       ${at === 0 ? '' : '   '}${line}`,
      ),
    ),
    ...anomaly.lanes.map((lane) => `       ${style.faint(clip(lane, 2 * width))}`),
    ...(anomaly.ops.length === 0
      ? []
      : [style.faint(`       operations ${clip(anomaly.ops.join(' '), width - 18)}`)]),
  ];
}

/** One line for each fault: what, when, whom, and whether it was proved. */
function faultLines(
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
  if (screen.replay !== null) lines.push(`  replay   ${escapeText(screen.replay)}`);
  if (screen.run !== null) {
    const run = escapeText(screen.run);
    const what = screen.valid === false && anomalies > 0 ? '--anomaly 1' : '';
    lines.push(`  show     amnesia show ${run} ${what}`.trimEnd());
    if (screen.report) lines.push(`  report   ${escapeText(screen.report)}`);
    lines.push(`  sql      amnesia sql ${run} "select * from latency_by_window"`);
  }
  if (screen.digest) lines.push(`  digest   ${screen.digest}`);
  return lines.map((line) => style.faint(line));
}
