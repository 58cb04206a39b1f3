/** The stretch of time that all pictures show, in us since the start. One for the whole page. */

export interface Viewport {
  readonly from: number;
  readonly to: number;
  readonly end: number;
  show(from: number, to: number): void;
  /** `final`: nothing more is to be expected for the moment. */
  onChange(listener: (final: boolean) => void): void;
}

const spanMinUs = 100;
const restMs = 140;

export function makeViewport(endUs: number): Viewport {
  const end = Math.max(endUs, 1000);
  const listeners: ((final: boolean) => void)[] = [];
  let range = { from: 0, to: end };
  let timer = 0;
  const tell = (final: boolean): void => {
    for (const listener of listeners) listener(final);
  };
  return {
    end,
    get from() {
      return range.from;
    },
    get to() {
      return range.to;
    },
    show(from, to) {
      const span = Math.min(end, Math.max(spanMinUs, to - from));
      const first = Math.max(0, Math.min(end - span, from));
      if (range.from === first && range.to === first + span) return;
      range = { from: first, to: first + span };
      tell(false);
      clearTimeout(timer);
      timer = window.setTimeout(() => tell(true), restMs);
    },
    onChange(listener) {
      listeners.push(listener);
    },
  };
}

/** The same wheel, drag and keys on every picture of time. */
export function steer(
  element: HTMLElement,
  viewport: Viewport,
  box: () => { readonly left: number; readonly width: number },
): void {
  const timeAt = (x: number): number => {
    const { left, width } = box();
    return viewport.from + ((x - left) / width) * (viewport.to - viewport.from);
  };
  const zoom = (around: number, factor: number): void => {
    viewport.show(
      around - (around - viewport.from) * factor,
      around + (viewport.to - around) * factor,
    );
  };
  element.addEventListener(
    'wheel',
    (event) => {
      if (
        !event.ctrlKey &&
        !event.metaKey &&
        !event.shiftKey &&
        Math.abs(event.deltaX) <= Math.abs(event.deltaY)
      )
        return;
      event.preventDefault();
      const span = viewport.to - viewport.from;
      if (event.ctrlKey || event.metaKey)
        zoom(timeAt(event.offsetX), event.deltaY > 0 ? 1.25 : 0.8);
      else {
        const by = ((event.deltaX || event.deltaY) / box().width) * span;
        viewport.show(viewport.from + by, viewport.to + by);
      }
    },
    { passive: false },
  );
  let grabbed: { readonly x: number; readonly from: number; readonly to: number } | null = null;
  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    grabbed = { x: event.offsetX, from: viewport.from, to: viewport.to };
  });
  element.addEventListener('pointermove', (event) => {
    if (grabbed === null || Math.abs(event.offsetX - grabbed.x) < 3) return;
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
    const by = ((grabbed.x - event.offsetX) / box().width) * (grabbed.to - grabbed.from);
    viewport.show(grabbed.from + by, grabbed.to + by);
  });
  const release = (): void => {
    grabbed = null;
  };
  element.addEventListener('pointerup', release);
  element.addEventListener('pointercancel', release);
  element.addEventListener('dblclick', (event) => zoom(timeAt(event.offsetX), 0.25));
  element.addEventListener('keydown', (event) => {
    const span = viewport.to - viewport.from;
    const middle = (viewport.from + viewport.to) / 2;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => viewport.show(viewport.from - span / 5, viewport.to - span / 5),
      ArrowRight: () => viewport.show(viewport.from + span / 5, viewport.to + span / 5),
      '+': () => zoom(middle, 0.6),
      '=': () => zoom(middle, 0.6),
      '-': () => zoom(middle, 1.7),
      Home: () => viewport.show(0, span),
      End: () => viewport.show(viewport.end - span, viewport.end),
      '0': () => viewport.show(0, viewport.end),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  });
}
