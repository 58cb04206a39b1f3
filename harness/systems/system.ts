/**
 * A system is what is tested: one value that says what is started on the nodes, how one sees that they live and
 * are ready, what is promised, and how operations are done. Where the nodes live is the runtime's business. What a
 * system leaves out switches off, by name, the faults and checkers that need it.
 */

import { z } from 'zod';
import type { Property } from '../../checkers/verdict/checker.ts';
import { define, field } from '../../checkers/verdict/definition.ts';
import type { Asked, Inquiries, NodeHandle } from '../cluster/cluster.ts';
import type { Program } from '../cluster/program.ts';
import type { ClientKind } from './client.ts';
import { type DataTypeName, dataTypeNames } from './data-types.ts';

/** How a system is to be started. */
export interface Start<Options> {
  readonly options: Options;
  /** Ways in which the nodes are to be broken on purpose, in the system's own names. */
  readonly nodeFaults: readonly string[];
}

export interface LogLine {
  /** ms since 1970; null where the line does not say. */
  readonly time: number | null;
  readonly level: string;
}

/** What answers and looks tell beyond values, which some checkers need. */
export const offerNames = ['members', 'primaries', 'server', 'confidence', 'levels'] as const;
export type Offer = (typeof offerNames)[number];

export interface System<Options = unknown, Session = unknown> {
  readonly name: string;
  /** Of what is tested, as far as the definition knows it: '7.0.15'. */
  readonly version: string;
  /** One sentence for lists. */
  readonly describe: string;
  /** Options by name; each takes text, as it comes from the command line. */
  readonly options: z.ZodType<Options>;
  readonly nodes: { readonly fallback: number; readonly least: number; readonly most: number };
  /** Runtimes in which it can live. */
  readonly runtimes: readonly string[];
  /** Has it ways to be broken on purpose? */
  readonly takesNodeFaults: boolean;
  program(start: Start<Options>): Program;
  readonly inquiries: Inquiries;
  /** How long it may take until all nodes are ready. */
  readonly readyTimeoutMs: number;
  /** Is nothing on its way any more: replicas up to date, roles settled? Asked before the last reads. */
  isQuiet?(asked: Asked): Promise<boolean>;
  /** One look at one node; `note` takes what was seen, and says whether to go on. */
  observe?(
    asked: Asked,
    node: NodeHandle,
    note: (path: string, body: unknown) => boolean,
  ): Promise<void>;
  /** What looks and answers tell. */
  readonly offers: readonly Offer[];
  readLog?(line: string): LogLine;
  /** By data type. What is not promised is reported and does not count. */
  promises(options: Options): Readonly<Partial<Record<DataTypeName, readonly Property[]>>>;
  /** In words: what the promises mean, and what they do not. */
  readonly promiseNotes: readonly string[];
  readonly clients: Readonly<Partial<Record<DataTypeName, ClientKind<Options, Session>>>>;
  /** A fresh session of a thread. */
  session?(): Session;
}

/** A system as its author writes it: what has a common answer may be left out. */
export type SystemDefinition<Options, Session> = Pick<
  System<Options, Session>,
  'name' | 'version' | 'describe' | 'program' | 'inquiries' | 'promises' | 'clients'
> &
  Partial<System<Options, Session>>;

const count = z.number({ error: 'must be a whole number from 1 to 50' }).int().min(1).max(50);
const client = z.strictObject({ operations: z.array(z.string()).min(1), connect: field.call });
const clients = z.record(z.string(), client).superRefine((value, context) => {
  for (const type of Object.keys(value)) {
    if (dataTypeNames.some((each) => each === type)) continue;
    const message = `has ${type}, which must be a data type: ${dataTypeNames.join(', ')}`;
    context.addIssue({ code: 'custom', message });
  }
});

const shape = z.strictObject({
  name: field.name,
  version: field.text,
  describe: field.text,
  options: z.custom((value) => typeof value === 'object' && value !== null && '_zod' in value, {
    error: 'must be a schema: z.strictObject({ ... })',
  }),
  nodes: z.strictObject({ fallback: count, least: count, most: count }),
  runtimes: field.texts.min(1, 'must name one at least'),
  takesNodeFaults: z.boolean(),
  program: field.call,
  inquiries: z.strictObject({
    answers: field.call,
    missing: field.call,
    primaries: field.call.optional(),
  }),
  readyTimeoutMs: z.number().positive(),
  isQuiet: field.call.optional(),
  observe: field.call.optional(),
  offers: z.array(z.enum(offerNames)),
  readLog: field.call.optional(),
  promises: field.call,
  promiseNotes: z.array(z.string()),
  clients,
  session: field.call.optional(),
});

/** Makes a system of a definition. Throws DefinitionError that names each wrong field. */
export function defineSystem<Options = Record<never, never>, Session = unknown>(
  definition: SystemDefinition<Options, Session>,
): System<Options, Session> {
  const system = {
    options: z.strictObject({}),
    nodes: { fallback: 5, least: 1, most: 13 },
    runtimes: ['docker'],
    takesNodeFaults: false,
    readyTimeoutMs: 20_000,
    offers: [],
    promiseNotes: [],
    ...definition,
  } as System<Options, Session>;
  return define('system', shape, system);
}
