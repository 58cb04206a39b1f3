/**
 * A real browser for tests of pages: Debian's chromium, driven over its own protocol, with an empty profile and no
 * network of its own. Where none is installed the tests fail and say how to get one: a page that no browser has
 * shown is not tested.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function browserPath(): string {
  const named = process.env.AMNESIA_BROWSER;
  const found = named === undefined ? places.find((path) => existsSync(path)) : named;
  if (found !== undefined) return found;
  throw new Error(
    'no browser is installed: apt-get install chromium, or name one with AMNESIA_BROWSER',
  );
}

export interface Browser {
  readonly context: BrowserContext;
  /** Errors that pages logged or threw, and requests to anywhere but this machine. */
  readonly problems: string[];
  open(address: string): Promise<Page>;
  close(): Promise<void>;
}

export async function startBrowser(width = 1280, height = 900): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'amnesia-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath(),
    headless: true,
    viewport: { width, height },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const problems: string[] = [];
  const open = async (address: string): Promise<Page> => {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`));
    page.on('request', (request) => {
      if (!/^(file|data|blob|http:\/\/127\.0\.0\.1)/.test(request.url())) {
        problems.push(`asked for ${request.url()}`);
      }
    });
    page.on('dialog', (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(address);
    return page;
  };
  return {
    context,
    problems,
    open,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
