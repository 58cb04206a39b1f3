/**
 * What this node knows of the states of its peers: when each was last heard, and of which spaces it showed something
 * then that this node does not. From this follows what an answer must say of itself: whose state of the last
 * seconds it does not cover, and whether this node is itself still joining. Pure; time is an argument.
 *
 * A peer of which nothing else is noted for a space was in the same state as this node when it was last heard.
 */
import { covers } from '../conflict/knowledge.ts';
import type { Knowledge } from '../data.ts';

/** An owner that was not heard for that long may have taken writes that nobody here knows of. */
const heardWithinMs = 3000;
const reportsMax = 4;

/** What a peer said of one space. `known` null: it did not say what it knows of it. */
export interface Report {
  readonly space: string;
  readonly known: Knowledge | null;
  readonly serving: boolean;
}

interface Lack {
  /** The newest last. */
  reports: { readonly known: Knowledge | null; readonly atMs: number }[];
  /** Of when the newest state is that this node covers by now. */
  coveredAtMs: number;
  serving: boolean;
}

interface View {
  heardAtMs: number;
  /** It takes no writes: its disk is full, or it stops. */
  sick: boolean;
  lacks: Map<string, Lack>;
}

export class PeerViews {
  readonly #known: (space: string) => Knowledge;
  readonly #views = new Map<string, View>();

  /** `known`: what this node covers of a space now. */
  constructor(known: (space: string) => Knowledge) {
    this.#known = known;
  }

  /** A peer says whether it takes writes. */
  told(peer: string, sick: boolean): void {
    const view = this.#views.get(peer);
    if (view) view.sick = sick;
    else if (sick) {
      this.#views.set(peer, { heardAtMs: Number.NEGATIVE_INFINITY, sick, lacks: new Map() });
    }
  }

  isSick(peer: string): boolean {
    return this.#views.get(peer)?.sick ?? false;
  }

  /** A peer was heard. `differing`: its words about the spaces of which it may show something else. */
  heard(peer: string, atMs: number, differing: readonly Report[]): void {
    const before = this.#views.get(peer);
    if (before && before.heardAtMs > atMs) return;
    const lacks = new Map<string, Lack>();
    for (const report of differing) {
      const { space, known, serving } = report;
      const last = before?.lacks.get(space);
      const lack = last ?? {
        reports: [],
        coveredAtMs: before?.heardAtMs ?? Number.NEGATIVE_INFINITY,
        serving,
      };
      lack.serving = serving;
      lack.reports = [...lack.reports, { known, atMs }].slice(-reportsMax);
      lacks.set(space, lack);
    }
    this.#views.set(peer, { heardAtMs: atMs, sick: before?.sick ?? false, lacks });
  }

  heardAtMs(peer: string): number {
    return this.#views.get(peer)?.heardAtMs ?? Number.NEGATIVE_INFINITY;
  }

  isHeard(peer: string, nowMs: number): boolean {
    return this.heardAtMs(peer) >= nowMs - heardWithinMs;
  }

  /** Whether this node covers a state of a space that the peer had within the last seconds. */
  covers(peer: string, space: string, nowMs: number): boolean {
    if (!this.isHeard(peer, nowMs)) return false;
    const lack = this.#views.get(peer)?.lacks.get(space);
    if (!lack) return true;
    const mine = this.#known(space);
    for (const { known, atMs } of lack.reports) {
      if (known !== null && covers(mine, known))
        lack.coveredAtMs = Math.max(lack.coveredAtMs, atMs);
    }
    lack.reports = lack.reports.filter(({ atMs }) => atMs > lack.coveredAtMs);
    return lack.coveredAtMs >= nowMs - heardWithinMs;
  }

  /** Whether the peer has said that it serves a space; null where it is as this node is. */
  serves(peer: string, space: string): boolean | null {
    return this.#views.get(peer)?.lacks.get(space)?.serving ?? null;
  }

  /** Whether this node covers the newest state that the peer has told. */
  coversNewest(peer: string, space: string): boolean {
    const last = this.#views.get(peer)?.lacks.get(space)?.reports.at(-1);
    return last === undefined || (last.known !== null && covers(this.#known(space), last.known));
  }
}
