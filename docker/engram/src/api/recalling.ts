/** Endpoints that find memories by similarity: recall and probabilistic query. */
import type { HttpRequest, HttpResponse } from '../env/env.ts';
import { bytesOf } from '../query/embedding.ts';
import { shareOut } from '../query/recall.ts';
import { categoryOf, json, type Seen, seenNow, servedHeaders, serveRead } from './answers.ts';
import { contextOf, cueOf, numberParameter, spaceOf, wholeParameter } from './input.ts';
import type { RecallBody } from './kinds.ts';
import type { Service } from './service.ts';
import { showMemory } from './shown.ts';

type Found = Record<string, unknown> & { readonly similarity: number };

interface Recollection {
  readonly found: readonly Found[];
  readonly seen: Seen;
  readonly headers: Record<string, string>;
}

async function recollect(service: Service, request: HttpRequest): Promise<Recollection> {
  const space = spaceOf(request);
  const body: RecallBody = {
    context: contextOf(request, service.env.nowMs()),
    cue: bytesOf(cueOf(request)),
    threshold: numberParameter(request, 'threshold', 0.5, -1, 1),
    resultsMax: wholeParameter(request, 'max_results', 10, 1, 1000),
  };
  const answer = await serveRead(service, request, 'recall', space, body);
  const { value } = answer;
  const seen = seenNow(service, value);
  const found = value.memories.map((memory, i) => ({
    ...showMemory(memory, seen.penalty, false),
    similarity: value.similarities[i],
  }));
  return { found, seen, headers: servedHeaders(answer, value.context) };
}

/** What is missing, in words; memories of other owners of the same space are all here. */
function messageOf(found: number, seen: Seen): string {
  const what = found === 0 ? 'Nothing similar is remembered' : `Recalled ${found}`;
  return seen.warnings.length === 0 ? `${what}.` : `${what}; ${seen.warnings.join('; ')}.`;
}

export async function recallMemories(
  service: Service,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { found, seen, headers } = await recollect(service, request);
  const best = Math.max(0, found[0]?.similarity ?? 0) * seen.penalty;
  return json(
    200,
    {
      memories: shareOut(found),
      recall_confidence: {
        value: best,
        category: categoryOf(best),
        reasoning: `the best similarity of ${found.length}, times the visibility ${seen.penalty}`,
      },
      system_message: messageOf(found.length, seen),
      ...seen,
    },
    headers,
  );
}

export async function queryProbabilistic(
  service: Service,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { found, seen, headers } = await recollect(service, request);
  const sum = found.reduce((total, each) => total + each.similarity * seen.penalty, 0);
  const point = found.length === 0 ? 0 : Math.max(0, sum / found.length);
  // Few memories say little; what cannot be seen may say anything.
  const half = found.length === 0 ? 1 : 0.5 / Math.sqrt(found.length) + (1 - seen.penalty);
  const lower = Math.max(0, point - half);
  const upper = Math.min(1, point + half);
  return json(
    200,
    {
      memories: found,
      confidence_interval: { lower, upper, point, width: upper - lower },
      system_message: messageOf(found.length, seen),
      ...seen,
    },
    headers,
  );
}
