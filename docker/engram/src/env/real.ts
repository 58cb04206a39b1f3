/** The core's world, bound to this machine: UDP, gRPC, files, HTTP, the clocks. */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Settings } from '../settings.ts';
import type { Env, Log } from './env.ts';
import { FolderDisk } from './files.ts';
import { GrpcRpc } from './grpc.ts';
import { NodeHttp } from './http.ts';
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
  close(): Promise<void>;
}

/** Opens all listeners. Rejects where a port is taken or the data folder cannot be used. */
export async function realEnv(settings: Settings, log: Log): Promise<RealEnv> {
  const disk = await FolderDisk.open(settings.dataDir);
  const datagram = await UdpDatagrams.bind(settings.bind, settings.swimPort, settings.clusterKey);
  const rpc = await GrpcRpc.listen(settings.bind, settings.rpcPort);
  const http = await NodeHttp.listen(settings.bind, settings.httpPort, (error) =>
    log('error', 'http.failed', { reason: String(error) }),
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
    close: async () => {
      await http.close();
      await rpc.close();
      await datagram.close();
    },
  };
}
