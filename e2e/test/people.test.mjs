// For everybody: screen readers, keyboards, narrow windows, both colour schemes; many requests, and tabs that are slow or hidden.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, live, rows, serious, shows, until } from '../browser.mjs';
import { startMock } from '../mock.mjs';
import { filled, open, VIEWS } from '../scene.mjs';

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing serious in ${scheme}`, async () => {
    const mock = await startMock({ args: ['--set', 'time_format=micros'] });
    await filled(mock);
    const page = await inspect(mock, '', { scheme });
    for (const view of VIEWS) {
      await open(page, mock, view);
      assert.deepEqual(await serious(page), [], view);
    }
    await open(page, mock, VIEWS[1]);
    await page.click('#reset');
    assert.deepEqual(await serious(page), [], 'the question before a reset');
    await page.done();
    await mock.stop();
  });
}

test('a whole task by keyboard alone: find the refused request, make the next like it fail, see it fail', async () => {
  const mock = await startMock();
  await filled(mock);
  const page = await inspect(mock);
  await shows(page, 7);
  const press = (key) => page.keyboard.press(key);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
  const tabTo = async (wanted) => {
    for (let i = 0; i < 60; i += 1) {
      if ((await focused()).startsWith(wanted)) return;
      await press('Tab');
    }
    throw new Error(`no way to ${wanted}`);
  };
  await press('/');
  assert.equal(await focused(), 'f-q');
  await page.keyboard.type('groups.list');
  await shows(page, 2);
  await press('Escape');
  await press('j');
  await until(page, () => document.querySelector('#rows [aria-selected=true] .s')?.textContent === '401');
  await press('j');
  await press('k');
  await until(page, () => document.querySelector('#detail .why')?.textContent.includes('Why:'));
  assert.equal(await page.evaluate(() => document.getElementById(document.getElementById('rows').getAttribute('aria-activedescendant')).getAttribute('aria-selected')), 'true');
  await press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'detail');
  await tabTo('Fail the next like this');
  await press('Enter');
  await page.locator('#r-put').waitFor();
  await tabTo('Put it in force');
  await press('Enter');
  await page.locator('#r-done').getByText('is in force').waitFor();
  assert.equal(await mock.ask('GET', mock.groups('acme')), 429);
  await tabTo('Requests');
  await press('Enter');
  await until(page, () => document.querySelector('#rows .row .s')?.textContent);
  await press('j');
  await press('Enter');
  await press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'rows');
  await press('Escape');
  await until(page, () => !location.hash.includes('id='));
  await page.done();
  await mock.stop();
});

test('at 400 pixels nothing is cut off sideways', async () => {
  const mock = await startMock();
  await filled(mock);
  const page = await inspect(mock, '', { width: 400, height: 800 });
  for (const view of VIEWS) {
    await open(page, mock, view);
    assert.ok(await page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth), view);
    assert.ok(await page.locator('#live').isVisible());
  }
  await page.done();
  await mock.stop();
});

/** Asks so many times, `every` milliseconds once, over a few connections. */
async function many(mock, count, every = 0) {
  const all = [];
  for (let i = 0; i < count; i += 1) {
    all.push(mock.ask('GET', mock.groups('acme', `?q=${i}`)));
    if (every) await new Promise((done) => { setTimeout(done, every); });
    if (all.length % 20 === 0) await Promise.all(all.slice(-20));
  }
  await Promise.all(all);
}

test('1,000 rows come live, and the document holds those that can be seen', async () => {
  const mock = await startMock();
  const page = await inspect(mock);
  await many(mock, 1000, 5);
  await until(page, () => document.getElementById('rows').getAttribute('aria-rowcount') === '1000');
  assert.equal(await page.locator('#count-requests').textContent(), '1000');
  const inDocument = await page.locator('#rows .row').count();
  assert.ok(inDocument > 10 && inDocument < 60, `${inDocument} rows`);
  const [newest] = (await mock.requests()).slice(-1);
  assert.equal((await rows(page))[0].request, `GET ${newest.path}?${newest.query}`);
  await page.evaluate(() => { document.getElementById('rows').scrollTop = 1e9; });
  await until(page, () => [...document.querySelectorAll('#rows .row')].some((it) => it.getAttribute('aria-rowindex') === '1000'));
  console.log(`frames over 50 ms while 1,000 rows came: ${await page.evaluate(() => globalThis.slowFrames)}`);
  await page.done();
  await mock.stop();
});

test('a slow tab shows or misses each request, and says how many', async () => {
  const mock = await startMock({ args: ['--journal-entries', '200'] });
  const page = await inspect(mock);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 20 });
  const busy = page.evaluate(() => { const end = performance.now() + 4000; while (performance.now() < end); });
  await many(mock, 1000);
  await busy;
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  const count = () => {
    const gaps = [...document.querySelectorAll('#rows .gap')].length;
    const shown = Number(document.getElementById('count-requests').textContent);
    const missed = Number(/missed (\d+)/.exec(document.getElementById('live').textContent)?.[1]);
    return { gaps, shown, missed };
  };
  await until(page, `(${count})().shown + (${count})().missed >= 1000`);
  const { shown, missed } = await page.evaluate(count);
  assert.equal(shown + missed, 1000);
  assert.ok(shown >= 200, `${shown} shown, ${missed} missed`);
  console.log(`of 1,000 requests a slow tab showed ${shown} and missed ${missed}`);
  await page.done();
  await mock.stop();
});

test('a tab that nobody sees does not listen, and goes on where it was', async () => {
  const mock = await startMock({ args: ['--max-streams', '1', '--journal-entries', '5'] });
  const page = await inspect(mock);
  await mock.ask('GET', mock.groups('acme'));
  await shows(page, 1);
  const hide = (hidden) => page.evaluate((is) => {
    Object.defineProperty(document, 'hidden', { value: is, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await page.locator('#live').getByText('this tab is hidden').waitFor();
  // Its place is free for another.
  for (;;) {
    const stop = new AbortController();
    const { status } = await fetch(`${mock.url}/_mock/events`, { signal: stop.signal });
    stop.abort();
    if (status === 200) break;
  }
  await many(mock, 8);
  await shows(page, 1);
  await hide(false);
  await live(page);
  await page.locator('#live').getByText('missed 3').waitFor();
  await shows(page, 6);
  await page.locator('#rows .gap').getByText('missed 3 requests').waitFor();
  await page.drop();
  await mock.stop();
});
