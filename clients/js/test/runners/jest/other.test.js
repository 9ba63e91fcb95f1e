const { withOrg } = require('tallyfy-mock');

test('has an organization of its own', withOrg(async (org) => {
  expect(await org.groups()).toEqual([]);
  await org.seed({ groups: [{ name: 'Sales' }] });
}));

test('fails, as it is meant', withOrg(async (org) => {
  const sent = { method: 'POST', headers: { ...org.headers, 'Content-Type': 'application/json' }, body: '{"nme":1}' };
  expect((await fetch(org.url('groups'), sent)).status).toBe(201);
}));
