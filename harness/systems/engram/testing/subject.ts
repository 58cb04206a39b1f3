/** What the acceptance suite of runtimes does with nodes of Engram. */
import type { Subject } from '../../../cluster/acceptance.ts';
import { jsonBody } from '../../../world/world.ts';

const timeoutMs = 20_000;
const answerTimeoutMs = 1000;

export const engramSubject: Subject = {
  write: async ({ world }, { url }, id) => {
    const connection = world.connect(url, { timeoutMs });
    try {
      const { status } = await connection.request({
        method: 'POST',
        path: '/api/v1/memories/remember?ack=all',
        headers: { 'content-type': 'application/json', 'x-memory-space': 'acceptance' },
        body: jsonBody({ id, content: `content of ${id}`, confidence: 0.95 }),
      });
      return status === 201;
    } finally {
      await connection.close();
    }
  },
  reads: async ({ world }, { url }, id) => {
    const path = `/api/v1/memories/${id}?space=acceptance`;
    const memory = await world.ask(url, path, answerTimeoutMs);
    return (memory as { content?: string } | null)?.content === `content of ${id}`;
  },
};
