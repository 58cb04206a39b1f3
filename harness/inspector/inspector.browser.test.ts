import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Browser, startBrowser } from '../report/page/testing/browser.ts';
import { type Built, buildForTest } from '../report/page/testing/built.ts';
import { makeLargeRun } from '../report/page/testing/large-run.ts';
import { simulate } from '../run/testing/simulate.ts';
import { openRun } from '../store/recorder.ts';
import { header, temporaryFolder } from '../store/testing/made-runs.ts';
import { type Inspector, startInspector } from './server.ts';

let browser: Browser;
let built: Built;
let inspector: Inspector;
let results: string;

beforeAll(async () => {
  built = await buildForTest();
  browser = await startBrowser();
});

afterAll(async () => {
  await inspector?.close();
  await browser?.close();
  built?.remove();
});

/** A lost write, a large run, a campaign, and a run that is going on. */
async function fill(): Promise<void> {
  if (inspector !== undefined) return;
  results = temporaryFolder();
  await simulate(results, {
    name: 'lost',
    seed: '3',
    'time-limit': '8',
    nemesis: 'kill',
    workload: 'set,register',
    'node-faults': 'ack-before-log',
    'fault-time': '3',
    'calm-time': '2',
  });
  makeLargeRun(join(results, 'large', 'one'), { operations: 20_000 });
  const campaign = {
    format: 'amnesia-campaign',
    runs: { planned: 3, invalid: 2 },
    violations: [
      {
        checker: 'lost-writes',
        anomaly: 'lost',
        workload: 'set',
        fault: 'kill',
        runs: 2,
        of: 3,
        firstSeed: 1,
        witness: '<b>bold</b>',
        witnessDir: null,
      },
    ],
  };
  mkdirSync(join(results, 'nightly'));
  writeFileSync(join(results, 'nightly', 'report.json'), JSON.stringify(campaign));
  inspector = await startInspector({
    results,
    host: '127.0.0.1',
    port: 0,
    token: null,
    parts: built.folder,
  });
}

async function open(hash: string) {
  const page = await browser.open(`${inspector.address}${hash}`);
  await page.waitForSelector('html[data-ready]');
  return page;
}

test('everything is there: runs, a run with its operation, replicas, SQL, a campaign, two side by side', async () => {
  await fill();
  const page = await open('');
  expect(await page.textContent('main')).toContain('2 of 2 runs');
  await page.fill('input[type=search]', 'lost');
  expect(await page.locator('tbody tr').count()).toBe(1);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#causes');
  expect(page.url()).toContain('view=run');
  await page.locator('#causes button').first().click();
  await page.waitForSelector('.panel dl');
  expect(await page.textContent('.panel')).toContain('it happened');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.matrix td');
  await page.fill('textarea', 'select count(*) as n from op');
  await page.locator('textarea').press('Control+Enter');
  await page.waitForSelector('#sql tbody tr');
  expect(Number(await page.textContent('#sql tbody td'))).toBeGreaterThan(1000);
  await page.close();

  const campaign = await open('#view=campaign&name=nightly');
  expect(await campaign.textContent('.heat td')).toBe('lost 2/3');
  expect(await campaign.textContent('main')).toContain('<b>bold</b>');
  await campaign.close();

  const both = await open('');
  for (const box of await both.locator('tbody input').all()) await box.check();
  await both.getByText('side by side').click();
  await both.waitForSelector('.two canvas');
  expect(await both.locator('.two header h1').count()).toBe(2);
  await both.close();
  expect(browser.problems).toEqual([]);
});

test('a run that is going on grows before the eyes of whoever looks', async () => {
  await fill();
  const recorder = openRun(join(results, 'growing', 'now'), header({ name: 'growing' }));
  const add = (from: number, to: number): void => {
    for (let idx = from; idx < to; idx++) {
      const operation = {
        idx,
        process: 0,
        thread: 0,
        phase: 'chaos' as const,
        workload: 'set',
        f: 'add',
        key: 's',
        value: idx,
        node: 'n1',
        scheduled: idx * 1e7,
        invoked: idx * 1e7,
      };
      recorder.invoke(operation);
      recorder.complete({ ...operation, completed: idx * 1e7 + 1e6, outcome: 'ok' });
    }
  };
  add(0, 50);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const page = await open('#view=run&run=growing/now');
  await page.waitForSelector('#live p');
  expect(await page.textContent('#live')).toContain('50 operations');
  add(50, 120);
  await page.waitForFunction(() =>
    document.getElementById('live')?.textContent?.includes('120 operations'),
  );
  await page.close();
  recorder.state('aborted');
  recorder.close(2e9);
});

test('a run that is not there gets a sentence, not an empty page', async () => {
  await fill();
  const page = await open('#view=run&run=no/such');
  expect(await page.getAttribute('html', 'data-ready')).toBe('failed');
  expect(await page.textContent('main')).toContain('there is no run');
  await page.close();
  browser.problems.length = 0;
});
