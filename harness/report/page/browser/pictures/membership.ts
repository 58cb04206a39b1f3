/** Membership: a row for each pair of nodes, what the first said of the second, over time. */
import { type Box, faultsAt, type Picture, timeAt, timeText, xAt } from '../picture.ts';
import { theme } from '../theme.ts';
import type { World } from '../world.ts';

const WORDS: Readonly<Record<string, string>> = {
  a: 'alive',
  s: 'suspect',
  d: 'dead',
  l: 'left',
  '.': 'unknown',
  '*': 'itself',
};
const rowHeight = 7;
const gap = 6;

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly states: string;
  readonly partition: string;
}

/** Null where nobody was asked. */
export function membership(world: World): Picture | null {
  const { data, viewport } = world;
  if (data.views.length === 0) return null;
  const count = data.nodes.length;
  const group = count * rowHeight + gap;
  const stretches: Stretch[][] = data.nodes.map(() => []);
  data.nodes.forEach((_, node) => {
    const own = data.views.filter((view) => view.node === node);
    own.forEach((view, i) => {
      const next = own[i + 1];
      stretches[node].push({
        from: view.time / 1e3,
        to: next === undefined ? viewport.end : next.time / 1e3,
        states: view.states,
        partition: view.partition,
      });
    });
  });
  const colourOf = (letter: string): string | null => {
    const { outcomes, bad, muted, panel } = theme();
    switch (letter) {
      case 'a':
        return outcomes.ok;
      case 's':
        return outcomes.fail;
      case 'd':
        return bad;
      case 'l':
        return outcomes.info;
      case '*':
        return panel;
      default:
        return muted;
    }
  };
  const at = (x: number, y: number, box: Box) => {
    const observer = Math.floor((y - box.top) / group);
    const subject = Math.floor(((y - box.top) % group) / rowHeight);
    const us = timeAt(x, box, world);
    const stretch = stretches[observer]?.find((each) => us >= each.from && us < each.to);
    return { observer, subject, us, stretch };
  };
  return {
    title: 'Membership as each node saw it',
    note: 'blue: alive, orange and thin: suspect, red and thinnest: dead, nothing: no answer',
    height: count * group,
    timed: true,
    left: 88,
    draw(context, box) {
      const { muted, text } = theme();
      context.textBaseline = 'middle';
      context.textAlign = 'right';
      data.nodes.forEach((name, observer) => {
        const y = box.top + observer * group;
        context.fillStyle = text;
        context.fillText(`${name} saw`, box.left - 34, y + (count * rowHeight) / 2);
        context.fillStyle = muted;
        context.font = '8px system-ui, sans-serif';
        data.nodes.forEach((peer, subject) => {
          context.fillText(peer, box.left - 5, y + (subject + 0.5) * rowHeight, 26);
        });
        context.font = '11px system-ui, sans-serif';
        for (const { from, to, states } of stretches[observer]) {
          const left = Math.max(box.left, xAt(from, box, world));
          const right = Math.min(box.left + box.width, xAt(to, box, world));
          if (right <= left) continue;
          [...states].forEach((letter, subject) => {
            const colour = colourOf(letter);
            if (colour === null || letter === '.') return;
            const tall = letter === 'a' || letter === '*' ? rowHeight - 1 : letter === 's' ? 4 : 2;
            context.fillStyle = colour;
            context.fillRect(
              left,
              y + subject * rowHeight + (rowHeight - tall) / 2,
              right - left,
              tall,
            );
          });
        }
      });
    },
    hover(x, y, box) {
      if (x < box.left) return null;
      const { observer, subject, us, stretch } = at(x, y, box);
      const [name, peer] = [data.nodes[observer], data.nodes[subject]];
      if (name === undefined || peer === undefined) return null;
      const letter = stretch?.states[subject];
      const view =
        letter === undefined ? 'did not answer' : `saw ${peer}: ${WORDS[letter] ?? letter}`;
      const partition = stretch?.partition ? `, and view ${stretch.partition}` : '';
      return `${timeText(us)}\n${name} ${view}${partition}${faultsAt(us, world)}`;
    },
    table() {
      return {
        head: ['from', 'node', 'of the cluster', ...data.nodes],
        rows: data.views.map(({ time, node, states, partition }) => [
          timeText(time / 1e3),
          data.nodes[node] ?? '?',
          states === '' ? 'no answer' : partition,
          ...data.nodes.map((_, subject) => WORDS[states[subject] ?? ''] ?? ''),
        ]),
      };
    },
  };
}
