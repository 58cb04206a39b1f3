/** How each node stood over time, as far as faults tell, and what its log shouted: lanes above the clients. */
import { type Box, xAt } from './picture.ts';
import { faultColour, theme } from './theme.ts';
import type { World } from './world.ts';

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly kind: string;
  readonly label: string;
}

export type StateLanes = readonly (readonly Stretch[])[];

export function stateLanes({ data, viewport }: World): StateLanes {
  return data.nodes.map((_, node) =>
    data.faults.flatMap((fault) => {
      const isCut = fault.grudge?.some(
        (dropped, to) => (to === node && dropped.length > 0) || dropped.includes(node),
      );
      if (!(fault.grudge === null ? fault.targets.includes(node) : isCut)) return [];
      return [
        {
          from: fault.start / 1e3,
          to: fault.end === null ? viewport.end : fault.end / 1e3,
          kind: fault.kind,
          label: `${fault.kind} ${fault.variant}`.trim(),
        },
      ];
    }),
  );
}

export function drawStates(
  context: CanvasRenderingContext2D,
  box: Box,
  world: World,
  lanes: StateLanes,
  height: number,
): void {
  const { data } = world;
  const { muted, line, text, bad, outcomes } = theme();
  lanes.forEach((stretches, node) => {
    const y = box.top + node * height;
    context.fillStyle = muted;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillText(data.nodes[node], box.left - 6, y + height / 2);
    context.fillStyle = line;
    context.fillRect(box.left, y + height / 2 - 1, box.width, 2);
    for (const { from, to, kind, label } of stretches) {
      const left = Math.max(box.left, xAt(from, box, world));
      const right = Math.min(box.left + box.width, xAt(to, box, world));
      if (right <= left) continue;
      context.fillStyle = faultColour(kind);
      context.fillRect(left, y + 1, Math.max(2, right - left), height - 2);
      if (right - left > 40) {
        context.fillStyle = '#fff';
        context.textAlign = 'left';
        context.fillText(label, left + 4, y + height / 2, right - left - 8);
      }
    }
  });
  context.fillStyle = text;
  for (const { time, node, level } of data.logs) {
    if (level !== 'warn' && level !== 'error' && level !== 'fatal') continue;
    const x = xAt(time / 1e3, box, world);
    if (x < box.left || x > box.left + box.width) continue;
    context.fillStyle = level === 'warn' ? outcomes.fail : bad;
    context.fillRect(x, box.top + node * height + height - 4, 2, 4);
  }
}
