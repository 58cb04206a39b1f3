/**
 * What the logs of nodes say around a moment: errors and warnings first, and what a node says when it
 * starts. Lines are others' text: they are cut, and shown by whoever escapes them.
 */
import type { History } from '../../../checkers/history/history.ts';

export interface LogExcerpt {
  /** ns since the start. */
  readonly time: number;
  readonly node: string;
  readonly level: string;
  readonly text: string;
}

const textMax = 300;
const loud: Readonly<Record<string, number>> = { fatal: 0, error: 1, warn: 2 };

/** At most `most` lines of these nodes between two moments, the loudest of them, in order of time. */
export function logsAround(
  { logs, nodes }: History,
  who: ReadonlySet<number>,
  from: number,
  to: number,
  most: number,
): LogExcerpt[] {
  return logs
    .filter((line) => who.has(line.node) && line.time >= from && line.time <= to)
    .map((line, i) => ({ line, i }))
    .sort((a, b) => (loud[a.line.level] ?? 3) - (loud[b.line.level] ?? 3) || a.i - b.i)
    .slice(0, most)
    .sort((a, b) => a.line.time - b.line.time || a.i - b.i)
    .map(({ line }) => ({
      time: line.time,
      node: nodes[line.node] ?? '?',
      level: line.level,
      text: line.text.slice(0, textMax),
    }));
}
