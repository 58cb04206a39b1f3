/** Tables for the terminal: aligned columns, everything escaped, numbers to the right. */
import { clip } from './escape.ts';

export type CellValue = string | number | boolean | bigint | null | Uint8Array;

/** Widest cell, columns. */
const CELL_MAX = 60;

function cellText(value: CellValue): string {
  if (value === null) return '';
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  return String(value);
}

/** Lines of a table with a head; none for no columns. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly CellValue[])[],
  cellMax = CELL_MAX,
): string[] {
  if (head.length === 0) return [];
  const texts = rows.map((row) => row.map((value) => clip(cellText(value), cellMax)));
  const widths = head.map((name, i) =>
    texts.reduce((most, row) => Math.max(most, row[i].length), clip(name, cellMax).length),
  );
  const right = head.map((_, i) => rows.every((row) => row[i] === null || isNumber(row[i])));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [
    line(head.map((name) => clip(name, cellMax))),
    line(widths.map((width) => '─'.repeat(width))),
    ...texts.map(line),
  ];
}

function isNumber(value: CellValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}
