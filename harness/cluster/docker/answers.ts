/** What the container engine, or its absence, said: as errors that tell what to do. */
import { ClusterError } from '../errors.ts';

const unreachable = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EPIPE',
]);

/** What the engine, or its absence, said: as one sentence with what to do. */
export function explain(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code, statusCode, message } = error as {
    code?: string;
    statusCode?: number;
    message?: string;
  };
  const cause = { cause: error };
  if (code === 'EACCES') {
    const text = 'this user may not talk to the container engine; run as root or join its group';
    return new ClusterError('no-rights', text, cause);
  }
  if (code !== undefined && unreachable.has(code)) {
    const text = `no container engine answers (${code}); run: npm run setup`;
    return new ClusterError('no-engine', text, cause);
  }
  if (statusCode === 404 && /no such image/i.test(message ?? '')) {
    return new ClusterError('no-image', "the node's image is missing; run: npm run setup", cause);
  }
  if (/address already in use|port is already allocated/i.test(message ?? '')) {
    const text = `an address of the cluster is taken; run: amnesia clean (${message})`;
    return new ClusterError('port-in-use', text, cause);
  }
  return new ClusterError('engine-failed', `the container engine said: ${message}`, cause);
}

/** A request to the engine whose errors are explained. */
export async function asking<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw explain(error);
  }
}

/** A removal: what is gone already, or is just being removed, counts as removed. */
export async function removing(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    const { statusCode, message } = error as { statusCode?: number; message?: string };
    if (statusCode === 404 || /removal .* already in progress/.test(message ?? '')) return;
    throw explain(error);
  }
}
