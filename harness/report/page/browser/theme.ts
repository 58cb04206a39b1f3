/** Colours of canvases, read from the style sheet: one place for light, dark and print. */
import type { Outcome } from '../columns.ts';

export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly panel: string;
  readonly bad: string;
  readonly outcomes: Readonly<Record<Outcome, string>>;
  readonly series: readonly string[];
}

let known: Theme | null = null;
const listeners = new Set<() => void>();

export function theme(): Theme {
  if (known !== null) return known;
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  known = {
    text: read('--text'),
    muted: read('--muted'),
    line: read('--line'),
    panel: read('--panel'),
    bad: read('--bad'),
    outcomes: { ok: read('--ok'), info: read('--info'), fail: read('--fail') },
    series: [1, 2, 3, 4, 5, 6, 7].map((i) => read(`--series-${i}`)),
  };
  return known;
}

export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
}

function changed(): void {
  known = null;
  for (const listener of listeners) listener();
}

/** Light, dark, or what the system says. */
export function chooseTheme(name: string): void {
  if (name === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', name);
  changed();
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
matchMedia('print').addEventListener('change', changed);

/** A colour for a kind of fault, always the same. */
export function faultColour(kind: string): string {
  const kinds = ['partition', 'kill', 'pause', 'power', 'clock', 'disk-full', 'flapping'];
  const at = kinds.indexOf(kind);
  const { series } = theme();
  let sum = at;
  if (at < 0) for (const character of kind) sum = (sum * 31 + character.charCodeAt(0)) % 997;
  return series[Math.abs(sum) % series.length];
}
