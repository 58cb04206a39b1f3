// A toy: every node keeps all keys, tells the others of each write, and the newest write wins.
// GET /key answers {"value":...}; PUT /key with {"value":...} writes. Its bug: it tells the others once,
// does not wait for them, and never tries again.
import { createServer } from 'node:http';

const [port, ...peers] = process.argv.slice(2);
const entries = new Map();

function keep(key, entry) {
  const known = entries.get(key);
  if (known === undefined || known.at < entry.at) entries.set(key, entry);
}

function tellOthers(key, entry) {
  const body = JSON.stringify(entry);
  for (const peer of peers) {
    fetch(`${peer}${key}`, { method: 'POST', body, signal: AbortSignal.timeout(1000) }).catch(
      () => {},
    );
  }
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

async function answer(request) {
  const key = request.url;
  switch (request.method) {
    case 'GET':
      return { value: entries.get(key)?.value ?? null };
    case 'PUT': {
      const { value } = await bodyOf(request);
      const entry = { value, at: Date.now() + performance.now() / 1e6 };
      keep(key, entry);
      tellOthers(key, entry);
      return { done: true };
    }
    case 'POST':
      keep(key, await bodyOf(request));
      return { done: true };
    default:
      throw new Error(`no ${request.method} here`);
  }
}

createServer(async (request, response) => {
  try {
    const body = await answer(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  } catch (error) {
    response.writeHead(400);
    response.end(JSON.stringify({ error: String(error) }));
  }
}).listen(Number(port), () => console.log(JSON.stringify({ level: 'info', event: 'listening' })));
