// Safe by construction: hostile data, frames, other sites, the control token; and what happens when the mock goes.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { inspect, live, newPage, shows, until } from '../browser.mjs';
import { startMock } from '../mock.mjs';

const EVIL = [
  '<img src=x onerror="globalThis.pwned=1">',
  '</script><script>globalThis.pwned=1</script>',
  '</pre></del><svg onload=globalThis.pwned=1>',
  'javascript:globalThis.pwned=1',
  '"><a href="javascript:globalThis.pwned=1">x</a>',
  '\u202eesrever\u202c \u2066isolate\u2069 \u200b',
  'NUL \u0000 and \u0007 and \u001b[31m',
  '{{constructor.constructor("globalThis.pwned=1")()}} ${globalThis.pwned=1}',
  '__proto__', 'constructor', '[redacted]', '\n\n\n', '�',
];

/** What is made from data would be one of these. */
const made = (page) => page.evaluate(() => [document.querySelectorAll('main img, main script, main svg, main iframe, main object, main [onerror], main [onload], main [style*=url], main a[href^="javascript:"], dialog img, dialog script').length, globalThis.pwned]);

test('whatever is in names, paths, headers and bodies is shown as text', async () => {
  const mock = await startMock();
  const groups = EVIL.map((text, i) => ({ name: `${text.replaceAll('\u0000', '')} ${i}`, description: text.replaceAll('\u0000', '') || null, guests: [] }));
  await mock.control('seed?org=evil', { method: 'POST', json: { groups } });
  for (const text of EVIL) {
    await mock.ask('POST', mock.groups('evil', `?${encodeURIComponent(text)}=${encodeURIComponent(text)}`), { body: JSON.stringify({ [text]: text, name: text, nested: { [text]: [text] } }), headers: { 'X-Evil': text.replace(/[^\x20-\x7e]/g, '?') } });
    await mock.ask('POST', mock.groups('evil'), { body: text });
    await mock.ask('GET', `/api/organizations/evil/${encodeURIComponent(text)}`);
  }
  await mock.ask('POST', mock.groups('evil'), { body: JSON.stringify({ name: 'x'.repeat(1_000_000) }) });
  await mock.ask('GET', mock.groups('evil', `?q=${'y'.repeat(60_000)}`));
  const socket = net.connect(mock.port, '127.0.0.1');
  socket.end(Buffer.from(`GET ${mock.groups('evil')} HTTP/1.1\r\nHost: h\r\nX-Latin: \xe9\xff<img src=x>\r\nConnection: close\r\n\r\n`, 'latin1'));
  await new Promise((done) => { socket.on('close', done).resume(); });
  for (const [i, text] of ['<img src=x onerror=pwned=1>', '..%2f?#&org=x'].entries()) {
    await mock.control(`faults/${encodeURIComponent(text)}?org=evil`, { method: 'PUT', json: { match: { method: 'PUT', path: '/**' }, steps: [{ times: i + 1, status: 503, body: { text } }] } });
  }
  await mock.ask('PUT', mock.groups('evil', '/1'), { body: '{}' });
  const all = await mock.requests();
  const page = await inspect(mock);
  await until(page, (count) => document.getElementById('rows').getAttribute('aria-rowcount') === String(count), all.length);
  for (const entry of all) {
    await page.goto(`${mock.url}/_mock/#requests?id=${entry.id}`);
    await until(page, (id) => document.querySelector('#detail .crumb')?.textContent.startsWith(`request ${id} `), entry.id);
    const shown = await page.evaluate(() => ({ title: document.querySelector('#detail h2').textContent, headers: document.getElementById('headers').textContent, body: document.getElementById('body')?.textContent }));
    assert.ok(shown.title.endsWith(` ${entry.method} ${entry.path}`));
    assert.equal(shown.headers, Object.entries(entry.headers).map(([name, value]) => `${name}: ${value}`).join('\n'));
    if (typeof entry.body === 'string') assert.ok(shown.body.startsWith(entry.body), entry.body);
    else if (entry.body && !entry.cut) for (const [key, value] of Object.entries(entry.body)) if (typeof value === 'string') assert.ok(shown.body.includes(`${JSON.stringify(key)}: ${JSON.stringify(value)}`), shown.body);
    assert.deepEqual(await made(page), [0, undefined]);
  }
  await page.goto(`${mock.url}/_mock/#state?org=evil`);
  await until(page, (count) => document.querySelectorAll('#stored tbody tr[data-row]').length === count, groups.length);
  const stored = (await mock.control('state?org=evil')).groups;
  assert.deepEqual(await page.locator('#stored tbody tr[data-row] a').allTextContents(), stored.map((it) => it.name));
  await page.locator('#stored tbody tr[data-row] a').first().click();
  await page.locator('#group h2').waitFor();
  assert.deepEqual(await made(page), [0, undefined]);
  await page.goto(`${mock.url}/_mock/#faults`);
  await until(page, () => document.querySelectorAll('article.rule').length === 2);
  assert.match(await page.locator('#rules').textContent(), /<img src=x onerror=pwned=1>/);
  await page.goto(`${mock.url}/_mock/#requests?org=<img src=x onerror=pwned=1>&q=<script>pwned=1</script>&id=<b>`);
  await page.locator('#none').getByText('No request like that').waitFor();
  await page.locator('#detail .empty').getByText('there is no request `<b>`').waitFor();
  assert.deepEqual(await made(page), [0, undefined]);
  // And if something tried: no way from text to markup is left.
  const tried = await page.evaluate(() => { try { document.body.innerHTML = '<img src=x>'; return 'done'; } catch (error) { return error.name; } });
  assert.equal(tried, 'TypeError');
  await page.drop();
  await mock.stop();
}, { timeout: 120000 });

