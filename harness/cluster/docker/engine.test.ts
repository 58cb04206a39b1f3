import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Docker from 'dockerode';
import { afterEach, expect, it } from 'vitest';
import { bounded, type Engine } from './engine.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An engine that answers every request like this. */
async function engineThat(answers: (response: ServerResponse) => void): Promise<Engine> {
  const server = createServer((_, response) => answers(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return bounded(new Docker({ protocol: 'http', host: '127.0.0.1', port, timeout: 100 }), 400);
}

const unanswered = {
  code: 'engine-failed',
  message: expect.stringMatching(/has not answered GET \/info for 0.4 s/),
};

it('answers', async () => {
  const engine = await engineThat((response) => response.end('{"ServerVersion":"1"}'));
  expect(await engine.info()).toEqual({ ServerVersion: '1' });
});

it('fails where an answer breaks off', async () => {
  const engine = await engineThat((response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"Server', () => response.destroy());
  });
  await expect(engine.info()).rejects.toMatchObject(unanswered);
});

it('fails where an answer never ends', async () => {
  const engine = await engineThat((response) => response.write('{"Server'));
  await expect(engine.info()).rejects.toMatchObject(unanswered);
});

it('fails where there is no answer, as its client says it', async () => {
  const engine = await engineThat(() => {});
  await expect(engine.info()).rejects.toMatchObject({ code: 'ECONNRESET' });
});
