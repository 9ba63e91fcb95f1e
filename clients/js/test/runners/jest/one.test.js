const { withOrg } = require('tallyfy-mock');

test('is the mock of the run', withOrg(async (org) => {
  expect(org.mock.url).toBe(process.env.TALLYFY_MOCK_URL);
  expect(org.mock.isOwn).toBe(false);
  expect(org.id).toContain('is-the-mock-of-the-run');
}));

test('with timers that stand still', withOrg(async (org) => {
  jest.useFakeTimers();
  expect(await org.groups()).toEqual([]);
  jest.useRealTimers();
}));
