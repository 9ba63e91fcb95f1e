// What a test can do to its organization.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { TallyfyMockError, VerificationError, withOrg } from 'tallyfy-mock';
import { ask } from './client.mjs';

test('what is seeded is served, and what is created is stored', withOrg(async (org) => {
  assert.deepEqual(await org.groups(), []);
  await org.seed({ groups: [{ id: 'sales', name: 'Sales' }], users: [{ id: 7, role: 'admin' }] });

  assert.equal(await ask(org, 'GET', 'groups/sales'), 200);
  assert.equal(await ask(org, 'POST', 'groups', { name: 'Support', description: 'Helps', members: [7] }), 201);

  assert.deepEqual((await org.groups()).map(({ name, members }) => [name, members]), [['Sales', []], ['Support', [7]]]);
}));

test('a refusal names every mistake', withOrg(async (org) => {
  const seeded = org.seed({ groups: [{ nme: 'Sales' }] });
  await assert.rejects(seeded, (error) => error instanceof TallyfyMockError && error.status === 400 && /groups\[0\]\.nme: unknown key; did you mean `name`\?; /.test(error.message));
  await assert.rejects(org.fault({ fault: 'none' }), /there is no fault `none`/);
  await assert.rejects(org.fault({ steps: [], status: 500 }), /status: say it in `steps`/);
}));

test('a delete that was done but answered 503', withOrg(async (org) => {
  await org.seed({ groups: [{ id: 'sales', name: 'Sales' }] });
  const flaky = await org.fault({ operation: 'groups.delete', status: 503, write: 'after', times: 2 });

  const statuses = [await ask(org, 'DELETE', 'groups/sales')];
  assert.deepEqual([await flaky.hits(), await flaky.isSpent(), await org.groups()], [1, false, []]);
  statuses.push(await ask(org, 'DELETE', 'groups/sales'), await ask(org, 'DELETE', 'groups/sales'));

  assert.deepEqual(statuses, [503, 503, 404]);
  assert.equal(await flaky.isSpent(), true);
  assert.equal(await org.verify('groups.delete', { times: 3 }), 3);
  assert.equal(await org.verify({ method: 'DELETE', status: 503, atLeast: 1, atMost: 2 }), 2);
  assert.equal(await org.verifySequence('groups.delete', { operation: 'groups.delete', status: 404 }), 2);
}));

test('a rule has what the control endpoint has', withOrg(async (org) => {
  await org.fault({ operation: 'groups.list', steps: [{ status: 429, retry_after: 2 }, { status: 418, body: { tea: 1 } }] });
  await org.fault({ method: 'GET', path: '/organizations/*/users', fault: 'slow_body', chunkMs: 1, delay: 1, skip: 1, id: 'odd/id' });
  const removed = await org.fault({ status: 500, retryAfter: 1, times: 'always' });

  assert.deepEqual((await org.faults()).map(({ id }) => id), ['fault-1', 'odd/id', 'fault-2']);
  assert.deepEqual([await ask(org, 'GET', 'groups'), await ask(org, 'GET', 'groups'), await ask(org, 'GET', 'groups')], [429, 418, 500]);
  await removed.remove();
  assert.equal(await ask(org, 'GET', 'groups'), 200);
}));

test('the journal tells what was not read', withOrg(async (org) => {
  await ask(org, 'POST', 'groups', { name: 'Sales', desciption: 'typo' });

  const [entry, ...more] = await org.requests('groups.create');

  assert.equal(more.length, 0);
  assert.deepEqual(entry.unread, ['body.desciption']);
  assert.deepEqual(entry.did_you_mean, { 'body.desciption': 'description' });
  assert.deepEqual(await org.requests({ since: entry.id, status: 422, limit: 1 }), []);
}));

test('what was not asked is told', withOrg(async (org) => {
  await org.verify('groups.delete', { times: 0 });
  await assert.rejects(org.verify('groups.delete', { times: 1 }), (error) => error instanceof VerificationError && /expected exactly 1 request for `groups\.delete`, found 0/.test(error.message));
  await assert.rejects(org.verifySequence('groups.list'), VerificationError);
  await assert.rejects(org.verify('groups.lst'), /there is no operation `groups\.lst`/);
}));

test('the clock belongs to the organization', withOrg(async (org) => {
  const newYear = new Date('2031-01-01T00:00:00Z');

  assert.deepEqual(await org.clock.freeze(newYear), newYear);
  assert.deepEqual(await org.clock.freeze('2031-01-01T01:00:00+01:00'), newYear);
  assert.deepEqual(await org.clock.advance(3600), new Date('2031-01-01T01:00:00Z'));
  assert.deepEqual(await org.clock.now(), new Date('2031-01-01T01:00:00Z'));
  assert.ok((await org.mock.clock.now()) < newYear);
  assert.ok((await org.clock.run()) > newYear);
}));

test('its addresses', withOrg(async (org) => {
  assert.equal(org.url('/groups'), `${org.baseUrl}/api/organizations/${org.id}/groups`);
  assert.equal(org.url(), `${org.baseUrl}/api/organizations/${org.id}`);
  assert.equal(org.env.TALLYFY_ORG_ID, org.id);
  assert.match(org.id, /^its-addresses-[0-9a-f]{32}$/);
}));

test('the names of the types are those of the mock', withOrg(async (org) => {
  const types = readFileSync(fileURLToPath(import.meta.resolve('tallyfy-mock').replace(/mjs$/, 'd.ts')), 'utf8');
  const names = (type) => [...types.split(`export type ${type} =`)[1].split(';')[0].matchAll(/'([^']+)'/g)].map(([, name]) => name);
  const { routes } = await (await fetch(`${org.baseUrl}/_mock/routes`)).json();

  assert.deepEqual(new Set(names('Operation')), new Set(routes.map(({ operation }) => operation)));
  await assert.rejects(org.fault({ fault: 'none' }), ({ message }) => message.endsWith(names('FaultKind').join(', ')));
}));

test('a fake clock and a fake fetch are of no consequence', withOrg(async (org, t) => {
  t.mock.timers.enable();
  t.mock.method(globalThis, 'fetch', () => assert.fail('the network is not to be asked'));

  assert.deepEqual(await org.groups(), []);
}));
