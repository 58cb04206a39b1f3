/**
 * Exit codes, as in Jepsen, and what each error means for them. Every error of ours is one sentence
 * for the person at the terminal; anything else is a crash of ours and shows where it happened.
 */
import type { Valid } from '../../checkers/verdict/verdict.ts';

export const EXIT = {
  valid: 0,
  invalid: 1,
  unknown: 2,
  badArguments: 254,
  crash: 255,
} as const;

/** Every error of ours says which exit code it means. Nearly all can be mended by who typed the command. */
export abstract class AmnesiaError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = EXIT.badArguments;
}

/** The command line cannot be carried out as it stands. */
export class UsageError extends AmnesiaError {
  readonly code = 'bad-arguments';
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export function exitCodeOf(valid: Valid): number {
  switch (valid) {
    case true:
      return EXIT.valid;
    case false:
      return EXIT.invalid;
    case 'unknown':
      return EXIT.unknown;
    default:
      return valid satisfies never;
  }
}

/** Exit code and text for an error that reached the top. */
export function explain(error: unknown): { readonly exitCode: number; readonly text: string } {
  const code = codeOf(error);
  if (error instanceof Error && code.startsWith('commander.')) {
    const asked = code === 'commander.help' || code === 'commander.helpDisplayed';
    const shown = asked || code === 'commander.version';
    return { exitCode: shown ? EXIT.valid : EXIT.badArguments, text: '' };
  }
  if (error instanceof Error && code !== '' && 'exitCode' in error) {
    const exitCode = typeof error.exitCode === 'number' ? error.exitCode : EXIT.crash;
    return { exitCode, text: error.message };
  }
  if (error instanceof Error && /^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    const what = `the file is damaged where this looks (${error.message})`;
    return {
      exitCode: EXIT.badArguments,
      text: `${what}: \`amnesia check\` says what is left of a run`,
    };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.crash, text: `this is a fault of amnesia itself: ${text}` };
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
