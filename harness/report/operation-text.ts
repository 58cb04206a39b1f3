/**
 * Operations as lines for the terminal. All columns but the last are aligned by the caller's table.
 */
import type { ShownOperation } from '../store/look.ts';
import type { CellValue } from './table.ts';

export const OPERATION_HEAD = [
  '',
  'idx',
  'invoked_s',
  'took_ms',
  'process',
  'node',
  'f',
  'key',
  'value',
  'outcome',
  'error',
] as const;

/** `marked`: the operation that was asked for. */
export function operationCells(op: ShownOperation, marked: boolean): CellValue[] {
  return [
    marked ? '>' : '',
    op.idx,
    (op.invoked / 1e9).toFixed(6),
    op.completed === null ? null : Number(((op.completed - op.invoked) / 1e6).toFixed(3)),
    String(op.process),
    op.node,
    op.f,
    op.key,
    op.value,
    op.outcome ?? 'in flight',
    op.error,
  ];
}