/** A page of another site, `localhost` where the mock is `127.0.0.1`. */
async function otherSite(html) {
  const server = http.createServer((_, answer) => { answer.setHeader('Content-Type', 'text/html'); answer.end(`<!doctype html><title>other</title><link rel=icon href="data:,">${html}`); });
  await new Promise((done) => { server.listen(0, 'localhost', done); });
  return { url: `http://localhost:${server.address().port}/`, close: () => { server.closeAllConnections(); server.close(); } };
}

test('another site may link to the page, and can neither frame it nor reach what it asks', async () => {
  const mock = await startMock();
  await mock.ask('GET', mock.groups('acme'));
  const site = await otherSite(`<a id=link href="${mock.url}/_mock/#requests?org=acme">link</a><iframe id=frame src="${mock.url}/_mock/"></iframe><img src="${mock.url}/_mock/events"><script src="${mock.url}/_mock/page.js"></script>`);
  const page = await newPage({ allowed: /Failed to load|Refused|blocked|frame|CORS|Access to/i });
  await page.goto(site.url);
  const framed = await page.frames().find((it) => it !== page.mainFrame()).evaluate(() => document.body?.textContent ?? '').catch(() => '');
  assert.ok(!framed.includes('tallyfy-mock'), framed);
  for (const options of [{}, { method: 'POST', mode: 'no-cors' }, { method: 'DELETE' }, { mode: 'no-cors' }]) {
    for (const path of ['requests', 'reset', 'state', 'events', 'page.js']) {
      const got = await page.evaluate(async ([url, more]) => fetch(url, more).then((it) => `${it.type} ${it.status}`, () => 'refused'), [`${mock.url}/_mock/${path}`, options]);
      assert.ok(['refused', 'opaque 0'].includes(got), `${path} ${JSON.stringify(options)}: ${got}`);
    }
  }
  assert.equal((await mock.requests()).length, 1, 'nothing was reset');
  await page.click('#link');
  await live(page);
  await shows(page, 1);
  await page.drop();
  site.close();
  await mock.stop();
});

