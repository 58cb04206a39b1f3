/**
 * A witness as lanes: a line for each process, time to the right but not to scale, since what matters is what came
 * before what. Each operation says what it did, where, and how it ended; the sentences below say the same.
 */
import type { PageOperation } from '../page-data.ts';
import { h, s, shown } from './dom.ts';
import type { World } from './world.ts';

const slot = 118;
const laneHeight = 46;
const left = 84;
const operationsMax = 30;

interface Placed {
  readonly op: PageOperation;
  readonly lane: number;
  /** Positions of its two ends among all ends. */
  readonly from: number;
  readonly to: number;
}

/** Ends in order of time; an operation that never ended ends last. */
function place(ops: readonly PageOperation[]): {
  readonly placed: Placed[];
  readonly slots: number;
  readonly lanes: string[];
} {
  const ends = ops
    .flatMap((op, i) => [
      { time: op.invoked, i, isEnd: false },
      { time: op.completed ?? Number.POSITIVE_INFINITY, i, isEnd: true },
    ])
    .sort((a, b) => a.time - b.time || Number(a.isEnd) - Number(b.isEnd));
  const from = ops.map(() => 0);
  const to = ops.map(() => 0);
  // A new column only where something begins after something else has ended: that alone is an order.
  let column = 0;
  let hasEnded = false;
  for (const { i, isEnd } of ends) {
    if (isEnd) {
      to[i] = column;
      hasEnded = true;
    } else {
      if (hasEnded) column++;
      hasEnded = false;
      from[i] = column;
    }
  }
  const lanes = [...new Set(ops.map((op) => String(op.process)))];
  const placed = ops.map((op, i) => ({
    op,
    lane: lanes.indexOf(String(op.process)),
    from: from[i],
    to: to[i],
  }));
  return { placed, slots: column + 1, lanes };
}

function labelOf({ f, key, value, outcome }: PageOperation, subject: string | null): string {
  if (f === 'read-all' || f === 'read-list') {
    if (value === null) return `${f} ${outcome ?? 'in flight'}`;
    const has = subject !== null && contains(value, subject);
    return subject === null ? `${f}` : `${f}: ${has ? 'has' : 'no'} ${subject}`;
  }
  const name = key?.includes('/') ? `${key.slice(key.lastIndexOf('/') + 1)}=` : '';
  return `${f} ${name}${value ?? ''}`.trim();
}

/** Whether a JSON array has an element that is written so. A text that was cut has lost its end. */
function contains(array: string, element: string): boolean {
  return new RegExp(`[\\[,]\\s*${element.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*[,\\]]`).test(
    array,
  );
}

/** `about`: numbers of the operations. Null where the page knows none of them. */
export function witnessLanes(world: World, about: readonly number[]): Element | null {
  const ops = about.slice(0, operationsMax).flatMap((idx) => world.known.get(idx) ?? []);
  if (ops.length === 0) return null;
  const sorted = [...ops].sort((a, b) => a.invoked - b.invoked);
  const writer = sorted.find(({ f }) => f === 'add' || f === 'append');
  const subject = writer?.value ?? null;
  const { placed, slots, lanes } = place(sorted);
  const width = left + slots * slot + 12;
  const height = lanes.length * laneHeight + 8;
  const bars = placed.map(({ op, lane, from, to }) => {
    const x = left + from * slot + 3;
    const y = lane * laneHeight + 6;
    const wide = (to - from + 1) * slot - 6;
    const outcome = op.outcome ?? 'info';
    const row = world.rowOfIdx(op.idx);
    return s(
      'g',
      {
        class: `bar ${outcome}`,
        tabindex: 0,
        role: 'button',
        'aria-label': `operation ${op.idx}`,
        click: () => row >= 0 && world.open(row),
        keydown: (event: Event) => {
          if ((event as KeyboardEvent).key === 'Enter' && row >= 0) world.open(row);
        },
      },
      s('title', {}, `operation ${op.idx}, ${outcome}, ${(op.invoked / 1e9).toFixed(4)} s`),
      s('rect', { x, y, width: wide, height: laneHeight - 12, rx: 3 }),
      s('text', { x: x + 5, y: y + 14 }, cut(labelOf(op, subject), wide)),
      s('text', { x: x + 5, y: y + 28, class: 'small' }, cut(whereOf(op), wide)),
    );
  });
  return h(
    'div',
    { class: 'witness', tabindex: 0, role: 'region', 'aria-label': 'Witness as lanes' },
    s(
      'svg',
      {
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: 'group',
        'aria-label': 'a lane for each process, time to the right',
      },
      ...lanes.map((process, lane) =>
        s(
          'g',
          {},
          s('line', {
            class: 'lane',
            x1: left,
            x2: width,
            y1: lane * laneHeight + 23,
            y2: lane * laneHeight + 23,
          }),
          s(
            'text',
            { x: left - 8, y: lane * laneHeight + 27, 'text-anchor': 'end' },
            `process ${process}`,
          ),
        ),
      ),
      ...bars,
    ),
  );
}

function whereOf({ node, server, invoked, outcome }: PageOperation): string {
  const by =
    server !== null && node !== null && server !== node ? `${node} to ${server}` : (server ?? node);
  const word = outcome === 'ok' ? '' : `${outcome ?? 'in flight'} `;
  return `${word}${by ?? ''} ${(invoked / 1e9).toFixed(3)} s`.trim();
}

function cut(text: string, width: number): string {
  const room = Math.max(6, Math.floor(width / 6.2));
  const safe = shown(text);
  return safe.length <= room ? safe : `${safe.slice(0, room - 1)}…`;
}
