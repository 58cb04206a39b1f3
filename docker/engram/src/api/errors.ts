/**
 * Errors as clients see them: `{"error":{code,message,suggestion,example}}`. Each says what was wrong, what to
 * do, and shows a right call.
 */
import { type HttpResponse, JsonBody } from '../env/env.ts';

const statuses = {
  INVALID_MEMORY_INPUT: 400,
  UNAUTHORIZED: 401,
  MEMORY_NOT_FOUND: 404,
  PATH_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  QUERY_TIMEOUT: 408,
  TOO_MANY_SIBLINGS: 409,
  UNSUPPORTED_MEDIA_TYPE: 415,
  CONTEXT_TOO_LARGE: 431,
  MEMORY_SYSTEM_ERROR: 500,
  FEATURE_NOT_ENABLED: 501,
  MEMORY_CLUSTER_UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof statuses;

const rememberExample =
  'POST /api/v1/memories/remember {"content":"The kettle is in the cupboard","confidence":0.9}';

export const episodeExample =
  'POST /api/v1/episodes/remember {"what":"Tea was made","when":"2026-01-31T12:00:00Z"}';

/** A request that is answered with an error; `code` decides the status. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly suggestion: string;
  readonly example: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further fields of the body, such as `applied`. */
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(
    code: ErrorCode,
    message: string,
    suggestion: string,
    example = rememberExample,
    more: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly fields?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'ApiError';
    this.code = code;
    this.suggestion = suggestion;
    this.example = example;
    this.headers = more.headers ?? {};
    this.fields = more.fields ?? {};
  }
}

export function errorResponse(error: ApiError): HttpResponse {
  const { code, message, suggestion, example } = error;
  return {
    status: statuses[code],
    headers: { 'content-type': 'application/json', ...error.headers },
    body: new JsonBody({ error: { code, message, suggestion, example }, ...error.fields }),
  };
}

export function invalid(message: string, suggestion: string, example?: string): ApiError {
  return new ApiError('INVALID_MEMORY_INPUT', message, suggestion, example);
}
