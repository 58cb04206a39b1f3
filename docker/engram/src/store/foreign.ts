/**
 * What peers send is checked before it is stored: a version that another release, a defect or a stranger made up
 * would be shown, logged and shipped for good.
 */
import type { MemoryVersion } from '../data.ts';

const actorPattern = /^[a-z0-9-]{1,32}\.[a-z0-9]{1,16}\+?$/;
const idBytesMax = 512;
const contentBytesMax = 300_000;
const counterMax = 2 ** 53 - 1;

/** A peer has sent something that is no version of a memory. */
export class ForeignError extends Error {
  readonly code = 'FOREIGN';
  constructor(what: string) {
    super(`a peer sent a version whose ${what}; are all nodes of one release?`);
    this.name = 'ForeignError';
  }
}

/** Returns the version. Throws ForeignError. */
export function checked(version: MemoryVersion): MemoryVersion {
  const { id, actor, counter, deps, hlc, rank, inherited, confidence, embedding, tags } = version;
  const refuse = (good: boolean, what: string): void => {
    if (!good) throw new ForeignError(what);
  };
  refuse(isText(id, idBytesMax) && id !== '', 'id is none');
  refuse(isActor(actor), 'actor is none');
  refuse(isCounter(counter) && counter > 0, 'counter is none');
  refuse(isVector(deps.v), 'dependencies are none');
  refuse(isDots(deps.d), 'single dependencies are none');
  refuse(isCounter(hlc.ms) && isCounter(hlc.counter), 'clock is none');
  refuse([rank, inherited, confidence].every(isShare), 'rank or confidence is none');
  refuse(typeof version.deleted === 'boolean', 'mark of deletion is none');
  refuse(isText(version.content, contentBytesMax), 'content is none');
  refuse(
    [version.node, version.memoryType].every((text) => isText(text, 64)),
    'labels are none',
  );
  refuse(Array.isArray(tags) && tags.every((tag) => isText(tag, 1024)), 'tags are none');
  refuse([version.observedAtMs, version.storedAtMs].every(Number.isFinite), 'times are none');
  refuse(embedding === null || isEmbedding(embedding), 'embedding is no list of float32');
  return version;
}

function isText(value: unknown, bytesMax: number): value is string {
  return typeof value === 'string' && value.length <= bytesMax;
}

function isActor(value: unknown): boolean {
  return typeof value === 'string' && actorPattern.test(value);
}

function isCounter(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= counterMax;
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isVector(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([actor, counter]) => isActor(actor) && isCounter(counter));
}

function isDots(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([actor, counters]) => isActor(actor) && Array.isArray(counters) && counters.every(isCounter),
  );
}

function isEmbedding(value: unknown): boolean {
  return value instanceof Uint8Array && value.length % 4 === 0;
}
