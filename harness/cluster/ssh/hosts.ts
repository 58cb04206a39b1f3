/** The hosts of a cluster as they are given on the command line. Pure. */
import { ClusterError } from '../errors.ts';

export interface Host {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Address under which the other nodes know it. */
  readonly address: string;
}

const form =
  /^(?:([^@\s]+)@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+)(?::(\d+))?(?:=([0-9A-Fa-f.:]+))?$/;

/** Throws ClusterError with the accepted form. */
export function readHost(text: string, user: string): Host {
  const match = form.exec(text.trim());
  const port = Number(match?.[3] ?? 22);
  if (match === null || port < 1 || port > 65_535) {
    const wanted = 'user@host, host:port or host=address';
    throw new ClusterError(
      'settings-refused',
      `${JSON.stringify(text)} is no host; accepted is ${wanted}`,
    );
  }
  const host = match[2].replace(/^\[(.*)\]$/, '$1');
  return { user: match[1] ?? user, host, port, address: match[4] ?? host };
}
