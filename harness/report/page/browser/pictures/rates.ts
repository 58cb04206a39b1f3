/** How much was done and how well: rate by outcome, share that was answered, lateness of the load. */
import { OUTCOMES } from '../../columns.ts';
import type { Picture } from '../picture.ts';
import { theme } from '../theme.ts';
import type { World } from '../world.ts';
import { Durations, eachShown } from './buckets.ts';
import { curvesPicture } from './lines.ts';

export function rate(world: World): Picture {
  const { columns } = world;
  return curvesPicture(world, {
    title: 'Rate by outcome',
    note: 'operations invoked per second',
    scale: 'linear',
    unit: 'per second',
    curves(buckets) {
      const counts = OUTCOMES.map(() => new Float64Array(buckets.count));
      eachShown(world, (row) => counts[columns.outcome[row]][buckets.of(columns.invoke[row])]++);
      return OUTCOMES.map((name, i) => ({
        name,
        colour: () => theme().outcomes[name],
        values: counts[i].map((each) => (each * 1e6) / buckets.width),
      }));
    },
  });
}

export function availability(world: World): Picture {
  const { columns, data } = world;
  return curvesPicture(world, {
    title: 'Availability',
    note: 'share of operations that ended as ok, by the node that was asked',
    scale: 'share',
    unit: 'share',
    curves(buckets) {
      const nodes = data.nodes.length;
      const ok = data.nodes.map(() => new Float64Array(buckets.count));
      const all = data.nodes.map(() => new Float64Array(buckets.count));
      eachShown(world, (row) => {
        const node = columns.node[row];
        if (node < 0 || node >= nodes) return;
        const bucket = buckets.of(columns.invoke[row]);
        all[node][bucket]++;
        if (columns.outcome[row] === 0) ok[node][bucket]++;
      });
      return data.nodes.slice(0, 9).map((name, node) => ({
        name,
        colour: () => theme().series[node % theme().series.length],
        values: ok[node].map((each, bucket) =>
          all[node][bucket] === 0 ? Number.NaN : each / all[node][bucket],
        ),
      }));
    },
  });
}

export function lateness(world: World): Picture {
  const { columns } = world;
  return curvesPicture(world, {
    title: 'Lateness of the load',
    note: 'how long after its time an operation was started',
    scale: 'log',
    unit: 'us',
    height: 80,
    curves(buckets) {
      const durations = new Durations(buckets.count);
      eachShown(world, (row) => durations.add(buckets.of(columns.invoke[row]), columns.late[row]));
      return [0.5, 0.99, 1].map((share, i) => ({
        name: share === 1 ? 'max' : `p${share * 100}`,
        colour: () => theme().series[i],
        values: Float64Array.from({ length: buckets.count }, (_, bucket) => {
          const us = durations.quantile(bucket, share);
          return Number.isFinite(us) ? us : Number.NaN;
        }),
      }));
    },
  });
}
