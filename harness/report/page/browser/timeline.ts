/**
 * The time line: a lane for each process, a lane for the state of each node, faults as bands, violations marked.
 * What is drawn costs as much as there are pixels, not as much as there are operations. Colour and height say the
 * same: ok is low, info is half, fail is whole, a violation is whole with a mark above.
 */
import { h, replace, type Table } from './dom.ts';
import { type Filter, parseFilter } from './filter.ts';
import { drawStates, stateLanes } from './node-states.ts';
import { operationText } from './operation-text.ts';
import {
  type Box,
  faultsAt,
  type Mounted,
  mount,
  type Picture,
  timeAt,
  timeText,
  xAt,
} from './picture.ts';
import { buildPyramid, firstOfLane, levelFor, type Pyramid } from './pyramid.ts';
import { theme } from './theme.ts';
import { drawnUs, Rank, type World } from './world.ts';

const laneMax = 14;
const laneMin = 3;
const heightMax = 420;
const stateHeight = 12;
const left = 74;

/** Share of a lane's height, by rank. */
const tall = [0, 0.4, 0.65, 1, 1];

export interface Timeline {
  readonly element: HTMLElement;
  /** Shows an operation: moves there and marks it. */
  mark(row: number): void;
  filter(text: string): string | null;
}

export function makeTimeline(world: World): Timeline {
  const { data, columns, rank, viewport } = world;
  const lanes = Math.max(1, columns.lanes.length);
  const states = stateLanes(world);
  const statesHeight = data.nodes.length * stateHeight + 8;
  const laneHeight = Math.max(laneMin, Math.min(laneMax, Math.floor(heightMax / lanes)));
  // Lanes come in order of their first operation; people look for them by number.
  const order = columns.lanes
    .map((_, lane) => lane)
    .sort((a, b) => columns.lanes[a] - columns.lanes[b]);
  const placeOf = Int32Array.from({ length: lanes }, (_, lane) => Math.max(0, order.indexOf(lane)));
  const laneOf = (row: number): number => placeOf[columns.lane[row]];
  let pyramid: Pyramid = buildPyramid(world, lanes, laneOf, null);
  let wanted: Uint8Array | null = null;
  let marked = -1;

  const colours = (): string[] => {
    const { outcomes, bad } = theme();
    return ['', outcomes.ok, outcomes.info, outcomes.fail, bad];
  };

  const bar = (
    context: CanvasRenderingContext2D,
    x: number,
    y: number,
    width: number,
    worst: number,
  ): void => {
    const height = Math.max(1, (laneHeight - 1) * tall[worst]);
    context.fillRect(x, y + (laneHeight - 1 - height) / 2, width, height);
  };

  const drawLane = (context: CanvasRenderingContext2D, box: Box, lane: number, y: number): void => {
    const perPixel = (viewport.to - viewport.from) / box.width;
    const level = levelFor(pyramid, perPixel);
    const colour = colours();
    if (level === null) {
      drawSingle(context, box, lane, y, colour);
      return;
    }
    const first = Math.max(0, Math.floor(viewport.from / level.width));
    const last = Math.min(level.buckets - 1, Math.ceil(viewport.to / level.width));
    const offset = lane * level.buckets;
    // Equal neighbours are one rectangle: a healthy run is drawn with few.
    let [begin, worst] = [first, 0];
    for (let bucket = first; bucket <= last + 1; bucket++) {
      const now = bucket > last ? -1 : level.worst[offset + bucket];
      if (now === worst) continue;
      if (worst > 0) {
        const from = Math.max(box.left, xAt(begin * level.width, box, world));
        const to = Math.min(box.left + box.width, xAt(bucket * level.width, box, world));
        context.fillStyle = colour[worst];
        bar(context, from, y, Math.max(1, to - from), worst);
        if (worst === Rank.violating) drawMark(context, (from + to) / 2, y);
      }
      [begin, worst] = [bucket, now];
    }
  };

  const drawSingle = (
    context: CanvasRenderingContext2D,
    box: Box,
    lane: number,
    y: number,
    colour: readonly string[],
  ): void => {
    const end = pyramid.start[lane + 1];
    for (let at = firstOfLane(world, pyramid, lane, viewport.from); at < end; at++) {
      const row = pyramid.rows[at];
      if (columns.invoke[row] > viewport.to) break;
      const from = Math.max(box.left, xAt(columns.invoke[row], box, world));
      const ends = Math.min(viewport.end, columns.invoke[row] + drawnUs(world, row));
      const to = Math.min(box.left + box.width, xAt(ends, box, world));
      if (to < box.left) continue;
      const worst = rank[row];
      context.fillStyle = colour[worst];
      bar(context, from, y, Math.max(2, to - from - 1), worst);
      if (worst === Rank.violating) drawMark(context, (from + to) / 2, y);
      if (to - from > 60 && laneHeight >= 11) {
        context.fillStyle = theme().text;
        context.textAlign = 'left';
        context.textBaseline = 'middle';
        const { f } = columns.classes[columns.kind[row]];
        const label = `${f} ${data.keys[columns.key[row]] ?? ''}`;
        context.fillText(label, from + 3, y + laneHeight / 2, to - from - 6);
      }
    }
  };

  const drawMark = (context: CanvasRenderingContext2D, x: number, y: number): void => {
    context.beginPath();
    context.moveTo(x, y + 3);
    context.lineTo(x - 3.5, y - 2.5);
    context.lineTo(x + 3.5, y - 2.5);
    context.fill();
  };

  const laneAt = (y: number, box: Box): number =>
    Math.floor((y - box.top - statesHeight) / laneHeight);

  /** The operation under the pointer: the worst of those that share its pixel. */
  const rowAt = (x: number, y: number, box: Box): number => {
    const lane = laneAt(y, box);
    if (lane < 0 || lane >= lanes) return -1;
    const [from, to] = [timeAt(x - 2, box, world), timeAt(x + 2, box, world)];
    let found = -1;
    const end = pyramid.start[lane + 1];
    for (let at = firstOfLane(world, pyramid, lane, from); at < end; at++) {
      const row = pyramid.rows[at];
      if (columns.invoke[row] > to) break;
      if (columns.invoke[row] + drawnUs(world, row) < from) continue;
      if (found < 0 || rank[row] > rank[found]) found = row;
    }
    return found;
  };

  const picture: Picture = {
    title: 'Time line',
    note: 'a lane for each client; drag to move, Ctrl and wheel or + and - to zoom, 0 for all; click an operation',
    height: statesHeight + lanes * laneHeight,
    timed: true,
    quick: true,
    left,
    draw(context, box) {
      drawStates(context, box, world, states, stateHeight);
      context.beginPath();
      context.rect(box.left, box.top, box.width, box.height);
      context.save();
      context.clip();
      for (let lane = 0; lane < lanes; lane++) {
        drawLane(context, box, lane, box.top + statesHeight + lane * laneHeight);
      }
      if (marked >= 0) {
        context.strokeStyle = theme().text;
        context.lineWidth = 1.5;
        const x = xAt(columns.invoke[marked], box, world);
        const y = box.top + statesHeight + laneOf(marked) * laneHeight;
        context.strokeRect(x - 4, y - 3, 9, laneHeight + 5);
      }
      context.restore();
      context.fillStyle = theme().muted;
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      const each = laneHeight >= 10 ? 1 : Math.ceil(10 / laneHeight);
      for (let lane = 0; lane < lanes; lane += each) {
        const y = box.top + statesHeight + (lane + 0.5) * laneHeight;
        context.fillText(`process ${columns.lanes[order[lane] ?? lane] ?? lane}`, box.left - 6, y);
      }
    },
    hover(x, y, box) {
      if (x < box.left) return null;
      const us = timeAt(x, box, world);
      const row = rowAt(x, y, box);
      const what = row < 0 ? '' : `\n${operationText(world, row)}`;
      return `${timeText(us)}${what}${faultsAt(us, world)}`;
    },
    click(x, y, box) {
      const row = rowAt(x, y, box);
      if (row < 0) return;
      marked = row;
      mounted.redraw();
      world.open(row);
    },
    table: () => visibleTable(world, wanted),
  };
  const mounted = mount(picture, world);
  const overview = makeOverview(world, () => pyramid);
  const problem = h('output', { class: 'problem' });
  const count = h('output', { class: 'muted' });
  const box = h('input', {
    type: 'search',
    placeholder: 'filter: key:set-1 f:read t:info p:3 n:n2 after:30s bad !text',
    'aria-label': 'Filter of operations',
    spellcheck: 'false',
  }) as HTMLInputElement;

  const apply = (filter: Filter): void => {
    wanted = null;
    let shown = columns.n;
    if (filter.test !== null) {
      wanted = new Uint8Array(columns.n);
      shown = 0;
      for (let row = 0; row < columns.n; row++) if (filter.test(row)) shown += wanted[row] = 1;
    }
    pyramid = buildPyramid(world, lanes, laneOf, wanted);
    replace(
      count,
      wanted === null ? '' : `${shown.toLocaleString('en')} of ${columns.n.toLocaleString('en')}`,
    );
    mounted.redraw();
    overview.redraw();
  };
  const filter = (text: string): string | null => {
    if (box.value !== text) box.value = text;
    const parsed = parseFilter(text, world);
    replace(problem, parsed.problem ?? '');
    if (parsed.problem === null) apply(parsed);
    return parsed.problem;
  };
  let timer = 0;
  box.addEventListener('input', () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (filter(box.value) === null) keepInAddress(box.value);
    }, 150);
  });
  const element = h(
    'div',
    { class: 'timeline' },
    h('div', { class: 'bar' }, box, count, problem, legend()),
    overview.element,
    mounted.element,
  );
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get('filter');
  if (fromAddress !== null) queueMicrotask(() => filter(fromAddress));
  return {
    element,
    filter,
    mark(row) {
      marked = row;
      const us = columns.invoke[row];
      if (
        us < viewport.from ||
        us > viewport.to ||
        viewport.to - viewport.from > viewport.end / 4
      ) {
        viewport.show(us - viewport.end / 60, us + viewport.end / 60);
      }
      mounted.redraw();
    },
  };
}

