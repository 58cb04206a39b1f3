// The toy with a client in Bash instead of one in JavaScript.
import { fileURLToPath } from 'node:url';
import { defineSystem, processClients } from 'amnesia/system';
import toy from '../toy/toy.mjs';

const client = fileURLToPath(new URL('client.sh', import.meta.url));

export default defineSystem({
  ...toy,
  name: 'toy-in-bash',
  clients: {
    set: processClients('set', {
      command: ['bash', client],
      operations: ['add', 'read-all'],
    }),
  },
});
