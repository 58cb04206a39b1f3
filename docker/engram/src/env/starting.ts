/** What a node answers, in every world, between its listening and its having read its log. */
import type { HttpResponse } from './env.ts';

export const starting: HttpResponse = {
  status: 503,
  headers: { 'content-type': 'application/json', 'retry-after': '1' },
  body: JSON.stringify({
    error: {
      code: 'MEMORY_CLUSTER_UNAVAILABLE',
      message: 'The node is starting: it reads its log.',
      suggestion: 'Try again in a second, or ask another node.',
      example: 'GET /health',
    },
    applied: false,
  }),
};
