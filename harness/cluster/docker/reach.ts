/** How the control process gets to nodes in the containers of an engine. */
import { lookup } from 'node:dns/promises';
import { ClusterError } from '../errors.ts';

export interface Reach {
  /** Where published ports are to be bound on the engine's machine; null: addresses of nodes can be reached. */
  readonly published: string | null;
  /** The engine's machine as this one knows it. */
  readonly host: string;
}

/**
 * An engine behind a socket of this machine shares its network. Any other is reached at the address of its machine,
 * and ports are bound there only, not at all addresses that it has. Rejects with ClusterError.
 */
export async function reachOf(dockerHost: string | undefined): Promise<Reach> {
  if (dockerHost === undefined || dockerHost === '' || dockerHost.startsWith('unix:')) {
    return { published: null, host: '127.0.0.1' };
  }
  try {
    const { hostname } = new URL(dockerHost);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const { address } = await lookup(host);
    return { published: address, host: address.includes(':') ? `[${address}]` : address };
  } catch (cause) {
    const text = `the machine of DOCKER_HOST (${dockerHost}) has no address that is known here`;
    throw new ClusterError('no-engine', text, { cause });
  }
}
