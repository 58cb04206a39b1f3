/**
 * What a person sees while a run goes on: a few lines that are redrawn on a terminal, a line for each
 * change elsewhere. Goes to standard error, so that standard output holds the verdict alone.
 */
import type { Phase } from '../../checkers/history/history.ts';
import { escapeText } from './escape.ts';
import type { Style } from './style.ts';

interface Counts {
  readonly invoked: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
}

export interface Screen {
  readonly isTTY: boolean;
  write(text: string): void;
}

export type ShownPhase = Phase | 'set-up' | 'check' | 'tear-down' | 'done';

const plainEveryMs = 5000;
const windowMs = 3000;

function clock(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(8);
}

export class LiveWindow {
  readonly #screen: Screen;
  readonly #style: Style;
  #phase: ShownPhase = 'set-up';
  #fault: string | null = null;
  #drawn = 0;
  #lastPlainMs = 0;
  /** (time, operations that ended) of the last seconds. */
  #recent: { readonly atMs: number; readonly ended: number }[] = [];

  constructor(screen: Screen, style: Style, title: string) {
    this.#screen = screen;
    this.#style = style;
    this.#line(title);
  }

  phase(phase: ShownPhase, atMs: number): void {
    this.#phase = phase;
    if (phase !== 'done') this.#line(`${clock(atMs)}  ${this.#style.strong(phase)}`);
    else this.#erase();
  }

  event(text: string, activeFault: string | null, atMs: number): void {
    this.#fault = activeFault;
    this.#line(`${clock(atMs)}    ${escapeText(text)}`);
  }

  /** Something to be said that is no event of the run. */
  note(text: string): void {
    this.#line(`${' '.repeat(8)}  ${this.#style.doubtful(escapeText(text))}`);
  }

  progress(counts: Counts, atMs: number): void {
    const ended = counts.ok + counts.fail + counts.info;
    this.#recent.push({ atMs, ended });
    this.#recent = this.#recent.filter((each) => atMs - each.atMs <= windowMs);
    const first = this.#recent[0];
    const spanMs = atMs - first.atMs;
    const perSecond = spanMs > 0 ? Math.round(((ended - first.ended) * 1000) / spanMs) : 0;
    const line =
      `${clock(atMs)}  ${this.#phase.padEnd(8)}  ${String(perSecond).padStart(5)} op/s   ` +
      `${counts.ok} ok  ${counts.fail} fail  ${counts.info} info  ${counts.invoked - ended} in flight`;
    if (this.#screen.isTTY) {
      this.#erase();
      const fault = this.#fault === null ? 'no fault' : escapeText(this.#fault);
      this.#screen.write(`${line}\n${' '.repeat(10)}${this.#style.faint(fault)}\n`);
      this.#drawn = 2;
    } else if (atMs - this.#lastPlainMs >= plainEveryMs) {
      this.#lastPlainMs = atMs;
      this.#line(line);
    }
  }

  #line(text: string): void {
    this.#erase();
    this.#screen.write(`${text}\n`);
  }

  #erase(): void {
    for (; this.#drawn > 0; this.#drawn--) this.#screen.write('\x1b[1A\x1b[2K');
  }
}
