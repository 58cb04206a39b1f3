import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulate } from '../../run/testing/simulate.ts';
import { makeRun, row, temporaryFolder } from '../../store/testing/made-runs.ts';
import { saveVerdicts } from '../../store/verdicts.ts';
import { writeReport } from './report-file.ts';
import { type Browser, startBrowser } from './testing/browser.ts';
import { type Built, buildForTest } from './testing/built.ts';
import { makeLargeRun } from './testing/large-run.ts';

let browser: Browser;
let built: Built;

beforeAll(async () => {
  built = await buildForTest();
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  built?.remove();
});

function report(path: string): string {
  return writeReport(path, { parts: built.folder }).path;
}

async function open(path: string) {
  const page = await browser.open(pathToFileURL(path).href);
  await page.waitForSelector('html[data-ready]');
  return page;
}

async function lostWrites() {
  const options = { seed: '3', 'time-limit': '8', nemesis: 'kill', workload: 'set' };
  const { screen } = await simulate(temporaryFolder(), {
    ...options,
    'node-faults': 'ack-before-log',
    'fault-time': '3',
    'calm-time': '2',
  });
  return { path: report(join(screen.run ?? '', 'run.sqlite')), screen };
}

/** Runs in the page. */
function paintedPixels(canvas: Element): number {
  const { width, height } = canvas as HTMLCanvasElement;
  const context = (canvas as HTMLCanvasElement).getContext('2d');
  const data = context?.getImageData(0, 0, width, height).data ?? [];
  let painted = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) painted++;
  return painted;
}

