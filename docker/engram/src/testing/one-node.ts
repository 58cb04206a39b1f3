/** One node in a virtual world and a client beside it, for tests of endpoints. */

import { expect } from 'vitest';
import type { HttpRequest } from '../env/env.ts';
import { bodyOf } from '../env/env.ts';
import { type Answer, VirtualCluster } from './cluster.ts';

export const remembering = '/api/v1/memories/remember';

export type Ask = (
  method: string,
  target: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

export class OneNode {
  readonly #cluster: VirtualCluster;

  private constructor(cluster: VirtualCluster) {
    this.#cluster = cluster;
  }

  static async start(): Promise<OneNode> {
    return new OneNode(await VirtualCluster.start(1, { nodes: 1 }));
  }

  ask(...given: Parameters<Ask>): Promise<Answer> {
    return this.#cluster.ask('n1', ...given);
  }

  /** A body that no client library would send. */
  async raw(body: string | Uint8Array, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const request: HttpRequest = {
      method: 'POST',
      path: remembering,
      query: new Map(),
      headers: new Map(Object.entries(headers)),
      body: typeof body === 'string' ? Buffer.from(body) : body,
    };
    const answer = await this.#cluster.until(this.#cluster.world.http('n1', request));
    return { ...answer, text: '', body: JSON.parse(bodyOf(answer) as string) };
  }
}

/** Every error has this shape, and says who gave it. */
export function isError(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  for (const part of ['message', 'suggestion', 'example']) {
    expect(answer.body.error[part], part).toMatch(/\S/);
  }
  expect(answer.headers['x-engram-node']).toBe('n1');
  expect(answer.headers['x-engram-hops']).toBe('0');
}
