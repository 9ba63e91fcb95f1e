import { withOrg } from 'tallyfy-mock';
import { expect, inject, test } from 'vitest';

test('is the mock of the other file', withOrg(async (org) => {
  console.log(`mock ${org.mock.url}`);
  expect(org.mock.url).toBe(inject('tallyfyMock').url);
}));

test('fails, as it is meant', withOrg(async (org) => {
  const sent = { method: 'POST', headers: { ...org.headers, 'Content-Type': 'application/json' }, body: '{"nme":1}' };
  expect((await fetch(org.url('groups'), sent)).status).toBe(201);
}));
