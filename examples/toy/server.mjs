// A toy: sets under keys, on every node the whole of them. PUT /key {"element":7} adds, GET /key lists.
// A node that takes an element tells the others. Its bug: it tells them once, and never tries again.
import { createServer } from 'node:http';

const [port, ...peers] = process.argv.slice(2);
const sets = new Map();

function add(key, element) {
  if (!sets.has(key)) sets.set(key, new Set());
  sets.get(key).add(element);
}

async function tell(peer, key, body) {
  const request = { method: 'POST', body, signal: AbortSignal.timeout(3000) };
  try {
    await fetch(`${peer}${key}`, request);
  } catch {
    // Nobody hears of it again.
  }
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

async function answer({ method, url: key }, body) {
  if (method === 'GET') return { elements: [...(sets.get(key) ?? [])] };
  const { element } = JSON.parse(body);
  add(key, element);
  // PUT is what clients say, POST what nodes tell each other.
  if (method === 'PUT') for (const peer of peers) void tell(peer, key, body);
  return { added: element };
}

const server = createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json');
  try {
    response.end(JSON.stringify(await answer(request, await bodyOf(request))));
  } catch (error) {
    response.statusCode = 400;
    response.end(JSON.stringify({ error: String(error) }));
  }
});
server.listen(Number(port), () => console.log('listening'));
