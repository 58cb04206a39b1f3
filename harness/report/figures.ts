/** Numbers and times as people read them. */
import type { Figure } from '../../checkers/verdict.ts';

/** ns since the start as seconds: `12.301 s`. */
export function secondsText(ns: number): string {
  return Number.isFinite(ns) ? `${(ns / 1e9).toFixed(3)} s` : 'never';
}

/** A length of time in ns, in the unit that fits. */
export function durationText(ns: number): string {
  if (!Number.isFinite(ns)) return 'never';
  if (ns >= 60e9) return `${(ns / 60e9).toFixed(1)} min`;
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(1)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(1)} ms`;
  return `${(ns / 1e3).toFixed(1)} us`;
}

/** 12,345; at most three decimals. */
export function numberText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 1 ? 4 : 2 });
}

/** A figure of a verdict; its unit is the end of its name. */
export function figureText(figure: Figure): string {
  switch (typeof figure) {
    case 'number':
      return numberText(figure);
    case 'boolean':
      return figure ? 'yes' : 'no';
    case 'string':
      return figure;
    default:
      return '-';
  }
}
