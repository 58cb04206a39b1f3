/** Engram, with the reference node of this repository: causal order for sessions that carry their contexts. */
import { z } from 'zod';
import type { Property } from '../../../checkers/verdict/checker.ts';
import { defineSystem } from '../system.ts';
import { engramClients } from './clients.ts';
import { SessionContexts } from './contexts.ts';
import { engramInquiries, isQuiet, observe } from './inquiries.ts';
import { readEngramLog } from './logs.ts';
import { engramProgram } from './program.ts';

const promised: readonly Property[] = [
  'no-lost-writes',
  'convergence',
  'causal',
  'session',
  'confidence',
];

export const engram = defineSystem<Record<never, never>, SessionContexts>({
  name: 'engram',
  version: 'reference',
  describe: 'the reference node of this repository: memories in spaces, causal contexts, siblings',
  options: z.strictObject({}),
  nodes: { fallback: 5, least: 1, most: 13 },
  runtimes: ['docker', 'netns', 'local', 'ssh', 'external', 'sim'],
  takesNodeFaults: true,
  program: ({ nodeFaults }) => engramProgram({ nodeFaults }),
  inquiries: engramInquiries,
  readyTimeoutMs: 20_000,
  isQuiet,
  observe,
  offers: ['members', 'primaries', 'server', 'confidence', 'levels'],
  readLog: readEngramLog,
  promises: () => ({ set: promised, register: promised }),
  promiseNotes: [
    'Causal order holds for sessions that send back the contexts that they were given.',
  ],
  clients: engramClients,
  session: () => new SessionContexts(),
});
