// What the types allow, and what they do not. It is compiled, never run.
import { TallyfyMock, TallyfyMockError, VerificationError, withOrg, type Fault, type Group } from 'tallyfy-mock';
import setup, { setup as setupWith } from 'tallyfy-mock/vitest';

await using mock = await TallyfyMock.start({ edition: '2025-08', seed: 1, fixtures: [new URL('file:///a.json'), 'b'] });
await using org = await mock.org();
await org.seed({ groups: [{ name: 'Sales' }], allow_manage_groups: false });
const fault: Fault = await org.fault({ operation: 'groups.list', status: 429, retryAfter: 2, times: 'always' });
const groups: Group[] = await org.groups();
const count: number = await org.verify('groups.list', { times: 1, status: 429 });
await org.verify({ method: 'GET', atLeast: 1 });
await org.verifySequence('groups.list', { status: 200 });
const now: Date = await org.clock.advance(1);
const of: string[] = (await org.requests('groups.list')).flatMap(({ unread }) => unread);
console.log(fault, groups, count, now, of, setup, setupWith({ controlToken: 'x' }), TallyfyMockError, VerificationError);

// @ts-expect-error there is no such operation
await org.fault({ operation: 'groups.lst', status: 500 });
// @ts-expect-error nor such a fault
await org.fault({ fault: 'conection_reset' });
// @ts-expect-error a mock is started or connected to
new TallyfyMock();

const test: (given: { name: string }) => Promise<void> = withOrg(async (it, given: { name: string }) => {
  await it.seed({ groups: [{ name: given.name }] });
});
console.log(test);
