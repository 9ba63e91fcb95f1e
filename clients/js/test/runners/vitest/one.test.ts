import { TallyfyMock, withOrg } from 'tallyfy-mock';
import { expect, inject, test, vi } from 'vitest';

const { url } = inject('tallyfyMock');

test('is the mock of the run', withOrg(async (org, { task }) => {
  expect(org.mock.url).toBe(url);
  expect(org.mock.isOwn).toBe(false);
  expect(org.id).toContain('is-the-mock-of-the-run');
  expect(task.name).toBe('is the mock of the run');
}));

test.concurrent.each([1, 2, 3])('has an organization of its own: %i', async () => {
  const mock = await TallyfyMock.connect(inject('tallyfyMock'));
  const org = await mock.org();
  expect(await org.groups()).toEqual([]);
  await org.seed({ groups: [{ name: 'Sales' }] });
  expect(await org.groups()).toHaveLength(1);
});

test('with timers that stand still', withOrg(async (org) => {
  vi.useFakeTimers();
  expect(await org.groups()).toEqual([]);
  vi.useRealTimers();
}));
