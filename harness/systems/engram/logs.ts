/** How lines of an Engram node are read: JSON with `time` and `level`; others are kept as they are. */
import type { LogLine } from '../system.ts';

export function readEngramLog(text: string): LogLine {
  try {
    const line = JSON.parse(text) as { time?: unknown; level?: unknown } | null;
    const at = Date.parse(String(line?.time));
    const level = typeof line?.level === 'string' ? line.level : 'text';
    return { time: Number.isNaN(at) ? null : at, level };
  } catch {
    return { time: null, level: 'text' };
  }
}
