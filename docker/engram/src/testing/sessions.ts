/**
 * Clients of a virtual cluster that write, delete and read with causal contexts while things break, and an
 * account of what they must still see. Judges by HTTP answers alone.
 */
import { decodeContext, emptyContext, encodeContext, joinContexts } from '../conflict/context.ts';
import { coversDot } from '../conflict/knowledge.ts';
import type { Context } from '../data.ts';
import { ConnectionLost } from '../env/virtual.ts';
import type { Answer, VirtualCluster } from './cluster.ts';

const spaces = ['kitchen', 'attic', 'cellar', 'garden'] as const;
const ids = ['cup', 'pot', 'jug'] as const;

interface Write {
  readonly space: string;
  readonly id: string;
  readonly content: string;
  readonly sent: Context;
  outcome: 'ok' | 'info' | 'fail';
  dot: string | null;
}

interface Seen {
  readonly dot: string;
  readonly content: string;
}

/** Does a context cover the dot `actor:counter`? */
function covered(sent: Context, dot: string): boolean {
  const at = dot.lastIndexOf(':');
  return coversDot(sent, dot.slice(0, at), Number(dot.slice(at + 1)));
}

/** What all sessions did together, and what is wrong with it. */
export class Account {
  /** By content; deletes by `space dot`, since a tombstone has no content. */
  readonly writes = new Map<string, Write>();
  readonly counts = { ok: 0, info: 0, fail: 0, reads: 0, stale: 0, failedReads: 0 };
  readonly problems: string[] = [];

  /** `dot` is among `siblings`, or one of them was written by somebody who had seen it. */
  accounted(space: string, dot: string, siblings: readonly Seen[]): boolean {
    return siblings.some((sibling) => {
      if (sibling.dot === dot) return true;
      const write = this.writes.get(sibling.content || `${space} ${sibling.dot}`);
      // A delete of which nobody knows the answer: its context is not known here.
      return write ? covered(write.sent, dot) : sibling.content === '';
    });
  }

  check(who: string, space: string, id: string, siblings: readonly Seen[]): void {
    for (const { content, dot } of siblings) {
      if (content === '') continue;
      const write = this.writes.get(content);
      if (!write) this.problems.push(`${who}: phantom ${content} in ${space}/${id}`);
      else if (write.outcome === 'fail') {
        this.problems.push(`${who}: resurrected ${content} in ${space}/${id}`);
      } else if (write.space !== space || write.id !== id || (write.dot ?? dot) !== dot) {
        this.problems.push(`${who}: ${content} ${dot} is in the wrong place ${space}/${id}`);
      }
    }
  }
}

function siblingsOf(body: unknown): Seen[] {
  const { siblings } = (body ?? {}) as { siblings?: { version: string; content: string }[] };
  return (siblings ?? []).map(({ version, content }) => ({ dot: version, content }));
}

/** One client: one request at a time, to one node, with a context for each space. */
export class Session {
  readonly name: string;
  readonly #cluster: VirtualCluster;
  readonly #node: string;
  readonly #account: Account;
  readonly #chance: () => number;
  readonly #contexts = new Map<string, Context>();
  /** By `space/id`: dots that this session has written or seen. */
  readonly #known = new Map<string, Set<string>>();
  #count = 0;

  constructor(
    name: string,
    cluster: VirtualCluster,
    node: string,
    account: Account,
    chance: () => number,
  ) {
    this.name = name;
    this.#cluster = cluster;
    this.#node = node;
    this.#account = account;
    this.#chance = chance;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#chance() * values.length)];
  }

  /** One operation after the other until `untilMs`. */
  async live(untilMs: number): Promise<void> {
    while (this.#cluster.world.nowMs < untilMs) {
      await this.#cluster.world.sleep(this.#chance() * 80);
      const space = this.#pick(spaces);
      const id = this.#pick(ids);
      const dice = this.#chance();
      if (dice < 0.45) await this.#write(space, id);
      else if (dice < 0.5) await this.#remove(space, id);
      else if (dice < 0.85) await this.#read(space, id);
      else await this.#list(space);
    }
  }

