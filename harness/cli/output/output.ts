/**
 * Where the text of commands goes. One place, so that `--json` is one document and nothing else.
 */
import { makeStyle, type Style, wantsColour } from '../../report/style.ts';

/** Writes lines to standard output. */
export function printLines(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

/** Writes one JSON document to standard output. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

export function terminalStyle(): Style {
  return makeStyle(wantsColour(process.stdout, process.env));
}

/** Columns of the terminal, between what can be read and what is pleasant; 100 where there is none. */
export function terminalWidth(): number {
  return Math.min(200, Math.max(60, process.stdout.columns ?? 100));
}
