// Debian's chromium, and a page that must stay without a complaint of the browser's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

const ARGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

let browser;
before(async () => { browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS }); });
after(async () => { await browser?.close(); });

/** A new page; `allowed` is what the browser may say on its console (it reports each answer that is an error). */
export async function newPage({ scheme = 'light', width = 1280, height = 720, allowed = /^$/ } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const complaints = [];
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type()) && !allowed.test(message.text())) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.addInitScript(() => {
    globalThis.violations = [];
    globalThis.slowFrames = 0;
    document.addEventListener('securitypolicyviolation', (it) => globalThis.violations.push(`${it.violatedDirective} ${it.blockedURI}`));
    new PerformanceObserver((list) => { globalThis.slowFrames += list.getEntries().length; }).observe({ type: 'longtask' });
  });
  /** Closes it, and is content where the browser had nothing to say. */
  page.done = async () => {
    assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
    assert.deepEqual(complaints, []);
    await context.close();
  };
  page.drop = () => context.close();
  return page;
}

/** The inspector of a mock, once it is live. */
export async function inspect(mock, hash = '', options = {}) {
  const page = await newPage(options);
  await page.goto(`${mock.url}/_mock/${hash}`);
  await live(page);
  return page;
}

export const live = (page) => page.locator('#live.on').waitFor();

/** Waits until what is computed in the page, from `argument`, is true. */
export const until = (page, test, argument) => page.waitForFunction(test, argument, { polling: 50 });

/** The rows of the list as they can be read, the newest first. */
export const rows = (page) => page.locator('#rows .row').evaluateAll((all) => all
  .map((row) => ({ index: Number(row.getAttribute('aria-rowindex')), cells: [...row.children].map((it) => it.textContent) }))
  .sort((a, b) => a.index - b.index)
  .map(({ cells }) => ({ status: cells[1], request: cells[2], operation: cells[3], tags: cells[5] })));

/** Waits until the list shows so many requests. */
export const shows = (page, count) => until(page, (wanted) => document.querySelectorAll('#rows .row').length === wanted, count);

/** What axe finds that is serious. */
export async function serious(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 10, 'axe has looked');
  return violations.filter((it) => ['serious', 'critical'].includes(it.impact)).map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(' | ')}`);
}
