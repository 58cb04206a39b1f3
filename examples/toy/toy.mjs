// The toy as a system: what is started on each node, how one sees that it lives, how operations are done.
import { readFileSync } from 'node:fs';
import { defaultLimits, defineSystem, httpFailure, jsonBody } from 'amnesia/system';

const port = 8080;
const server = readFileSync(new URL('server.mjs', import.meta.url), 'utf8');

const register = {
  operations: ['write', 'read'],
  connect: ({ node, world, timeoutMs }) => {
    const connection = world.connect(node.url, { timeoutMs });
    return {
      invoke: async ({ f, key, value }) => {
        const path = `/${key}`;
        const request =
          f === 'write'
            ? { method: 'PUT', path, headers: {}, body: jsonBody({ value }) }
            : { method: 'GET', path, headers: {}, body: null };
        try {
          const { status, body } = await connection.request(request);
          if (status !== 200) return { outcome: 'fail', value, error: `status-${status}` };
          return { outcome: 'ok', value: f === 'write' ? value : body.value };
        } catch (error) {
          // Only where nothing was sent is it certain that nothing happened; a read has no effect.
          const failure = httpFailure(error);
          const outcome = f === 'read' || failure === 'refused' ? 'fail' : 'info';
          return { outcome, value, error: failure, message: String(error) };
        }
      },
      close: () => connection.close(),
    };
  },
};

export default defineSystem({
  name: 'toy',
  version: '1',
  describe: 'a toy key-value server that tells its peers of a write once',
  nodes: { fallback: 3, least: 2, most: 7 },
  program: () => ({
    image: 'amnesia-base:2',
    clientPort: port,
    dataDir: '/var/lib/toy',
    logFiles: [],
    ...defaultLimits,
    node: (self, all) => ({
      argv: [
        ...['node', `${self.dataDir}/server.mjs`, String(port)],
        ...all.filter(({ name }) => name !== self.name).map(({ url }) => url),
      ],
      env: {},
      files: [{ path: 'server.mjs', content: server }],
    }),
  }),
  inquiries: {
    answers: async ({ world }, { url }, timeoutMs) =>
      (await world.ask(url, '/alive', timeoutMs)) !== null,
    missing: async ({ world }, { name, url }) =>
      (await world.ask(url, '/alive', 1000)) === null ? `${name} does not answer` : null,
  },
  promises: () => ({ register: ['no-lost-writes', 'convergence'] }),
  clients: { register },
});
