/**
 * `amnesia serve`: a page about all runs, on this machine alone unless a token is set. It reads run files and
 * changes nothing; what it sends may be shown by its own page only.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readParts } from '../report/page/page-parts.ts';
import { codeOf } from '../store/errors.ts';
import { type Admission, hostsOf, refuse, TOKEN_COOKIE } from './guard.ts';
import { BadQuestionError, type Reply, Routes } from './routes.ts';

export interface InspectorOptions {
  readonly results: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Null on loopback. */
  readonly token: string | null;
  /** Folder of the built pages. */
  readonly parts?: string;
}

export interface Inspector {
  /** To be opened; with the token where there is one. */
  readonly address: string;
  close(): Promise<void>;
}

const bodyMax = 65_536;

/** Rejects with PagesNotBuiltError, and where the port is taken. */
export async function startInspector(options: InspectorOptions): Promise<Inspector> {
  const page = htmlOf(options.parts);
  const routes = new Routes(options.results);
  const admission: { current: Admission } = { current: { hosts: [], token: options.token } };
  const server = createServer((request, response) => {
    void serve(request, response, routes, page, admission.current);
  });
  server.requestTimeout = 30_000;
  server.maxConnections = 64;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  admission.current = { hosts: hostsOf(options.host, port), token: options.token };
  const query = options.token === null ? '' : `?token=${encodeURIComponent(options.token)}`;
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    address: `http://${name}:${port}/${query}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: InspectorOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface HtmlPage {
  readonly html: string;
  readonly policy: string;
}

function htmlOf(folder: string | undefined): HtmlPage {
  const { script, style } = readParts('inspector', folder);
  const hash = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>amnesia</title><link rel="icon" href="data:,">
<style>${style}</style></head><body><noscript>The inspector needs scripts; report.html of a run does not.</noscript>
<div id="page"></div><script>${script}</script></body></html>
`;
  return { html, policy };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Routes,
  page: HtmlPage,
  admission: Admission,
): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
  const url = parseUrl(request.url);
  if (url === null) return fail(response, 400, 'the address cannot be read');
  const refusal = refuse(
    {
      method: request.method ?? '',
      host: request.headers.host,
      origin: request.headers.origin,
      site: single(request.headers['sec-fetch-site']),
      authorization: request.headers.authorization,
      cookie: request.headers.cookie,
      query: url.searchParams.get('token'),
    },
    admission,
  );
  if (refusal !== null) return fail(response, refusal.status, refusal.message);
  try {
    if (url.pathname === '/') return sendPage(response, page, url, admission.token);
    const isSql = url.pathname === '/api/sql';
    if (isSql !== (request.method === 'POST')) {
      return fail(response, 405, isSql ? 'questions in SQL are POST' : 'POST is for SQL only');
    }
    const body = isSql ? await readBody(request) : '';
    const reply = await routes.answer(url.pathname, url.searchParams, body);
    if (reply === null) return fail(response, 404, `there is nothing at ${url.pathname}`);
    send(response, reply);
  } catch (error) {
    fail(response, statusOf(error), error instanceof Error ? error.message : String(error));
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function parseUrl(text: string | undefined): URL | null {
  try {
    return new URL(text ?? '', 'http://inspector');
  } catch {
    return null;
  }
}

/** The token of the address becomes a cookie, and the address one without it: it is kept out of the history. */
function sendPage(
  response: ServerResponse,
  { html, policy }: HtmlPage,
  url: URL,
  token: string | null,
): void {
  if (token !== null && url.searchParams.has('token')) {
    response.setHeader(
      'Set-Cookie',
      `${TOKEN_COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`,
    );
    response.writeHead(303, { Location: '/' });
    response.end();
    return;
  }
  response.setHeader('Content-Security-Policy', policy);
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(html);
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, { 'Content-Type': type });
  response.end(body);
}

function fail(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ problem: message }));
}

const NOT_THERE = new Set(['no-such-run', 'nothing-to-show', 'run-file-missing']);

function statusOf(error: unknown): number {
  if (error instanceof BadQuestionError) return 400;
  const code = codeOf(error);
  if (NOT_THERE.has(code)) return 404;
  return code.startsWith('run-file-') || code === 'page-too-large' ? 422 : 500;
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size > bodyMax) reject(new BadQuestionError(`a body has at most ${bodyMax} bytes`));
      else parts.push(part);
    });
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}
