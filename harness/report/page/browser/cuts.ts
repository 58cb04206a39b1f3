/** Each fault as a small graph: who could reach whom, who was down; with what proved it. */
import { durationText } from '../../figures.ts';
import type { PageFault } from '../page-data.ts';
import { folded, h, s } from './dom.ts';
import type { World } from './world.ts';

const size = 150;
const radius = 52;

interface Spot {
  readonly x: number;
  readonly y: number;
}

function spots(count: number): Spot[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    return { x: size / 2 + radius * Math.cos(angle), y: size / 2 + radius * Math.sin(angle) };
  });
}

/** An arrow from a to b, short of both circles; `side` moves it off the middle so that two can lie side by side. */
function arrow(a: Spot, b: Spot, side: number): SVGElement {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const from = { x: a.x + ux * 13 - uy * side, y: a.y + uy * 13 + ux * side };
  const to = { x: b.x - ux * 15 - uy * side, y: b.y - uy * 15 + ux * side };
  const tip = `${to.x},${to.y} ${to.x - 5 * ux - 3 * uy},${to.y - 5 * uy + 3 * ux} ${to.x - 5 * ux + 3 * uy},${to.y - 5 * uy - 3 * ux}`;
  return s(
    'g',
    { class: 'one-way' },
    s('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y }),
    s('polygon', { points: tip }),
  );
}

function passes(fault: PageFault, from: number, to: number): boolean {
  return !(fault.grudge?.[to] ?? []).includes(from);
}

function graph(fault: PageFault, nodes: readonly string[]): SVGElement {
  const at = spots(nodes.length);
  const edges: SVGElement[] = [];
  const isDown = (node: number): boolean => fault.grudge === null && fault.targets.includes(node);
  nodes.forEach((_, a) => {
    for (let b = a + 1; b < nodes.length; b++) {
      const [there, back] = [passes(fault, a, b), passes(fault, b, a)];
      if (isDown(a) || isDown(b)) continue;
      if (there && back) {
        edges.push(
          s('line', { class: 'both-ways', x1: at[a].x, y1: at[a].y, x2: at[b].x, y2: at[b].y }),
        );
      } else if (there) edges.push(arrow(at[a], at[b], 0));
      else if (back) edges.push(arrow(at[b], at[a], 0));
    }
  });
  const circles = nodes.map((name, node) =>
    s(
      'g',
      { class: isDown(node) ? 'node hit' : 'node' },
      s('circle', { cx: at[node].x, cy: at[node].y, r: 12 }),
      s('text', { x: at[node].x, y: at[node].y + 4, 'text-anchor': 'middle' }, name.slice(0, 4)),
    ),
  );
  return s(
    'svg',
    {
      viewBox: `0 0 ${size} ${size}`,
      width: size,
      height: size,
      role: 'img',
      'aria-label': sayGraph(fault, nodes),
    },
    ...edges,
    ...circles,
  );
}

/** The same as the picture, in words. */
function sayGraph(fault: PageFault, nodes: readonly string[]): string {
  if (fault.grudge === null) {
    return `${fault.kind}: ${fault.targets.map((node) => nodes[node] ?? '?').join(', ')}`;
  }
  const lost = nodes.flatMap((name, to) => {
    const dropped = (fault.grudge?.[to] ?? []).map((node) => nodes[node] ?? '?');
    return dropped.length === 0 ? [] : [`${name} does not hear ${dropped.join(', ')}`];
  });
  return lost.length === 0 ? 'nobody is cut off' : lost.join('; ');
}

export function faultSection(world: World): HTMLElement | null {
  const { faults, nodes } = world.data;
  if (faults.length === 0) return null;
  return h(
    'section',
    { id: 'faults' },
    h('h2', {}, 'Faults'),
    h(
      'div',
      { class: 'faults' },
      ...faults.map((fault) =>
        h(
          'article',
          { class: 'fault', id: `fault-${fault.id}` },
          h('h3', {}, `${fault.id}. ${`${fault.kind} ${fault.variant}`.trim()}`),
          graph(fault, nodes),
          h(
            'p',
            {},
            `${when(fault)}; ${fault.effective}, ${fault.healed ? 'healed' : 'NOT healed'}.`,
          ),
          h('p', { class: 'muted' }, `${sayGraph(fault, nodes)}.`),
          h(
            'button',
            { type: 'button', click: () => showFault(world, fault) },
            'show on the time line',
          ),
          fault.proof.length === 0
            ? null
            : folded('Proof', () =>
                h('ul', { class: 'proof' }, ...fault.proof.map((line) => h('li', {}, line))),
              ),
        ),
      ),
    ),
  );
}

function when(fault: PageFault): string {
  const start = `${(fault.start / 1e9).toFixed(3)} s`;
  if (fault.end === null) return `from ${start} on`;
  return `${start} to ${(fault.end / 1e9).toFixed(3)} s (${durationText(fault.end - fault.start)})`;
}

function showFault({ viewport }: World, fault: PageFault): void {
  const from = fault.start / 1e3;
  const to = fault.end === null ? viewport.end : fault.end / 1e3;
  const margin = (to - from) * 0.3 + 2e5;
  viewport.show(from - margin, to + margin);
  document.getElementById('timeline')?.scrollIntoView({ behavior: 'smooth' });
}
