/** Pictures that have no axis of time: agreement of keys, staleness, offsets of clocks. */
import { durationText, numberText } from '../../../figures.ts';
import { drawScale, type Picture, timeText, xAt } from '../picture.ts';
import { theme } from '../theme.ts';
import type { World } from '../world.ts';

type Row = Readonly<Record<string, unknown>>;

function rowsOf(value: unknown): Row[] {
  return Array.isArray(value)
    ? value.filter((each): each is Row => typeof each === 'object' && each !== null)
    : [];
}

/** When all nodes gave the same answer about a key, the slowest keys first. */
export function agreement({ data }: World): Picture | null {
  const rows = rowsOf(data.details.convergence?.['slowest-keys']).flatMap((row) =>
    typeof row['converged-at-ms'] === 'number'
      ? [{ key: String(row.key), ms: row['converged-at-ms'] }]
      : [],
  );
  const diverged = rowsOf(data.details.convergence?.['diverged-keys']).map((row) =>
    String(row.key),
  );
  if (rows.length + diverged.length === 0) return null;
  const heal = data.phases.heal ?? data.phases.final ?? 0;
  const after = (ms: number): number => Math.max(0, ms - heal / 1e6);
  const most = rows.reduce((max, { ms }) => Math.max(max, after(ms)), 1);
  const all = [...diverged.map((key) => ({ key, ms: null })), ...rows];
  return {
    title: 'Time to agreement',
    note: `after the heal at ${timeText(heal / 1e3)}, until all nodes gave the same answer; the slowest keys`,
    height: all.length * 15,
    timed: false,
    left: 130,
    draw(context, box) {
      const { text, bad, outcomes } = theme();
      context.textBaseline = 'middle';
      all.forEach(({ key, ms }, i) => {
        const y = box.top + i * 15;
        const width = ms === null ? box.width - 130 : (after(ms) / most) * (box.width - 130);
        context.fillStyle = ms === null ? bad : outcomes.ok;
        context.fillRect(box.left, y + 2, Math.max(2, width), 10);
        context.fillStyle = text;
        context.textAlign = 'right';
        context.fillText(key, box.left - 6, y + 7, 120);
        context.textAlign = 'left';
        const label = ms === null ? 'they never agreed' : durationText(after(ms) * 1e6);
        context.fillText(label, box.left + Math.max(2, width) + 6, y + 7);
      });
    },
    table: () => ({
      head: ['key', 'agreed at', 'after the heal'],
      rows: all.map(({ key, ms }) => [
        key,
        ms === null ? 'never' : timeText(ms * 1e3),
        ms === null ? 'never' : durationText(after(ms) * 1e6),
      ]),
    }),
  };
}

/** Share of reads that see all that is older than delta. */
export function staleness({ data }: World): Picture | null {
  const curve = rowsOf(data.details.staleness?.curve).flatMap((row) => {
    const [delta, share, calm] = [row['delta-ms'], row.share, row['calm-share']];
    return typeof delta === 'number' && typeof share === 'number'
      ? [{ delta, share, calm: typeof calm === 'number' ? calm : Number.NaN }]
      : [];
  });
  if (curve.length === 0) return null;
  return {
    title: 'Staleness',
    note: 'share of the reads that see every write older than so long',
    height: 120,
    timed: false,
    draw(context, box) {
      const { series, text, muted } = theme();
      const least = Math.min(...curve.map(({ share, calm }) => Math.min(share, calm || 1)));
      const low = Math.max(0, Math.floor(least * 20) / 20 - 0.05);
      const y = (share: number): number => box.top + box.height * (1 - (share - low) / (1 - low));
      const x = (i: number): number =>
        box.left + 20 + (i / Math.max(1, curve.length - 1)) * (box.width - 60);
      drawScale(
        context,
        box,
        [low, (low + 1) / 2, 1].map((share) => ({
          y: y(share),
          label: `${numberText(share * 100)} %`,
        })),
      );
      (['share', 'calm'] as const).forEach((name, which) => {
        context.strokeStyle = series[which];
        context.lineWidth = 1.6;
        context.beginPath();
        curve.forEach((point, i) => {
          if (!Number.isNaN(point[name])) context.lineTo(x(i), y(point[name]));
        });
        context.stroke();
        context.fillStyle = series[which];
        context.fillRect(box.left + 30 + which * 120, box.top + box.height - 12, 9, 3);
        context.fillStyle = text;
        context.textAlign = 'left';
        context.fillText(
          which === 0 ? 'all reads' : 'without a fault',
          box.left + 44 + which * 120,
          box.top + box.height - 10,
        );
      });
      context.fillStyle = muted;
      context.textAlign = 'center';
      context.textBaseline = 'top';
      curve.forEach(({ delta }, i) => {
        if (i % 2 === 0)
          context.fillText(durationText(delta * 1e6), x(i), box.top + box.height + 4);
      });
    },
    table: () => ({
      head: ['older than', 'share of all reads', 'share without a fault'],
      rows: curve.map(({ delta, share, calm }) => [durationText(delta * 1e6), share, calm]),
    }),
  };
}

export function clockOffsets(world: World): Picture | null {
  const { clocks, nodes } = world.data;
  if (clocks.length === 0) return null;
  const most = clocks.reduce((max, { ms }) => Math.max(max, Math.abs(ms)), 1);
  return {
    title: 'Offsets of the clocks',
    note: 'how far the wall clock of each node was off',
    height: 110,
    timed: true,
    draw(context, box) {
      const y = (ms: number): number => box.top + box.height * (0.5 - (0.48 * ms) / most);
      drawScale(
        context,
        box,
        [-most, 0, most].map((ms) => ({ y: y(ms), label: `${numberText(ms)} ms` })),
      );
      nodes.forEach((_, node) => {
        context.strokeStyle = theme().series[node % theme().series.length];
        context.lineWidth = 1.6;
        context.beginPath();
        for (const each of clocks) {
          if (each.node === node) context.lineTo(xAt(each.time / 1e3, box, world), y(each.ms));
        }
        context.stroke();
      });
    },
    table: () => ({
      head: ['at', 'node', 'off by ms'],
      rows: clocks.map(({ time, node, ms }) => [timeText(time / 1e3), nodes[node] ?? '?', ms]),
    }),
  };
}
