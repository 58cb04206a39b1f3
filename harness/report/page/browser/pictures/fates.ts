/**
 * What became of writes, by the node that served them: acknowledged ones in its colour, those that a checker
 * complains of in red on top. A node that forgets shows at a glance, and so does the moment.
 */
import { type Box, faultsAt, type Picture, timeAt, timeText, xAt } from '../picture.ts';
import { theme } from '../theme.ts';
import { Rank, serverOf, type World } from '../world.ts';
import { type Buckets, bucketsOf, eachShown } from './buckets.ts';

const rowHeight = 34;
const READS = new Set(['read', 'read-all', 'read-list']);

interface Counted {
  readonly buckets: Buckets;
  /** node * buckets + bucket. */
  readonly written: Uint32Array;
  readonly wrong: Uint32Array;
}

export function fates(world: World): Picture {
  const { columns, data, rank } = world;
  const isWrite = columns.classes.map(({ f, outcome }) => outcome === 'ok' && !READS.has(f));
  let shown: Counted | null = null;
  const count = (pixels: number): Counted => {
    const buckets = bucketsOf(world, pixels, 5);
    const size = data.nodes.length * buckets.count;
    const counted = { buckets, written: new Uint32Array(size), wrong: new Uint32Array(size) };
    eachShown(world, (row) => {
      const node = serverOf(columns, row);
      if (node < 0 || node >= data.nodes.length) return;
      const at = node * buckets.count + buckets.of(columns.invoke[row]);
      if (isWrite[columns.kind[row]]) counted.written[at]++;
      if (rank[row] === Rank.violating) counted.wrong[at]++;
    });
    shown = counted;
    return counted;
  };
  const nodeAt = (y: number, box: Box): number => Math.floor((y - box.top) / rowHeight);
  return {
    title: 'Acknowledged writes and violations, by the node that served them',
    note: 'red: what the checkers complain of',
    height: Math.max(1, data.nodes.length) * rowHeight,
    timed: true,
    draw(context, box) {
      const { buckets, written, wrong } = count(box.width);
      const most = usualMost(written, wrong);
      const { outcomes, bad, muted, line } = theme();
      data.nodes.forEach((name, node) => {
        const bottom = box.top + (node + 1) * rowHeight - 3;
        context.fillStyle = muted;
        context.textAlign = 'right';
        context.textBaseline = 'middle';
        context.fillText(name, box.left - 6, bottom - rowHeight / 2 + 2);
        context.fillStyle = line;
        context.fillRect(box.left, bottom, box.width, 1);
        const room = rowHeight - 6;
        for (let bucket = 0; bucket < buckets.count; bucket++) {
          const x = xAt(buckets.from + bucket * buckets.width, box, world);
          const at = node * buckets.count + bucket;
          const width = box.width / buckets.count - 0.5;
          for (const [value, colour] of [
            [written[at], outcomes.ok],
            [wrong[at], bad],
          ] as const) {
            if (value === 0) continue;
            const tall = Math.max(2, Math.min(1, value / most) * room);
            context.fillStyle = colour;
            context.fillRect(x, bottom - tall, width, tall);
          }
        }
      });
    },
    hover(x, y, box) {
      const node = nodeAt(y, box);
      if (shown === null || x < box.left || data.nodes[node] === undefined) return null;
      const us = timeAt(x, box, world);
      const at = node * shown.buckets.count + shown.buckets.of(us);
      return `${data.nodes[node]}, ${timeText(us)}\n${shown.written[at]} acknowledged writes, ${shown.wrong[at]} violations${faultsAt(us, world)}`;
    },
    table() {
      const { buckets, written, wrong } = count(150);
      const rows = Array.from({ length: buckets.count }, (_, bucket) => [
        timeText(buckets.from + bucket * buckets.width),
        ...data.nodes.flatMap((_, node) => {
          const at = node * buckets.count + bucket;
          return [written[at], wrong[at]];
        }),
      ]);
      return {
        head: ['from', ...data.nodes.flatMap((name) => [`${name} writes`, `${name} violations`])],
        rows,
      };
    },
  };
}

/** What nearly all buckets stay below: one burst after a fault must not flatten the rest. */
function usualMost(written: Uint32Array, wrong: Uint32Array): number {
  const sorted = [...written, ...wrong].filter((each) => each > 0).sort((a, b) => a - b);
  return Math.max(1, (sorted[Math.floor(0.97 * (sorted.length - 1))] ?? 1) * 1.2);
}
