// The toy as a system: what is started on each node, how one sees that it lives, how operations are done.
import { readFileSync } from 'node:fs';
import { defaultLimits, defineSystem, httpFailure, jsonBody } from 'amnesia/system';

const port = 8080;
const server = readFileSync(new URL('server.mjs', import.meta.url), 'utf8');

const set = {
  operations: ['add', 'read-all'],
  connect: ({ node, world, timeoutMs }) => {
    const connection = world.connect(node.url, { timeoutMs });
    const send = (method, key, body) =>
      connection.request({ method, path: `/${key}`, headers: {}, body });
    return {
      invoke: async ({ f, key, value }) => {
        try {
          const isAdd = f === 'add';
          const { status, body } = isAdd
            ? await send('PUT', key, jsonBody({ element: value }))
            : await send('GET', key, null);
          if (status !== 200) return { outcome: 'fail', value, error: `status-${status}` };
          return { outcome: 'ok', value: isAdd ? value : body.elements };
        } catch (error) {
          // Only where nothing was sent is it certain that nothing happened; a read has no effect.
          const failure = httpFailure(error);
          const outcome = f === 'read-all' || failure === 'refused' ? 'fail' : 'info';
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
  describe: 'a toy that keeps sets and tells its peers of an element once',
  nodes: { fallback: 3, least: 2, most: 7 },
  program: () => ({
    image: 'amnesia-base:2',
    clientPort: port,
    dataDir: '/var/lib/toy',
    logFiles: [],
    ...defaultLimits,
    node: (self, all) => {
      const peers = all.filter(({ name }) => name !== self.name);
      return {
        argv: ['node', `${self.dataDir}/server.mjs`, `${port}`, ...peers.map(({ url }) => url)],
        env: {},
        files: [{ path: 'server.mjs', content: server }],
      };
    },
  }),
  inquiries: {
    answers: async ({ world }, { url }, timeoutMs) =>
      (await world.ask(url, '/alive', timeoutMs)) !== null,
    missing: async ({ world }, { name, url }) =>
      (await world.ask(url, '/alive', 1000)) === null ? `${name} does not answer` : null,
  },
  promises: () => ({ set: ['no-lost-writes', 'convergence'] }),
  clients: { set },
});
