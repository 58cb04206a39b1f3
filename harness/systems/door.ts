/**
 * What a system outside of this repository is made of: `import { defineSystem } from 'amnesia/system'`. Everything
 * here is stable for its users; what is not here is not theirs.
 */
export { z } from 'zod';
export { DefinitionError } from '../../checkers/verdict/definition.ts';
export type { Asked, Inquiries, NodeHandle } from '../cluster/cluster.ts';
export {
  type BuiltImage,
  defaultLimits,
  type NodeFile,
  type NodePlace,
  type NodeProgram,
  type Program,
} from '../cluster/program.ts';
export type { Completion, Invocation, Outcome } from '../generator/operation.ts';
export { httpFailure } from '../world/http-failure.ts';
export { TcpConnection, TcpError, type TcpOptions } from '../world/tcp.ts';
export { type Connection, jsonBody, type World } from '../world/world.ts';
export type { Client, ClientContext, ClientKind } from './client.ts';
export { type DataTypeName, dataTypes, effectOf } from './data-types.ts';
export { type ClientProcess, processClients } from './process-client.ts';
export { defineSystem, type LogLine, type System, type SystemDefinition } from './system.ts';
