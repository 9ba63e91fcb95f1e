// Part 1: the list beside the detail, filters in the URL, the request as the mock understood it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, live, rows, shows, until } from '../browser.mjs';
import { startMock } from '../mock.mjs';

const typo = JSON.stringify({ name: 'Sales', desciption: 'Sells', members: [1001] });
const good = JSON.stringify({ name: 'Sales', description: 'Sells' });

/** Seven requests of every kind that the filters know. */
async function asked(mock) {
  await mock.control('faults/flaky?org=acme', { method: 'PUT', json: { match: { operation: 'groups.delete' }, steps: [{ status: 503, write: 'after' }] } });
  await mock.ask('GET', mock.groups('acme'));
  await mock.ask('POST', mock.groups('acme'), { body: typo });
  await mock.ask('POST', mock.groups('acme'), { body: good });
  await mock.ask('GET', mock.groups('globex', '?per_page=5&sortby=name'));
  await mock.ask('DELETE', mock.groups('acme', '/any'));
  await mock.ask('GET', '/api/organizations/acme/group');
  await mock.ask('GET', mock.groups('acme'), { token: null });
}

test('the list shows what the API says, the newest first, and what comes while it is open', async () => {
  const mock = await startMock();
  await asked(mock);
  const page = await inspect(mock);
  await shows(page, 7);
  await mock.ask('GET', mock.groups('acme', '?q=later'));
  await shows(page, 8);
  const said = (await mock.requests()).reverse().map((it) => ({
    status: String(it.status), request: `${it.method} ${it.path}${it.query && `?${it.query}`}`, operation: it.operation ?? '–',
    tags: [it.unread.length ? `${it.unread.length} unread` : '', it.fault ?? '', it.operation ? '' : 'no route'].join(''),
  }));
  assert.deepEqual(await rows(page), said);
  assert.equal(await page.locator('#count-requests').textContent(), '8');
  await page.done();
  await mock.stop();
});

test('each filter shows what it says, stands in the URL and is there again after a reload', async () => {
  const mock = await startMock();
  await asked(mock);
  const page = await inspect(mock);
  const all = (await mock.requests()).reverse();
  const isOf = (wanted) => all.filter(wanted).map((it) => `${it.method} ${it.path}${it.query && `?${it.query}`}`);
  const filters = [
    ['org', (value) => page.selectOption('#f-org', value), 'globex', (it) => it.org === 'globex'],
    ['op', (value) => page.selectOption('#f-op', value), 'groups.list', (it) => it.operation === 'groups.list'],
    ['class', (value) => page.selectOption('#f-class', value), '4', (it) => it.status >= 400 && it.status < 500],
    ['struck', () => page.check('#f-struck'), '1', (it) => it.fault !== null],
    ['unmatched', () => page.check('#f-unmatched'), '1', (it) => it.operation === null],
    ['unread', () => page.check('#f-unread'), '1', (it) => it.unread.length > 0],
    ['q', (value) => page.fill('#f-q', value), 'SORTBY', (it) => it.query.includes('sortby')],
  ];
  for (const [name, choose, value, wanted] of filters) {
    await page.goto(`${mock.url}/_mock/#requests`);
    await shows(page, 7);
    await choose(value);
    const expected = isOf(wanted);
    await shows(page, expected.length);
    assert.ok(expected.length > 0 && expected.length < 7, name);
    assert.deepEqual((await rows(page)).map((it) => it.request), expected, name);
    assert.equal(new URL(page.url()).hash, `#requests?${name}=${value}`);
    await page.reload();
    await live(page);
    await shows(page, expected.length);
    assert.deepEqual((await rows(page)).map((it) => it.request), expected, `${name}, after a reload`);
  }
  await page.goto(`${mock.url}/_mock/#requests?org=acme&class=2&q=nothing-like-that`);
  await until(page, () => document.getElementById('none').textContent.startsWith('No request like that'));
  await page.done();
  await mock.stop();
});

test('the detail shows the request as the mock understood it', async () => {
  const mock = await startMock();
  await asked(mock);
  const all = await mock.requests();
  const page = await inspect(mock);
  const open = async (wanted) => {
    const { id } = all.find(wanted);
    await page.locator(`#rows .row[data-id="${id}"]`).click();
    await until(page, (text) => document.querySelector('#detail .crumb')?.textContent.startsWith(text), `request ${id} `);
    assert.equal(new URLSearchParams(page.url().split('?')[1]).get('id'), String(id));
  };
  await open((it) => it.status === 422);
  assert.equal(await page.locator('#body del').textContent(), '"desciption": "Sells",');
  assert.match(await page.locator('#body em').textContent(), /unread · did you mean description\?/);
  assert.match(await page.locator('#detail .why').textContent(), /Why: The description field is required/);
  assert.match(await page.locator('#answer').textContent(), /"The description field is required\."/);
  await open((it) => it.query.includes('sortby'));
  assert.deepEqual(await page.locator('#detail dl del').allTextContents(), ['sortby', 'name']);
  assert.match(await page.locator('#detail dl em').textContent(), /did you mean sort_by\?/);
  await open((it) => it.status === 404);
  assert.match(await page.locator('#detail .why').textContent(), /nearest known route: GET \/api\/organizations\/\{org\}\/groups/);
  await open((it) => it.fault === 'flaky');
  await page.locator('#detail .why a').click();
  await page.locator('article.rule.on[data-rule=flaky]').waitFor();
  await page.locator('article.rule a').click();
  await shows(page, 1);
  await page.done();
  await mock.stop();
});

test('a request that has to wait is under way with its time, and then told how it ended', async () => {
  const mock = await startMock();
  const slow = mock.ask('GET', mock.groups('acme'), { headers: { Prefer: 'delay=3600000' } });
  const page = await inspect(mock);
  const tag = page.locator('#rows .row .tag');
  await until(page, () => /under way [1-9]/.test(document.querySelector('#rows .tag')?.textContent ?? ''));
  await page.locator('#rows .row').click();
  await page.locator('#detail .why').getByText('Under way').waitFor();
  assert.ok(await page.locator('#as-curl').isDisabled(), 'its body is not known yet');
  slow.abort();
  await tag.getByText('client gone').waitFor();
  await page.locator('#detail .why').getByText('closed its connection').first().waitFor();
  await page.done();
  await mock.stop();
});

test('pause counts on, and going on shows what came', async () => {
  const mock = await startMock();
  const page = await inspect(mock);
  await mock.ask('GET', mock.groups('acme'));
  await shows(page, 1);
  await page.click('#pause');
  for (let i = 0; i < 3; i += 1) await mock.ask('GET', mock.groups('acme'));
  await page.locator('#live').getByText('paused · 3 new').waitFor();
  await shows(page, 1);
  await page.click('#pause');
  await shows(page, 4);
  await page.done();
  await mock.stop();
});

test('a reset takes its requests out of the list and says so', async () => {
  const mock = await startMock();
  await asked(mock);
  const page = await inspect(mock);
  await shows(page, 7);
  await mock.control('reset?org=acme', { method: 'POST' });
  await shows(page, 2);
  await page.locator('#rows .gap').getByText('reset of acme').waitFor();
  await page.done();
  await mock.stop();
});
