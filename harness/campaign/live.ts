/** What a person sees while a campaign goes on: how far it is, what is left, and each run that is not green. */
import { clip, escapeText } from '../report/escape.ts';
import { durationText, numberText } from '../report/figures.ts';
import type { Screen } from '../report/live.ts';
import type { Style } from '../report/style.ts';
import type { SoakObserver, SoakProgress } from './soak.ts';
import type { RunSpec } from './spec.ts';

/** Where nothing is redrawn, a line so often, ms. */
const plainEveryMs = 30_000;

/** One line: `  12 of 1,000  11 valid  1 INVALID ... 2.1 min done, 3.0 h left`. */
export function progressLine(progress: SoakProgress): string {
  const { planned, tally, workedMs, leftMs } = progress;
  const { valid, invalid, unknown, crashed, running } = tally;
  const done = valid + invalid + unknown + crashed;
  const time = (ms: number): string =>
    ms >= 7_200_000 ? `${(ms / 3_600_000).toFixed(1)} h` : durationText(Math.max(ms, 1) * 1e6);
  const left = leftMs === null ? 'time left not known yet' : `${time(leftMs)} left`;
  return (
    `${numberText(done)} of ${numberText(planned)} runs   ${valid} valid  ${invalid} INVALID  ` +
    `${unknown} unknown  ${crashed} crashed  ${running} going on   ${time(workedMs)} worked, ${left}`
  );
}

export class LiveCampaign implements SoakObserver {
  readonly #screen: Screen;
  readonly #style: Style;
  #drawn = false;
  #lastPlainMs = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen, style: Style) {
    this.#screen = screen;
    this.#style = style;
  }

  ended(spec: RunSpec, valid: string, message: string | null): void {
    if (valid === 'true') return;
    const word = valid === 'false' ? this.#style.bad('INVALID') : this.#style.doubtful(valid);
    const what = `run ${spec.index}, seed ${spec.options.seed}`;
    this.#line(`${word}  ${escapeText(what)}  ${clip(message ?? '', 160)}`);
  }

  note(text: string): void {
    this.#line(this.#style.doubtful(escapeText(text)));
  }

  progress(progress: SoakProgress): void {
    const line = progressLine(progress);
    if (this.#screen.isTTY) {
      this.#erase();
      this.#screen.write(`${line}\n`);
      this.#drawn = true;
      return;
    }
    const nowMs = performance.now();
    if (nowMs - this.#lastPlainMs < plainEveryMs) return;
    this.#lastPlainMs = nowMs;
    this.#screen.write(`${line}\n`);
  }

  #line(text: string): void {
    this.#erase();
    this.#screen.write(`${text}\n`);
  }

  #erase(): void {
    if (this.#drawn) this.#screen.write('\x1b[1A\x1b[2K');
    this.#drawn = false;
  }
}
