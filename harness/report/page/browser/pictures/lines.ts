/** Pictures of a few curves over time: what is common to rate, availability, lateness and quantiles. */
import { durationText, numberText } from '../../../figures.ts';
import type { Table } from '../dom.ts';
import {
  type Box,
  drawScale,
  faultsAt,
  niceStep,
  type Picture,
  timeAt,
  timeText,
  xAt,
} from '../picture.ts';
import { theme } from '../theme.ts';
import type { World } from '../world.ts';
import { type Buckets, bucketsOf } from './buckets.ts';

export interface Curve {
  readonly name: string;
  readonly colour: () => string;
  /** One for each bucket; NaN where there is none. */
  readonly values: Float64Array;
}

export interface CurvesOptions {
  readonly title: string;
  readonly note?: string;
  readonly height?: number;
  readonly scale: 'linear' | 'log' | 'share';
  /** How a value is written: us are given as durations. */
  readonly unit: 'us' | 'per second' | 'share' | 'count';
  /** Counts the shown stretch. */
  curves(buckets: Buckets): readonly Curve[];
}

const bucketPixels = 6;

function textOf(value: number, unit: CurvesOptions['unit']): string {
  if (Number.isNaN(value)) return '-';
  if (unit === 'us') return durationText(value * 1e3).replace('.0 ', ' ');
  if (unit === 'share') return `${numberText(value * 100)} %`;
  return unit === 'per second' ? `${numberText(value)}/s` : numberText(value);
}

interface Scale {
  readonly y: (value: number) => number;
  readonly ticks: readonly { readonly y: number; readonly label: string }[];
}

/** Position of a value in a box, and the ticks to be drawn. */
export function scaleOf(
  box: Box,
  least: number,
  most: number,
  { scale, unit }: Pick<CurvesOptions, 'scale' | 'unit'>,
): Scale {
  const { top, height } = box;
  if (scale === 'log') {
    const low = Math.floor(Math.log10(Math.max(1, least)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(10, most))));
    const y = (value: number): number =>
      top + height * (1 - (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low));
    const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
    return { y, ticks: ticks.map((value) => ({ y: y(value), label: textOf(value, unit) })) };
  }
  const top1 = scale === 'share' ? 1 : Math.max(most, 1e-9);
  const step = scale === 'share' ? 0.25 : niceStep(top1, height / 34);
  const high = scale === 'share' ? 1 : Math.ceil(top1 / step - 1e-9) * step;
  const y = (value: number): number => top + height * (1 - Math.min(value, high) / high);
  const ticks = [];
  for (let value = 0; value <= high + step / 2; value += step) {
    ticks.push({ y: y(value), label: textOf(value, unit) });
  }
  return { y, ticks };
}

export function curvesPicture(world: World, options: CurvesOptions): Picture {
  let shown: { readonly buckets: Buckets; readonly curves: readonly Curve[] } | null = null;
  const count = (pixels: number): NonNullable<typeof shown> => {
    const buckets = bucketsOf(world, pixels, bucketPixels);
    shown = { buckets, curves: options.curves(buckets) };
    return shown;
  };
  return {
    title: options.title,
    note: options.note,
    height: options.height ?? 110,
    timed: true,
    draw(context, box) {
      const { buckets, curves } = count(box.width);
      const all = curves
        .flatMap(({ values }) => [...values])
        .filter((value) => !Number.isNaN(value));
      const least = all.reduce((min, each) => Math.min(min, each), Number.POSITIVE_INFINITY);
      const most = all.reduce((max, each) => Math.max(max, each), 0);
      const { y, ticks } = scaleOf(box, least, most, options);
      drawScale(context, box, ticks);
      curves.forEach(({ values, colour, name }, i) => {
        context.strokeStyle = colour();
        context.fillStyle = colour();
        context.lineWidth = 1.6;
        context.beginPath();
        let isOn = false;
        for (let bucket = 0; bucket < buckets.count; bucket++) {
          const value = values[bucket];
          const x = xAt(buckets.from + (bucket + 0.5) * buckets.width, box, world);
          if (Number.isNaN(value)) isOn = false;
          else if (isOn) context.lineTo(x, y(value));
          else {
            context.moveTo(x, y(value));
            context.lineTo(x + 1, y(value));
            isOn = true;
          }
        }
        context.stroke();
        context.textAlign = 'left';
        context.textBaseline = 'top';
        context.fillRect(box.left + 8 + i * 92, box.top + 5, 9, 3);
        context.fillStyle = theme().text;
        context.fillText(name, box.left + 21 + i * 92, box.top + 1, 74);
      });
    },
    hover(x, _y, box) {
      if (shown === null || x < box.left || x > box.left + box.width) return null;
      const us = timeAt(x, box, world);
      const bucket = shown.buckets.of(us);
      const values = shown.curves.map(
        ({ name, values }) => `${name}: ${textOf(values[bucket], options.unit)}`,
      );
      return `${timeText(us)}\n${values.join('\n')}${faultsAt(us, world)}`;
    },
    table(): Table {
      const { buckets, curves } = count(40 * bucketPixels);
      return {
        head: ['from', ...curves.map(({ name }) => name)],
        rows: Array.from({ length: buckets.count }, (_, bucket) => [
          timeText(buckets.from + bucket * buckets.width),
          ...curves.map(({ values }) => textOf(values[bucket], options.unit)),
        ]),
      };
    },
  };
}