function keepInAddress(filter: string): void {
  const address = new URLSearchParams(location.hash.slice(1));
  if (filter === '') address.delete('filter');
  else address.set('filter', filter);
  history.replaceState(null, '', `#${address}`);
}

function legend(): HTMLElement {
  const one = (name: string, text: string): HTMLElement =>
    h('span', { class: `legend ${name}` }, h('i', {}), text);
  return h(
    'span',
    { class: 'legends' },
    one('ok', 'ok'),
    one('info', 'info: nobody knows'),
    one('fail', 'fail'),
    one('bad', 'violation'),
  );
}

/** The whole run in a strip, with the part that is shown; drag it. */
function makeOverview(world: World, pyramid: () => Pyramid): Mounted {
  const { viewport } = world;
  const canvas = h('canvas', { class: 'overview', 'aria-hidden': true }) as HTMLCanvasElement;
  const redraw = (): void => {
    const width = canvas.clientWidth;
    if (width === 0) return;
    canvas.width = width;
    canvas.height = 28;
    const context = canvas.getContext('2d');
    if (context === null) return;
    const { outcomes, bad, text } = theme();
    const colour = ['', outcomes.ok, outcomes.info, outcomes.fail, bad];
    const all = pyramid();
    const level = levelFor(all, viewport.end / width) ?? all.levels[0];
    const counts = new Float64Array(width);
    const worst = new Uint8Array(width);
    for (let lane = 0; lane < all.lanes; lane++) {
      for (let bucket = 0; bucket < level.buckets; bucket++) {
        const x = Math.min(width - 1, Math.floor((bucket / level.buckets) * width));
        counts[x] += level.count[lane * level.buckets + bucket];
        worst[x] = Math.max(worst[x], level.worst[lane * level.buckets + bucket]);
      }
    }
    const most = counts.reduce((max, each) => Math.max(max, each), 1);
    for (let x = 0; x < width; x++) {
      if (worst[x] === 0) continue;
      context.fillStyle = colour[worst[x]];
      const height = 4 + 22 * Math.sqrt(counts[x] / most);
      context.fillRect(x, 27 - height, 1, height);
    }
    const from = (viewport.from / viewport.end) * width;
    const to = (viewport.to / viewport.end) * width;
    context.strokeStyle = text;
    context.lineWidth = 2;
    context.strokeRect(from + 1, 1, Math.max(3, to - from - 2), 26);
  };
  const move = (event: PointerEvent): void => {
    if (event.buttons === 0) return;
    const span = viewport.to - viewport.from;
    const middle = (event.offsetX / canvas.clientWidth) * viewport.end;
    viewport.show(middle - span / 2, middle + span / 2);
  };
  canvas.addEventListener('pointerdown', move);
  canvas.addEventListener('pointermove', move);
  let asked = false;
  const later = (): void => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      redraw();
    });
  };
  viewport.onChange(later);
  new ResizeObserver(later).observe(canvas);
  return { element: canvas, redraw: later };
}

/** The operations that are to be seen, as far as a table can hold them. */
function visibleTable(world: World, wanted: Uint8Array | null): Table {
  const { columns, data, viewport } = world;
  const rows: (string | number)[][] = [];
  for (let row = 0; row < columns.n && rows.length < 1000; row++) {
    if (columns.invoke[row] < viewport.from || columns.invoke[row] > viewport.to) continue;
    if (wanted !== null && wanted[row] === 0) continue;
    const { f, outcome } = columns.classes[columns.kind[row]];
    rows.push([
      columns.idx[row],
      timeText(columns.invoke[row]),
      columns.process[row],
      f,
      data.keys[columns.key[row]] ?? '',
      data.nodes[columns.node[row]] ?? '',
      data.nodes[columns.server[row]] ?? '',
      world.rank[row] === Rank.violating ? `${outcome}, violation` : outcome,
    ]);
  }
  return {
    head: ['operation', 'invoked', 'process', 'f', 'key', 'asked', 'served', 'outcome'],
    rows,
  };
}
