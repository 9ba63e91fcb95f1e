/** @jest-environment jsdom */
const { withOrg } = require('tallyfy-mock');

test('in a page', withOrg(async (org) => {
  expect(document.body).not.toBeNull();
  expect(await org.groups()).toEqual([]);
}));
