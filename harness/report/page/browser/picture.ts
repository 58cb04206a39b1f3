/**
 * A picture: a canvas with its title, its axis of time and its bands of faults, which is drawn only while it can
 * be seen, tells what lies under the pointer, and has a table that says the same.
 */
import { folded, h, type Table, table } from './dom.ts';
import { faultColour, onThemeChange, theme } from './theme.ts';
import { steer } from './viewport.ts';
import { seconds, type World } from './world.ts';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Picture {
  readonly title: string;
  readonly note?: string;
  /** CSS pixels of the drawing, without axes. */
  readonly height: number;
  /** Has an axis of time, moves with the others and shows faults. */
  readonly timed: boolean;
  /** May be drawn while the viewport moves; the others wait until it rests. */
  readonly quick?: boolean;
  /** Room for labels at the left. */
  readonly left?: number;
  draw(context: CanvasRenderingContext2D, box: Box): void;
  hover?(x: number, y: number, box: Box): string | null;
  click?(x: number, y: number, box: Box): void;
  table(): Table;
}

const leftDefault = 64;
const bottom = 20;
const top = 6;

export interface Mounted {
  readonly element: HTMLElement;
  redraw(): void;
}

export function mount(picture: Picture, world: World): Mounted {
  const canvas = h('canvas', {
    tabindex: 0,
    role: 'img',
    'aria-label': `${picture.title}. The table below says the same.`,
  }) as HTMLCanvasElement;
  const tip = h('div', { class: 'tip', role: 'status', hidden: true });
  const frame = h('div', { class: 'canvas' }, canvas, tip);
  const element = h(
    'figure',
    { class: 'picture' },
    h(
      'figcaption',
      {},
      h('b', {}, picture.title),
      picture.note === undefined ? null : h('span', {}, ` ${picture.note}`),
    ),
    frame,
    folded('Table', () => table(picture.table(), picture.title)),
  );
  const left = picture.left ?? leftDefault;
  const height = picture.height + top + bottom;
  canvas.style.height = `${height}px`;
  const boxOf = (): Box => ({
    left,
    top,
    width: Math.max(20, canvas.clientWidth - left - 10),
    height: picture.height,
  });
  let [isVisible, isDirty, asked] = [false, true, false];
  const paint = (): void => {
    asked = false;
    if (!isVisible || !isDirty || canvas.clientWidth === 0) return;
    isDirty = false;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, tall] = [Math.round(canvas.clientWidth * ratio), Math.round(height * ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== tall) canvas.height = tall;
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, canvas.clientWidth, height);
    context.font = '11px system-ui, sans-serif';
    const box = boxOf();
    if (picture.timed) drawFaults(context, box, world);
    context.save();
    picture.draw(context, box);
    context.restore();
    if (picture.timed) drawTimeAxis(context, box, world);
  };
  const redraw = (): void => {
    isDirty = true;
    if (asked || !isVisible) return;
    asked = true;
    requestAnimationFrame(paint);
  };
  new IntersectionObserver(
    (entries) => {
      isVisible = entries.some((entry) => entry.isIntersecting);
      if (isVisible && isDirty) redraw();
    },
    { rootMargin: '200px' },
  ).observe(canvas);
  new ResizeObserver(redraw).observe(canvas);
  onThemeChange(redraw);
  addEventListener('beforeprint', () => {
    isVisible = true;
    isDirty = true;
    paint();
  });
  if (picture.timed) {
    world.viewport.onChange((final) => {
      if (final || picture.quick === true) redraw();
    });
    steer(canvas, world.viewport, boxOf);
  }
  const tell = (x: number, y: number): void => {
    const text = picture.hover?.(x, y, boxOf()) ?? null;
    tip.toggleAttribute('hidden', text === null);
    if (text === null) return;
    tip.textContent = text;
    tip.style.left = `${Math.min(x + 12, canvas.clientWidth - 260)}px`;
    tip.style.top = `${y + 14}px`;
  };
  canvas.addEventListener('pointermove', (event) => tell(event.offsetX, event.offsetY));
  canvas.addEventListener('pointerleave', () => tip.setAttribute('hidden', ''));
  let pressed = 0;
  canvas.addEventListener('pointerdown', (event) => {
    pressed = event.offsetX;
  });
  canvas.addEventListener('click', (event) => {
    if (Math.abs(event.offsetX - pressed) < 4)
      picture.click?.(event.offsetX, event.offsetY, boxOf());
  });
  return { element, redraw };
}

/** x of a time in us. */
export function xAt(us: number, box: Box, { viewport }: World): number {
  return box.left + ((us - viewport.from) / (viewport.to - viewport.from)) * box.width;
}

export function timeAt(x: number, box: Box, { viewport }: World): number {
  return viewport.from + ((x - box.left) / box.width) * (viewport.to - viewport.from);
}

function drawFaults(context: CanvasRenderingContext2D, box: Box, world: World): void {
  for (const fault of world.data.faults) {
    const from = Math.max(box.left, xAt(fault.start / 1e3, box, world));
    const end = fault.end === null ? world.viewport.end : fault.end / 1e3;
    const to = Math.min(box.left + box.width, xAt(end, box, world));
    if (to <= from) continue;
    context.globalAlpha = 0.13;
    context.fillStyle = faultColour(fault.kind);
    context.fillRect(from, box.top, to - from, box.height);
    context.globalAlpha = 1;
  }
}

/** Steps of 1, 2 or 5 of which about `count` fit. */
export function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? power;
}

function drawTimeAxis(context: CanvasRenderingContext2D, box: Box, world: World): void {
  const { from, to } = world.viewport;
  const { line, muted } = theme();
  const step = niceStep(to - from, box.width / 90);
  context.fillStyle = muted;
  context.strokeStyle = line;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const y = box.top + box.height;
  context.beginPath();
  context.moveTo(box.left, y + 0.5);
  context.lineTo(box.left + box.width, y + 0.5);
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = Math.round(xAt(at, box, world)) + 0.5;
    context.moveTo(x, y);
    context.lineTo(x, y + 4);
    const digits = step >= 1e6 ? 0 : Math.min(6, Math.ceil(6 - Math.log10(step)));
    context.fillText(`${(at / 1e6).toFixed(digits)} s`, x, y + 6);
  }
  context.stroke();
}

/** Ticks of the other axis, with its labels. */
export function drawScale(
  context: CanvasRenderingContext2D,
  box: Box,
  ticks: readonly { readonly y: number; readonly label: string }[],
): void {
  const { line, muted } = theme();
  context.strokeStyle = line;
  context.fillStyle = muted;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.beginPath();
  for (const { y, label } of ticks) {
    context.moveTo(box.left, Math.round(y) + 0.5);
    context.lineTo(box.left + box.width, Math.round(y) + 0.5);
    context.fillText(label, box.left - 6, y);
  }
  context.globalAlpha = 0.6;
  context.stroke();
  context.globalAlpha = 1;
}

export function faultsAt(us: number, { data }: World): string {
  const there = data.faults.filter(
    (fault) => us * 1e3 >= fault.start && (fault.end === null || us * 1e3 <= fault.end),
  );
  if (there.length === 0) return '';
  return `\n${there.map((fault) => `fault ${fault.id}: ${fault.description}`).join('\n')}`;
}

export function timeText(us: number): string {
  return seconds(us);
}
