/** The core's world, bound to this machine: UDP, gRPC, files, HTTP, the clocks. */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Settings } from '../settings.ts';
import { ClusterKey, isOneOf } from './cluster-key.ts';
import type { Env, Log } from './env.ts';
import { FolderDisk } from './files.ts';
import { GrpcRpc } from './grpc.ts';
import { NodeHttp } from './http.ts';
import { NameBook } from './names.ts';
import { UdpDatagrams } from './udp.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** One JSON object per line, written at once: nothing is lost when the process dies. */
export function jsonLog(node: string, least: Settings['logLevel']): Log {
  return (level, event, fields) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const line = JSON.stringify({ time: new Date().toISOString(), level, node, event, ...fields });
    try {
      writeSync(1, `${line}\n`);
    } catch {
      // A full pipe or a closed terminal must not stop a database.
    }
  };
}

export interface RealEnv extends Env {
  /** Figures of the process and its sockets, for /metrics. */
  metrics(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** The node cannot have what its settings ask for: a port is taken, a folder is not writable. */
export class WorldError extends Error {
  readonly code = 'WORLD_UNUSABLE';
  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = 'WorldError';
  }
}

async function open<T>(what: string, advice: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WorldError(`${what} cannot be used (${reason}); ${advice}`, { cause });
  }
}

/** Opens all listeners. Rejects with WorldError. */
export async function realEnv(settings: Settings, log: Log): Promise<RealEnv> {
  const { bind, dataDir, swimPort, rpcPort, httpPort, clusterKeys } = settings;
  const [first, ...others] = clusterKeys;
  const key = first === undefined ? null : new ClusterKey([first, ...others]);
  const names = new NameBook(log);
  const disk = await open(
    `the data folder ${dataDir}`,
    'make it writable or set ENGRAM_DATA_DIR',
    FolderDisk.open(dataDir),
  );
  const datagram = await open(
    `UDP ${bind}:${swimPort}`,
    'stop what uses it or set ENGRAM_SWIM_PORT',
    UdpDatagrams.bind(bind, swimPort, key, names),
  );
  const rpc = await open(
    `TCP ${bind}:${rpcPort}`,
    'stop what uses it or set ENGRAM_RPC_PORT',
    GrpcRpc.listen(bind, rpcPort, key),
  );
  const http = await open(
    `TCP ${bind}:${httpPort}`,
    'stop what uses it or set ENGRAM_HTTP_PORT',
    NodeHttp.listen(bind, httpPort, (error) =>
      log('error', 'http.failed', { reason: String(error) }),
    ),
  );
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: () => Math.random(),
    timer: (delayMs, fn) => {
      const timer = setTimeout(fn, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    datagram,
    rpc,
    disk,
    http,
    log,
    names,
    isOneOf,
    metrics: () => ({
      datagram_send_errors_total: datagram.counters.sendErrors,
      datagrams_unauthenticated_total: datagram.counters.unauthenticated,
      calls_unauthenticated_total: rpc.counters.unauthenticated,
      resident_bytes: process.memoryUsage.rss(),
      uptime_seconds: Math.round(process.uptime()),
    }),
    close: async () => {
      await http.close();
      await rpc.close();
      await datagram.close();
    },
  };
}
