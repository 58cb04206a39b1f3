/**
 * The pictures in docs/images, from runs that are made for them in the simulator: the same seeds, so the same pages.
 *
 * Run with: npx tsx docs/screenshots.ts
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startInspector } from '../harness/inspector/server.ts';
import { writeReport } from '../harness/report/page/report-file.ts';
import { type Browser, startBrowser } from '../harness/report/page/testing/browser.ts';
import { buildForTest } from '../harness/report/page/testing/built.ts';
import { simulate } from '../harness/run/testing/simulate.ts';

const images = fileURLToPath(new URL('images', import.meta.url));

const runs = {
  lost: { seed: '3', nemesis: 'kill', 'node-faults': 'ack-before-log' },
  causal: {
    seed: '1',
    nemesis: 'none',
    workload: 'register',
    'node-faults': 'no-causal-delivery',
    rate: '600',
    latency: '3',
    'time-limit': '16',
  },
  valid: { seed: '7' },
} as const;

async function shoot(browser: Browser, address: string, name: string, before = ''): Promise<void> {
  const page = await browser.open(address);
  await page.waitForSelector('html[data-ready]');
  if (before !== '') await page.evaluate(before);
  await page.waitForTimeout(900);
  await page.screenshot({ path: join(images, `${name}.png`) });
  await page.close();
}

const results = mkdtempSync(join(tmpdir(), 'amnesia-docs-'));
const built = await buildForTest();
const browser = await startBrowser(1200, 800);
mkdirSync(images, { recursive: true });
try {
  for (const [name, options] of Object.entries(runs)) await simulate(results, { ...options, name });
  const folder = (name: string): string => {
    const found = readdirSync(join(results, name)).find((each) => each !== 'latest');
    return `${name}/${found}`;
  };
  const report = (name: string): string => {
    const { path } = writeReport(join(results, folder(name), 'run.sqlite'), {
      parts: built.folder,
    });
    return pathToFileURL(path).href;
  };
  const lost = report('lost');
  await shoot(browser, lost, 'report-lost-writes');
  await shoot(
    browser,
    lost,
    'report-time-line',
    "document.getElementById('timeline').scrollIntoView()",
  );
  await shoot(
    browser,
    lost,
    'report-latency',
    "document.getElementById('latency').scrollIntoView()",
  );
  await shoot(browser, report('causal'), 'report-causal-violation');
  const options = { results, host: '127.0.0.1', port: 0, token: null, parts: built.folder };
  const inspector = await startInspector(options);
  await shoot(browser, inspector.address, 'inspector-runs');
  const run = `${inspector.address}#view=run&run=${folder('lost')}`;
  await shoot(
    browser,
    run,
    'inspector-operation',
    "document.querySelector('#causes button').click()",
  );
  await inspector.close();
} finally {
  await browser.close();
  built.remove();
  rmSync(results, { recursive: true, force: true });
}
