/** How memories look in answers. Lists show the same hundreds again and again, so what was made is kept for a while. */
import type { MemoryState, MemoryVersion } from '../data.ts';
import { vectorOf } from '../query/embedding.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const padded = (number: number, digits: number): string => String(number).padStart(digits, '0');
const minutes = Array.from(
  { length: 1440 },
  (_, minute) => `${padded(Math.floor(minute / 60), 2)}:${padded(minute % 60, 2)}:`,
);
const milliseconds = Array.from({ length: 1000 }, (_, ms) => `.${padded(ms, 3)}Z`);
const seconds = Array.from({ length: 60 }, (_, second) => padded(second, 2));
let known = { day: Number.NaN, text: '' };

/** RFC 3339 in UTC. As Date does it, but of few texts that are there already. */
export function timeText(ms: number): string {
  if (!Number.isInteger(ms)) return new Date(ms).toISOString();
  const day = Math.floor(ms / dayMs);
  if (day !== known.day) known = { day, text: new Date(ms).toISOString().slice(0, -13) };
  const rest = ms - day * dayMs;
  const minute = minutes[Math.floor(rest / minuteMs)];
  const second = seconds[Math.floor((rest % minuteMs) / 1000)];
  return known.text + minute + (second + milliseconds[rest % 1000]);
}

export interface ShownVersion {
  readonly version: string;
  readonly content: string;
  readonly confidence: number;
  readonly timestamp: string;
  readonly deleted?: true;
}

export interface ShownMemory extends ShownVersion {
  readonly id: string;
  readonly memory_type: string;
  readonly tags: readonly string[];
  readonly conflict: boolean;
  readonly siblings: readonly ShownVersion[];
  readonly embedding?: readonly number[];
}

/** `factor`: of every confidence in the answer. */
export function showVersion(each: MemoryVersion, factor: number): ShownVersion {
  return shownAs(each, factor, timeText(each.observedAtMs));
}

function shownAs(each: MemoryVersion, factor: number, timestamp: string): ShownVersion {
  const { dot: version, content, deleted } = each;
  const confidence = each.confidence * factor;
  if (deleted) return { version, content, confidence, timestamp, deleted };
  return { version, content, confidence, timestamp };
}

interface Shown {
  readonly factor: number;
  readonly siblings: readonly MemoryVersion[];
  readonly memory: ShownMemory;
}

/** By the version that is shown: replicas in one process have it in common. The newest, and those before them. */
let shown = new Map<MemoryVersion, Shown>();
let shownBefore = new Map<MemoryVersion, Shown>();
const shownMax = 4096;

function keep(version: MemoryVersion, made: Shown): void {
  if (shown.size >= shownMax) {
    shownBefore = shown;
    shown = new Map();
  }
  shown.set(version, made);
}

export function showMemory(memory: MemoryState, factor: number, embeddings: boolean): ShownMemory {
  const { shown: version, siblings } = memory;
  if (embeddings && version.embedding !== null) {
    const embedding = [...vectorOf(version.embedding)];
    return { ...showOne(memory, factor, timeText(version.observedAtMs)), embedding };
  }
  let last = shown.get(version);
  if (last === undefined) {
    last = shownBefore.get(version);
    if (last !== undefined) keep(version, last);
  }
  if (last !== undefined && last.factor === factor && areSame(last.siblings, siblings)) {
    return last.memory;
  }
  const timestamp = last?.memory.timestamp ?? timeText(version.observedAtMs);
  const made = showOne(memory, factor, timestamp);
  keep(version, { factor, siblings, memory: made });
  return made;
}

function areSame(left: readonly MemoryVersion[], right: readonly MemoryVersion[]): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

function showOne(memory: MemoryState, factor: number, timestamp: string): ShownMemory {
  const { id, shown: version, siblings } = memory;
  return {
    id,
    version: version.dot,
    content: version.content,
    confidence: version.confidence * factor,
    timestamp,
    memory_type: version.memoryType,
    tags: version.tags,
    conflict: siblings.length > 1,
    siblings: siblings.map((each) =>
      each === version ? shownAs(each, factor, timestamp) : showVersion(each, factor),
    ),
  };
}
