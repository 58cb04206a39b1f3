/** The colours of the terminal, in one place. Without a terminal, or with NO_COLOR set, none. */
import { Chalk, type ChalkInstance } from 'chalk';
import type { Valid } from '../../checkers/verdict/verdict.ts';

export interface Style {
  readonly good: ChalkInstance;
  readonly bad: ChalkInstance;
  readonly doubtful: ChalkInstance;
  readonly faint: ChalkInstance;
  readonly strong: ChalkInstance;
}

export function makeStyle(colour: boolean): Style {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  return {
    good: chalk.green,
    bad: chalk.red,
    doubtful: chalk.yellow,
    faint: chalk.dim,
    strong: chalk.bold,
  };
}

/** Whether a stream wants colours: https://no-color.org, and FORCE_COLOR as other tools have it. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if ((environment.NO_COLOR ?? '') !== '') return false;
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && environment.TERM !== 'dumb';
}

/** The word for a verdict and how it is coloured. */
export function validText(valid: Valid | null, style: Style): string {
  switch (valid) {
    case true:
      return style.good('valid');
    case false:
      return style.bad('INVALID');
    case 'unknown':
      return style.doubtful('unknown');
    case null:
      return style.faint('not judged');
    default:
      return valid satisfies never;
  }
}