test('a page of another origin may use the API: preflights, refusals and reasons can be read', async () => {
  const mock = await startMock();
  const site = await otherSite('');
  const page = await newPage({ allowed: /Failed to load resource/ });
  await page.goto(site.url);
  const ask = (method, path, { body, ...headers } = {}) => page.evaluate(async ([url, options]) => {
    const answer = await fetch(url, options);
    return { status: answer.status, body: await answer.text(), reason: answer.headers.get('x-tallyfy-mock-reason'), retry: answer.headers.get('retry-after') };
  }, [`${mock.url}${path}`, { method, headers: { Authorization: 'Bearer any-token', 'X-Tallyfy-Client': 'APIClient', ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers }, body }]);
  const made = await ask('POST', mock.groups('acme'), { body: JSON.stringify({ name: 'A', description: 'd' }) });
  assert.equal(made.status, 201);
  const { id } = JSON.parse(made.body).data;
  assert.equal((await ask('PUT', mock.groups('acme', `/${id}`), { body: '{"description":"e"}', traceparent: '00-1-1-01' })).status, 201);
  assert.equal((await ask('GET', mock.groups('acme'))).status, 200);
  assert.equal((await ask('DELETE', mock.groups('acme', `/${id}`))).status, 204);
  const refused = await ask('POST', mock.groups('acme'), { body: '{}' });
  assert.deepEqual([refused.status, refused.reason], [422, 'The name field is required.']);
  assert.match((await ask('GET', mock.groups('acme'), { Authorization: 'none' })).reason, /Authorization|token/);
  await mock.control('faults/limit?org=acme', { method: 'PUT', json: { steps: [{ status: 429, retry_after: 7 }] } });
  const limited = await ask('GET', mock.groups('acme'));
  assert.deepEqual([limited.status, limited.retry], [429, '7']);
  await page.drop();
  site.close();
  await mock.stop();
});

test('with a control token nothing is shown until it is there, and it is kept in memory only', async () => {
  const mock = await startMock({ controlToken: 'only-me' });
  await mock.ask('GET', mock.groups('acme'));
  const page = await newPage({ allowed: /401/ });
  await page.goto(`${mock.url}/_mock/#requests`);
  await page.locator('#token').waitFor();
  assert.ok(!(await page.locator('#views').isVisible()) && (await page.locator('#rows').count()) === 0);
  await page.fill('#token', 'wrong');
  await page.getByRole('button', { name: 'Use it' }).click();
  await page.getByRole('alert').getByText('That was not it.').waitFor();
  await page.fill('#token', 'only-me');
  await page.keyboard.press('Enter');
  await live(page);
  await shows(page, 1);
  await mock.ask('GET', mock.groups('acme'));
  await shows(page, 2);
  for (const view of ['state', 'faults', 'clock']) {
    await page.goto(`${mock.url}/_mock/#${view}`);
    await page.locator(`main[data-view=${view}]`).waitFor();
  }
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
  assert.ok(!kept.includes('only-me') && !page.url().includes('only-me'), kept);
  await page.reload();
  await page.locator('#token').waitFor();
  await page.done();
  await mock.stop();
});

test('a mock that is started anew is told, the gap is marked, and the page goes on by itself', async () => {
  let mock = await startMock();
  const { port } = mock;
  for (let i = 0; i < 3; i += 1) await mock.ask('GET', mock.groups('acme'));
  const page = await inspect(mock, '', { allowed: /Failed to load resource/ });
  await shows(page, 3);
  await mock.stop();
  await page.locator('#live.off').getByText('the mock is gone').waitFor();
  mock = await startMock({ port });
  // As many events as before, so that no number gives it away.
  for (let i = 0; i < 3; i += 1) await mock.ask('GET', mock.groups('globex'));
  await live(page);
  await page.locator('#rows .gap').getByText('started anew').waitFor();
  await shows(page, 6);
  await mock.ask('GET', mock.groups('later'));
  await shows(page, 7);
  await page.done();
  await mock.stop();
});

test('where all streams are taken the page says so, and goes on when one is free', async () => {
  const mock = await startMock({ args: ['--max-streams', '1'] });
  const stream = http.get(`${mock.url}/_mock/events`);
  await new Promise((done) => { stream.on('response', done); });
  stream.on('error', () => {});
  const page = await newPage({ allowed: /503/ });
  await page.goto(`${mock.url}/_mock/`);
  await page.locator('#live.off').getByText('--max-streams').waitFor();
  stream.destroy();
  await live(page);
  await page.done();
  await mock.stop();
});
