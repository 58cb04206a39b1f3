/**
 * Pages of long runs in a real browser: size of the file, time until it can be used, and what a frame costs while the
 * time line is moved and zoomed: script, style and layout, as the browser itself counts them.
 *
 * Run with: npx tsx bench/pages.ts [operations ...]      (200000 and 1000000 if left out)
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeReport } from '../harness/report/page/report-file.ts';
import { startBrowser } from '../harness/report/page/testing/browser.ts';
import { buildForTest } from '../harness/report/page/testing/built.ts';
import { makeLargeRun } from '../harness/report/page/testing/large-run.ts';

const TARGET_FRAME_MS = 16;
const TARGET_READY_MS = 2000;
const frames = 150;

/** Bytes that a page may have. */
function targetBytes(operations: number): number {
  return operations <= 100_000 ? 1e6 : 8 * operations;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

async function measure(operations: number, parts: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'amnesia-bench-'));
  const browser = await startBrowser(1280, 900);
  try {
    const run = makeLargeRun(join(dir, 'run'), { operations, rate: 3000 });
    const began = performance.now();
    const { path } = writeReport(run, { parts });
    const writeMs = performance.now() - began;
    const bytes = statSync(path).size;
    const page = await browser.open(pathToFileURL(path).href);
    await page.waitForSelector('html[data-ready=yes]', { timeout: 60_000 });
    const readyMs = await page.evaluate(() => Number(document.documentElement.dataset.readyMs));
    await page.evaluate(() => document.getElementById('timeline')?.scrollIntoView());
    await page.waitForTimeout(1500);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const spent = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (name: string): number => metrics.find((each) => each.name === name)?.value ?? 0;
      return 1000 * (of('ScriptDuration') + of('LayoutDuration') + of('RecalcStyleDuration'));
    };
    await page.locator('.timeline figure canvas').focus();
    const keys = [
      '+',
      '+',
      'ArrowRight',
      'ArrowRight',
      '+',
      'ArrowLeft',
      '-',
      'ArrowRight',
      '-',
      '-',
    ];
    const costs: number[] = [];
    let before = await spent();
    for (let i = 0; i < frames; i++) {
      await page.keyboard.press(keys[i % keys.length]);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      const now = await spent();
      costs.push(now - before);
      before = now;
    }
    const [p50, p95] = [quantile(costs, 0.5), quantile(costs, 0.95)];
    const ok = (good: boolean): string => (good ? 'met' : 'MISSED');
    console.log(
      `${operations} operations: ${(bytes / 1e6).toFixed(2)} MB (${ok(bytes < targetBytes(operations))}), ` +
        `written in ${writeMs.toFixed(0)} ms, usable after ${readyMs.toFixed(0)} ms ` +
        `(${ok(readyMs < TARGET_READY_MS)}), frame p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms ` +
        `(${ok(p95 < TARGET_FRAME_MS)}), max ${Math.max(...costs).toFixed(1)} ms`,
    );
    if (browser.problems.length > 0) throw new Error(browser.problems.join('; '));
  } finally {
    await browser.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const sizes = process.argv.slice(2).map(Number);
const built = await buildForTest();
console.log(`${cpus()[0]?.model}, Node.js ${process.versions.node}`);
try {
  for (const operations of sizes.length > 0 ? sizes : [100_000, 200_000, 1_000_000]) {
    await measure(operations, built.folder);
  }
} finally {
  built.remove();
}
