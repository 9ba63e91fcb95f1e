import { withOrg } from 'tallyfy-mock';
import { expect, test } from 'vitest';

test('the mock has the options', withOrg(async (org) => {
  expect(org.mock.edition).toBe('2025-08');
  expect((await fetch(`${org.baseUrl}/_mock/state`)).status).toBe(401);
  expect(await org.groups()).toEqual([]);
}));
