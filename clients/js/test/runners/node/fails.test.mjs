import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withOrg } from 'tallyfy-mock';

test('passes', withOrg(async (org) => {
  assert.deepEqual(await org.groups(), []);
}));

test('fails, as it is meant', withOrg(async (org) => {
  const sent = { method: 'POST', headers: { ...org.headers, 'Content-Type': 'application/json' }, body: '{"nme":1}' };
  assert.equal((await fetch(org.url('groups'), sent)).status, 201);
}));
