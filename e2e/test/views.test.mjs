// Parts 2 to 4 and 6: state with what changed, rules, clock and contract; what destroys says what goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, live, shows, until } from '../browser.mjs';
import { startMock } from '../mock.mjs';

const fixture = {
  version: 1,
  tokens: [{ token: 'secret-admin-token', user: 1, organizations: ['acme'] }],
  organizations: [{
    id: 'acme', users: [{ id: 1, role: 'admin', first_name: 'Ada' }, { id: 2, role: 'light' }],
    groups: [{ id: 'aaa', name: 'Kept', description: 'd' }, { id: 'bbb', name: 'Renamed', description: 'd' }, { id: 'ccc', name: 'Gone', description: 'd' }],
  }],
};

function withFixture() {
  const path = join(mkdtempSync(join(tmpdir(), 'inspector-')), 'fixture.json');
  writeFileSync(path, JSON.stringify(fixture));
  return startMock({ args: ['--fixtures', path, '--set', 'time_format=micros', '--set', 'create_status=200'] });
}

const marks = (page) => page.locator('#stored tbody tr[data-row]').evaluateAll((all) => Object.fromEntries(all.map((row) => [row.children[1].textContent, row.children[0].textContent])));

test('state marks each row against the fixture, and has the group in detail', async () => {
  const mock = await withFixture();
  const ask = (method, path, json) => mock.ask(method, mock.groups('acme', path), { token: 'secret-admin-token', body: json && JSON.stringify(json) });
  const page = await inspect(mock, '#state');
  await until(page, () => document.querySelectorAll('#stored tbody tr[data-row]').length === 5);
  // What changes while one looks is shown, too.
  await ask('PUT', '/bbb', { name: 'Other name' });
  await ask('DELETE', '/ccc');
  await ask('POST', '', { name: 'New', description: 'd', guests: ['guest@new.test'] });
  await until(page, () => document.querySelectorAll('#stored .tag.added').length === 2);
  assert.deepEqual(await marks(page), { Kept: '', 'Other name': '~ changed', New: '+ added', Gone: '− deleted', Ada: '', '–': '+ added' });
  await page.getByRole('link', { name: 'Other name' }).click();
  await page.locator('#group').getByText('As it was loaded').waitFor();
  const [now, before] = (await page.locator('#group pre').allTextContents()).map((it) => JSON.parse(it));
  const { groups } = await mock.control('changes?org=acme');
  const change = groups.find((it) => it.id === 'bbb');
  assert.deepEqual([now, before], [change.after, change.before]);
  await page.fill('#s-q', 'kept');
  await until(page, () => document.querySelectorAll('#stored tbody tr[data-row]').length === 1);
  assert.match(page.url(), /#state\?.*q=kept/);
  await page.done();
  await mock.stop();
});

test('a reset says what goes, and does nothing until it is confirmed', async () => {
  const mock = await withFixture();
  await mock.ask('POST', mock.groups('acme'), { token: 'secret-admin-token', body: JSON.stringify({ name: 'New', description: 'd' }) });
  await mock.control('faults/r?org=acme', { method: 'PUT', json: { match: { method: 'PATCH' }, steps: [{ status: 500 }] } });
  const page = await inspect(mock, '#state?org=acme');
  await page.click('#reset');
  assert.equal(await page.locator('#ask-title').textContent(), 'Reset acme?');
  const goes = (await page.locator('#ask-body li').allTextContents()).join('; ');
  assert.match(goes, /^4 groups, .*; 1 rule; 1 request in the journal; /);
  await page.click('#ask-no');
  assert.equal((await mock.requests()).length, 1, 'cancelled');
  await page.click('#reset');
  await page.keyboard.press('Escape');
  assert.equal((await mock.requests()).length, 1, 'escaped');
  await page.click('#reset');
  await page.click('#ask-yes');
  await until(page, () => !document.querySelector('#stored .tag.added'));
  assert.deepEqual([(await mock.requests()).length, (await mock.control('faults')).faults.length], [0, 0]);
  await page.done();
  await mock.stop();
});

test('a rule is made from a template, met, re-armed and removed', async () => {
  const mock = await startMock();
  const page = await inspect(mock, '#faults');
  const steps = {
    '429, then fine': { times: 2, status: 429, retry_after: 1, write: 'before', remaining: 2 },
    '503 after the write': { times: 2, status: 503, write: 'after', remaining: 2 },
    slow: { times: 2, delay: { fixed_ms: 3000 }, remaining: 2 },
    reset: { times: 2, fault: 'connection_reset', write: 'before', remaining: 2 },
  };
  for (const [kind, step] of Object.entries(steps)) {
    await page.fill('#r-name', 'made here');
    await page.selectOption('#r-op', 'groups.list');
    await page.selectOption('#r-kind', kind);
    await page.fill('#r-times', '2');
    const shown = JSON.parse(await page.locator('#r-json').textContent());
    await page.click('#r-put');
    await page.locator('#r-done').getByText('made here is in force').waitFor();
    const rule = await mock.control('faults/made%20here');
    assert.deepEqual(rule, { id: 'made here', match: { operation: 'groups.list' }, skip: 0, steps: [step], hits: 0 }, kind);
    assert.deepEqual(shown.steps[0], Object.fromEntries(Object.entries(step).filter(([key, value]) => key !== 'remaining' && value !== 'before')));
  }
  await page.selectOption('#r-kind', '503 after the write');
  await page.click('#r-put');
  await until(page, () => document.querySelector('article.rule li')?.textContent.includes('503'));
  assert.deepEqual([await mock.ask('GET', mock.groups('acme')), await mock.ask('GET', mock.groups('acme'))], [503, 503]);
  await page.locator('article.rule').getByText('spent').waitFor();
  assert.match(await page.locator('article.rule li').textContent(), /0 of 2 left/);
  await page.getByRole('link', { name: '2 hits' }).click();
  await shows(page, 2);
  await page.goBack();
  await page.getByRole('button', { name: 'Re-arm' }).click();
  await page.locator('article.rule li').getByText('2 of 2 left').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  assert.match(await page.locator('#ask-body').textContent(), /the rule made here of all organizations, which has struck 0 times/);
  await page.click('#ask-yes');
  await page.locator('#rules').getByText('None.').waitFor();
  assert.deepEqual((await mock.control('faults')).faults, []);
  await page.done();
  await mock.stop();
});

test('the next request like one is made to fail', async () => {
  const mock = await startMock();
  await mock.ask('GET', mock.groups('acme'));
  await mock.ask('GET', '/api/no/such/path');
  const page = await inspect(mock);
  for (const path of [mock.groups('acme'), '/api/no/such/path']) {
    await page.goto(`${mock.url}/_mock/#requests`);
    await page.locator('#rows .row', { hasText: path }).first().click();
    await page.locator('#detail h2').getByText(path).waitFor();
    await page.getByRole('link', { name: 'Fail the next like this' }).click();
    await page.selectOption('#r-kind', '503 after the write');
    await page.click('#r-put');
    await page.locator('#r-done').getByText('is in force').waitFor();
    assert.equal(await mock.ask('GET', path), 503);
    await page.locator('article.rule').getByText('spent').waitFor();
    await mock.control('faults', { method: 'DELETE' });
    await page.locator('#rules').getByText('None.').waitFor();
  }
  await page.done();
  await mock.stop();
});

test('the clock is looked at, stopped and moved, for all or for one organization', async () => {
  const mock = await startMock({ args: ['--clock', '2026-03-01T09:00:00Z'] });
  const page = await inspect(mock, '#clock');
  const now = (wanted) => page.locator('#now').getByText(wanted, { exact: true }).waitFor();
  await now('2026-03-01T09:00:00Z');
  await page.getByRole('button', { name: '+1 hour' }).click();
  await now('2026-03-01T10:00:00Z');
  await page.fill('#c-by', '-1800');
  await page.getByRole('button', { name: 'Advance by' }).click();
  await now('2026-03-01T09:30:00Z');
  await mock.ask('GET', mock.groups('acme'));
  await page.locator('#c-org option[value=acme]').waitFor({ state: 'attached' });
  await page.selectOption('#c-org', 'acme');
  await page.getByRole('button', { name: '+1 day' }).click();
  await now('2026-03-02T09:30:00Z');
  assert.equal((await mock.control('clock')).now, '2026-03-01T09:30:00Z', 'the others stay');
  await page.getByRole('button', { name: 'Let it run' }).click();
  await page.locator('#frozen').getByText('runs').waitFor();
  assert.equal((await mock.control('clock?org=acme')).frozen, false);
  // Somebody else moves it.
  await mock.control('clock?org=acme', { method: 'PUT', json: { now: '2031-05-06T07:08:09Z', frozen: true } });
  await now('2031-05-06T07:08:09Z');
  await page.done();
  await mock.stop();
});

test('the contract is told: what differs, who may what, and no secret', async () => {
  const mock = await withFixture();
  const page = await inspect(mock, '#clock');
  const text = await page.locator('main').innerText();
  assert.match(text, /Edition 2026-03/);
  assert.match(await page.locator('#what').textContent(), /edition 2026-03 · 2 switches/);
  const differs = await page.locator('table', { has: page.locator('caption', { hasText: 'differ' }) }).locator('tbody tr').evaluateAll((all) => all.map((row) => row.children[0].textContent));
  assert.deepEqual(differs.sort(), ['create_status', 'time_format']);
  assert.match(text, /acme: admin, manages groups/);
  assert.equal(await page.getByRole('link', { name: 'OpenAPI document' }).getAttribute('href'), '/_mock/openapi.json');
  assert.ok(!(await page.content()).includes('secret-admin-token'));
  await page.done();
  await mock.stop();
});

test('coverage tells of each operation, field, parameter and answer how it is known, and whether it was asked', async () => {
  const report = join(mkdtempSync(join(tmpdir(), 'inspector-')), 'report.json');
  const agreed = { operation: 'groups.list', verdict: 'same', compared: 9, under: { time_keys: 'last_updated' } };
  writeFileSync(report, JSON.stringify({ report: 'drift', version: 1, at: '2026-03-01T09:00:00Z', host: 'go.tallyfy.com', operations: [agreed] }));
  const mock = await startMock({ args: ['--drift-report', report] });
  await mock.ask('GET', mock.groups('acme', '?q=a'));
  const page = await inspect(mock, '#coverage');
  await page.locator('tbody tr').first().waitFor();
  const shown = await page.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.children].map((it) => it.textContent)));
  const { operations, entities } = await mock.control('coverage');
  const row = (of, what, it) => [of, what, it.evidence.class, it.evidence.source, String(it.asked ?? it.seen ?? ''), String(it.checked ?? ''), it.agreed ? `${it.agreed.at}, ${it.agreed.with}` : ''];
  const wanted = operations.flatMap((it) => [row(it.operation, `${it.method} ${it.path}`, it), ...it.parameters.map((one) => row('', `parameter ${one.name}`, one)), ...it.fields.map((one) => row('', `field ${one.name}`, one)), ...it.answers.map((one) => row('', `${one.status} ${one.name}`, one))]);
  wanted.push(...entities.flatMap((it) => it.fields.map((one) => row(it.name, `field ${one.name}`, one))));
  assert.deepEqual(shown, wanted);
  const [, , , , asked, , when] = shown.find(([of]) => of === 'groups.list');
  assert.deepEqual([asked, when], ['1', '2026-03-01T09:00:00Z, go.tallyfy.com']);
  await page.done();
  await mock.stop();
});

test('a mock without anything in it has views, too', async () => {
  const mock = await startMock({ args: ['--fixtures', (() => { const path = join(mkdtempSync(join(tmpdir(), 'inspector-')), 'f.json'); writeFileSync(path, '{"version":1}'); return path; })()] });
  const page = await inspect(mock);
  await page.locator('#none').getByText('No request yet.').waitFor();
  for (const [view, words] of [['state', 'Nothing is stored'], ['faults', 'None.'], ['clock', 'No token is declared']]) {
    await page.goto(`${mock.url}/_mock/#${view}`);
    await page.locator('main').getByText(words).waitFor();
  }
  await page.reload();
  await live(page);
  await page.done();
  await mock.stop();
});