test('a red run says on its first screen what was lost, by whom, and under which fault', async () => {
  const { path } = await lostWrites();
  const page = await open(path);
  const headline = await page.textContent('h1');
  expect(headline).toMatch(/INVALID \d+ lost writes? of [\d,]+ acknowledged: .*was killed \(fault/);
  expect(await page.textContent('#causes')).toMatch(/operation \d+: process \d+ added \d+ to set-/);
  expect(await page.locator('#causes .witness .bar').count()).toBeGreaterThan(2);
  // Each picture has been drawn once it was seen, and has a table with rows.
  const pictures = page.locator('figure.picture');
  const count = await pictures.count();
  expect(count).toBeGreaterThanOrEqual(8);
  for (let i = 0; i < count; i++) {
    const picture = pictures.nth(i);
    await picture.scrollIntoViewIfNeeded();
    const name = (await picture.locator('figcaption b').textContent()) ?? '';
    await expect
      .poll(() => picture.locator('canvas').evaluate(paintedPixels), {
        message: name,
        timeout: 10_000,
      })
      .toBeGreaterThan(200);
    await picture.locator('summary').click();
    // A table is made when it is opened, a moment after the click.
    await picture.locator('tbody tr').first().waitFor({ state: 'attached' });
    expect(await picture.locator('tbody tr').count(), name).toBeGreaterThan(0);
  }
  expect(browser.problems).toEqual([]);
  await page.close();
});

test('the filter finds the violations, keeps itself in the address, and says what it does not know', async () => {
  const { path } = await lostWrites();
  const page = await open(path);
  await page.fill('input[type=search]', 'bad f:add');
  await page.waitForFunction(() =>
    document.querySelector('output.muted')?.textContent?.includes(' of '),
  );
  const counted = await page.textContent('output.muted');
  expect(counted).toMatch(/^[1-9]\d* of /);
  expect(page.url()).toContain('filter=bad+f%3Aadd');
  const again = await open(path);
  await again.close();
  await page.reload();
  await page.waitForFunction(() =>
    document.querySelector('output.muted')?.textContent?.includes(' of '),
  );
  expect(await page.textContent('output.muted')).toBe(counted);
  await page.fill('input[type=search]', 't:perhaps');
  await page.waitForFunction(() => document.querySelector('output.problem')?.textContent !== '');
  expect(await page.textContent('output.problem')).toContain('there are ok, info, fail');
  await page.close();
});

test('a click on the time line opens the operation, and Escape closes it', async () => {
  const { path } = await lostWrites();
  const page = await open(path);
  await page.locator('#causes button').first().click();
  expect(await page.textContent('.panel')).toMatch(/Operation \d+/);
  await page.keyboard.press('Escape');
  expect(await page.locator('.panel').isHidden()).toBe(true);
  await page.close();
});

const hostile = [
  '<img src=x onerror="window.hacked=1">',
  '</script><script>window.hacked=1</script>',
  '"><svg onload=alert(1)>',
  '\u001b[2J\u0000\u202egnp.exe',
  '&lt;b&gt;',
];

test('whatever a run recorded is text: no element, no script, no request comes of it', async () => {
  const rows = hostile.flatMap((text, i) => [
    row(2 * i, {
      invoked: 10 * i,
      completed: 10 * i + 1,
      f: 'add',
      key: text,
      value: text,
      node: 'n1',
    }),
    row(2 * i + 1, {
      invoked: 10 * i + 2,
      completed: 10 * i + 3,
      outcome: 'fail',
      f: text,
      error: text,
      message: text,
    }),
  ]);
  const huge = row(100, { invoked: 900, completed: 901, f: 'add', value: 'x'.repeat(10_000_000) });
  const path = makeRun([...rows, huge], {
    name: hostile[0],
    replay: hostile[1],
    config: { [hostile[2]]: hostile[0] },
  });
  const anomaly = {
    pattern: hostile[0],
    violates: [hostile[1]],
    key: hostile[2],
    ops: [0, 2, 100],
    summary: hostile[1],
    steps: hostile,
    lanes: [],
    count: 1,
    confirmed: true,
    minimal: true,
  };
  const verdict = {
    checker: hostile[0],
    version: '1',
    valid: false,
    message: hostile[1],
    figures: { [hostile[0]]: hostile[1] },
    anomalies: [anomaly],
    counts: { [hostile[0]]: 1 },
  } as const;
  saveVerdicts(path, [verdict], {});
  const written = report(path);
  expect(statSync(written).size).toBeLessThan(400_000);
  const page = await open(written);
  expect(await page.getAttribute('html', 'data-ready')).toBe('yes');
  for (const summary of await page.locator('summary').all()) await summary.click();
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  expect(await page.locator('img, svg[onload], iframe, object').count()).toBe(0);
  expect(await page.textContent('main')).toContain('<img src=x onerror="window.hacked=1">');
  expect(await page.textContent('body')).not.toContain('\u202e');
  expect(browser.problems).toEqual([]);
  await page.close();
});

test('without scripts the page is text that says the same', async () => {
  const { path } = await lostWrites();
  const html = readFileSync(path, 'utf8');
  const text = html.slice(html.indexOf('<noscript>'), html.indexOf('</noscript>'));
  expect(text).toMatch(/INVALID/);
  expect(text).toMatch(/lost writes? of [\d,]+ acknowledged/);
  expect(text).toMatch(/fault 1: kill/);
});

test('a page that was cut off says so', async () => {
  const path = report(makeLargeRun(join(temporaryFolder(), 'run'), { operations: 2000 }));
  const html = readFileSync(path, 'utf8');
  const at = html.indexOf('id="page-columns">') + 2000;
  const end = html.indexOf('</script>', at);
  const cut = join(dirname(path), 'cut.html');
  writeFileSync(cut, html.slice(0, at) + html.slice(end));
  const page = await open(cut);
  expect(await page.getAttribute('html', 'data-ready')).toBe('failed');
  expect(await page.textContent('h1')).toBe('This page cannot be shown');
  await page.close();
});

test('100,000 operations are less than a megabyte and are shown within two seconds', async () => {
  const path = report(makeLargeRun(join(temporaryFolder(), 'run'), { operations: 100_000 }));
  expect(statSync(path).size).toBeLessThan(1_000_000);
  const page = await open(path);
  const readyMs = await page.evaluate(() => performance.now());
  expect(readyMs).toBeLessThan(4000);
  expect(await page.textContent('h1')).toContain('before it was killed (fault 1, kill one)');
  expect(browser.problems).toEqual([]);
  await page.close();
});
