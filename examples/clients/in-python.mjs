// The toy with a client in Python instead of one in JavaScript.
import { fileURLToPath } from 'node:url';
import { defineSystem, processClients } from 'amnesia/system';
import toy from '../toy/toy.mjs';

const client = fileURLToPath(new URL('client.py', import.meta.url));

export default defineSystem({
  ...toy,
  name: 'toy-in-python',
  clients: {
    set: processClients('set', {
      command: ['python3', client],
      operations: ['add', 'read-all'],
    }),
  },
});