  #contextOf(space: string): Context {
    return this.#contexts.get(space) ?? emptyContext;
  }

  async #ask(method: string, path: string, space: string, body?: unknown): Promise<Answer | null> {
    const headers = {
      'x-memory-space': space,
      'x-engram-context': encodeContext(this.#contextOf(space)),
    };
    try {
      const answer = await this.#cluster.send(this.#node, method, path, body, headers);
      const token = answer.headers['x-engram-context'];
      if (token !== undefined && answer.status < 500) {
        this.#contexts.set(space, joinContexts(this.#contextOf(space), decodeContext(token)));
      }
      return answer;
    } catch (error) {
      if (error instanceof ConnectionLost && error.code === 'reset') return null;
      if (error instanceof ConnectionLost) {
        return { status: 0, headers: {}, text: '', body: { applied: false } };
      }
      throw error;
    }
  }

  #know(space: string, id: string, dot: string): void {
    const key = `${space}/${id}`;
    const known = this.#known.get(key) ?? new Set<string>();
    this.#known.set(key, known.add(dot));
  }

  async #write(space: string, id: string): Promise<void> {
    const content = `${this.name}.${++this.#count}`;
    const write: Write = {
      space,
      id,
      content,
      sent: this.#contextOf(space),
      outcome: 'info',
      dot: null,
    };
    this.#account.writes.set(content, write);
    const body = { id, content, confidence: this.#pick([0.3, 0.95]) };
    this.#finish(write, await this.#ask('POST', '/api/v1/memories/remember', space, body), 201);
  }

  async #remove(space: string, id: string): Promise<void> {
    const sent = this.#contextOf(space);
    const write: Write = { space, id, content: '', sent, outcome: 'info', dot: null };
    const answer = await this.#ask('DELETE', `/api/v1/memories/${id}`, space);
    this.#finish(write, answer, 200);
    if (write.dot !== null) this.#account.writes.set(`${space} ${write.dot}`, write);
  }

  #finish(write: Write, answer: Answer | null, good: number): void {
    if (answer?.status === good) {
      write.outcome = 'ok';
      write.dot = answer.body.version as string;
      this.#know(write.space, write.id, write.dot);
    } else if (answer && (answer.body.applied === false || answer.status === 404)) {
      write.outcome = 'fail';
    }
    this.#account.counts[write.outcome]++;
  }

  async #read(space: string, id: string): Promise<void> {
    const answer = await this.#ask('GET', `/api/v1/memories/${id}`, space);
    if (answer?.status !== 200 && answer?.status !== 404) {
      this.#account.counts.failedReads++;
      return;
    }
    this.#judge(space, id, siblingsOf(answer.body), answer.body.stale === true);
  }

  async #list(space: string): Promise<void> {
    const answer = await this.#ask('GET', '/api/v1/memories?limit=1000', space);
    if (answer?.status !== 200) {
      this.#account.counts.failedReads++;
      return;
    }
    for (const memory of answer.body.memories) {
      this.#judge(space, memory.id, siblingsOf(memory), answer.body.stale === true);
    }
  }

  /** Session guarantees: what was seen or written before is still there, or was superseded. */
  #judge(space: string, id: string, siblings: readonly Seen[], stale: boolean): void {
    const { counts, problems } = this.#account;
    counts.reads++;
    this.#account.check(this.name, space, id, siblings);
    if (stale) counts.stale++;
    else {
      for (const dot of this.#known.get(`${space}/${id}`) ?? []) {
        if (this.#account.accounted(space, dot, siblings)) continue;
        const seen = siblings.map((each) => `${each.dot} ${each.content}`).join(' ');
        problems.push(`${this.name}: went back in ${space}/${id}: ${dot} is not among ${seen}`);
      }
    }
    for (const { dot } of siblings) this.#know(space, id, dot);
  }
}

/** Reads everything through every node; problems go to the account. Returns whether all are equal. */
export async function finalReads(cluster: VirtualCluster, account: Account): Promise<boolean> {
  let equal = true;
  const found: string[] = [];
  for (const space of spaces) {
    for (const id of ids) {
      const views = new Set<string>();
      let siblings: Seen[] = [];
      for (const node of cluster.ids) {
        const headers = { 'x-memory-space': space };
        const path = `/api/v1/memories/${id}`;
        const answer = await cluster.ask(node, 'GET', path, undefined, headers);
        siblings = siblingsOf(answer.body);
        views.add(`${answer.status} ${siblings.map((each) => `${each.dot} ${each.content}`)}`);
      }
      equal = equal && views.size === 1;
      account.check('final', space, id, siblings);
      for (const write of account.writes.values()) {
        if (write.outcome !== 'ok' || write.space !== space || write.id !== id) continue;
        if (!account.accounted(space, write.dot!, siblings)) {
          found.push(`lost: ${write.content || 'delete'} ${write.dot} in ${space}/${id}`);
        }
      }
    }
  }
  if (equal) account.problems.push(...found);
  return equal;
}
