/** Latency: every single operation as a dot, and quantiles over time. */
import { durationText } from '../../../figures.ts';
import { OUTCOMES } from '../../columns.ts';
import { drawScale, faultsAt, type Picture, timeAt, timeText } from '../picture.ts';
import { theme } from '../theme.ts';
import { tookUs, usOf, type World } from '../world.ts';
import { Durations, eachShown } from './buckets.ts';
import { curvesPicture, scaleOf } from './lines.ts';

/** Colour as [r, g, b]. */
function bytesOf(colour: string): readonly [number, number, number] {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (context === null) return [0, 0, 0];
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

function spanOf(world: World): readonly [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, 1];
  eachShown(world, (row) => {
    const code = world.columns.took[row];
    if (code === 0) return;
    if (code < least) least = code;
    if (code > most) most = code;
  });
  return [Number.isFinite(least) ? usOf(least) : 1, usOf(most)];
}

/** A dot for each operation; where several share a pixel, the worst of them. */
export function rawLatency(world: World): Picture {
  const { columns, rank, viewport } = world;
  const scaling = { scale: 'log', unit: 'us' } as const;
  return {
    title: 'Latency of each operation',
    note: 'a dot for each, at its invocation; the worst on top',
    height: 190,
    timed: true,
    draw(context, box) {
      const [least, most] = spanOf(world);
      const { y, ticks } = scaleOf(box, least, most, scaling);
      drawScale(context, box, ticks);
      const ratio = context.getTransform().a;
      const [width, height] = [Math.ceil(box.width * ratio), Math.ceil(box.height * ratio)];
      const dots = new Uint8Array(width * height);
      const perUs = width / (viewport.to - viewport.from);
      const ys = new Int32Array(2048).map((_, code) =>
        Math.max(0, Math.min(height - 2, Math.round((y(usOf(code)) - box.top) * ratio))),
      );
      eachShown(world, (row) => {
        const code = columns.took[row];
        if (code === 0) return;
        const x = Math.min(width - 2, Math.floor((columns.invoke[row] - viewport.from) * perUs));
        const at = ys[code] * width + x;
        const now = rank[row];
        for (const place of [at, at + 1, at + width, at + width + 1]) {
          if (dots[place] < now) dots[place] = now;
        }
      });
      const { outcomes, bad } = theme();
      const colours = [outcomes.ok, outcomes.info, outcomes.fail, bad].map(bytesOf);
      const image = context.createImageData(width, height);
      for (let i = 0; i < dots.length; i++) {
        if (dots[i] === 0) continue;
        const [red, green, blue] = colours[dots[i] - 1];
        image.data[4 * i] = red;
        image.data[4 * i + 1] = green;
        image.data[4 * i + 2] = blue;
        image.data[4 * i + 3] = 235;
      }
      const layer = new OffscreenCanvas(width, height);
      layer.getContext('2d')?.putImageData(image, 0, 0);
      context.drawImage(layer, box.left, box.top, width / ratio, height / ratio);
    },
    hover(x, _y, box) {
      if (x < box.left) return null;
      const us = timeAt(x, box, world);
      return `${timeText(us)}${faultsAt(us, world)}`;
    },
    table() {
      const names = [...new Set(columns.classes.map(({ f }) => f))].sort();
      const rows = OUTCOMES.flatMap((outcome, i) =>
        names.flatMap((f) => {
          const durations = new Durations(1);
          eachShown(world, (row) => {
            if (columns.outcome[row] !== i || columns.classes[columns.kind[row]].f !== f) return;
            if (columns.took[row] > 0) durations.add(0, columns.took[row]);
          });
          if (durations.total(0) === 0) return [];
          const shares = [0, 0.5, 0.95, 0.99, 1].map((share) =>
            durationText(durations.quantile(0, share) * 1e3),
          );
          return [[f, outcome, durations.total(0), ...shares]];
        }),
      );
      return { head: ['f', 'outcome', 'operations', 'least', 'p50', 'p95', 'p99', 'most'], rows };
    },
  };
}

export function latencyQuantiles(world: World): Picture {
  const shares = [0.5, 0.95, 0.99, 1];
  return curvesPicture(world, {
    title: 'Latency, quantiles',
    note: 'of operations that ended as ok',
    scale: 'log',
    unit: 'us',
    height: 130,
    curves(buckets) {
      const durations = new Durations(buckets.count);
      eachShown(world, (row) => {
        if (world.columns.outcome[row] !== 0 || !Number.isFinite(tookUs(world.columns, row)))
          return;
        durations.add(buckets.of(world.columns.invoke[row]), world.columns.took[row]);
      });
      return shares.map((share, i) => ({
        name: share === 1 ? 'max' : `p${share * 100}`,
        colour: () => theme().series[i],
        values: Float64Array.from({ length: buckets.count }, (_, bucket) =>
          durations.quantile(bucket, share),
        ),
      }));
    },
  });
}
