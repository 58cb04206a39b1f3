/** Numbers and times as people read them. */
import type { Figure } from '../../checkers/verdict/verdict.ts';

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

/** 12,345; at most four decimals. */
export function numberText(value: number): string {
  const digits = Math.abs(value) < 1 ? 4 : 2;
  const shifted = Math.round(Number(`${Math.abs(value)}e${digits}`));
  if (shifted === 0) return '0';
  if (!(shifted < 1e15)) {
    return value.toLocaleString('en-US', { maximumFractionDigits: digits });
  }
  // The same by hand: what knows all languages takes longer to load than a short history to be judged.
  const [whole, decimals] = String(Number(`${shifted}e-${digits}`)).split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 ? '-' : ''}${grouped}${decimals === undefined ? '' : `.${decimals}`}`;
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
