// An organization for each test, and what a failing one tells.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TallyfyMock, withOrg } from 'tallyfy-mock';
import { ask } from './client.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tallyfy-mock-'));

/** Writes a fixture, and gives its path. */
function fixture(name, world) {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ version: 1, ...world }));
  return path;
}

for (const n of [1, 2]) {
  test(`what a test leaves behind touches no other: ${n}`, withOrg(async (org) => {
    assert.deepEqual([await org.groups(), await org.faults(), await org.requests()], [[], [], []]);
    assert.ok((await org.clock.now()) < new Date('2031-01-01T00:00:00Z'));
    await org.seed({ groups: [{ name: 'Sales' }] });
    await org.fault({ status: 500, times: 'always' });
    await org.clock.freeze('2031-01-01T00:00:00Z');
    assert.equal(await ask(org, 'GET', 'groups'), 500);
  }));
}

test('a test leaves nothing behind, whether it fails or not', async () => {
  let left;
  const leave = async (org) => {
    left = org;
    await org.seed({ groups: [{ name: 'Sales' }] });
  };
  await withOrg(leave)();
  assert.deepEqual([await left.groups(), await left.requests()], [[], []]);
  await assert.rejects(withOrg((org) => leave(org).then(() => assert.fail('as it is meant')))());
  assert.deepEqual(await left.groups(), []);
});

test('a failing test tells what its organization was asked', async () => {
  const failing = withOrg(async (org) => {
    await org.fault({ operation: 'groups.delete', status: 503, write: 'after', times: 2, id: 'flaky' });
    await ask(org, 'GET', 'groups?per_page=5&pge=1');
    await ask(org, 'DELETE', 'groups/sales');
    await ask(org, 'POST', 'groups', { name: 'Sales', desciption: 'typo' });
    await fetch(`${org.baseUrl}/api/organizations/written-into-it/groups`);
    await ask(await org.mock.org(), 'GET', 'groups');
    assert.fail('as it is meant');
  });
  await assert.rejects(failing(), (error) => {
    const told = error.message.split('\n').map((line) => line.trimEnd());
    assert.match(told[2], /^tallyfy-mock: organization org-[0-9a-f]{32} on http:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual([told[0], ...told.slice(3).map((line) => line.replace(/; those that are read: .*/, ''))], [
      'as it is meant',
      '  200 GET /api/organizations/{org}/groups?per_page=5&pge=1',
      '      not read: query.pge (did you mean `page`?)',
      '  503 DELETE /api/organizations/{org}/groups/sales',
      '      struck by the rule `flaky`',
      '  422 POST /api/organizations/{org}/groups',
      '      The description field is required; 1 field of the body was not read',
      '      sent: {"desciption":"typo","name":"Sales"}',
      '      not read: body.desciption (did you mean `description`?)',
      '  requests that were not to it, nor to another that was given out:',
      '  401 GET /api/organizations/written-into-it/groups',
      '      there is no `Authorization` header',
      '  rules that are not used up:',
      '  flaky: groups.delete, {"status":503,"write":"after"}: 1 of 2 left',
    ]);
    assert.ok(error.stack.includes('not read: body.desciption'), 'runners print the stack');
    assert.ok(error.stack.includes('with-org.test.mjs'));
    return true;
  });
});

test('whatever is thrown stays what it is, and its report is told', async (t) => {
  const told = /tallyfy-mock: organization org-[0-9a-f]{32} on .*\n {2}no request reached it/;
  const timeout = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  const getter = new (class extends Error {
    get message() {
      return 'of its class';
    }
  })();
  for (const error of [timeout, getter, new RangeError(''), new Error('a $& of regular expressions')]) {
    const { name, message } = error;
    await assert.rejects(withOrg(() => Promise.reject(error))(), (thrown) => thrown === error);
    assert.equal(error.name, name);
    assert.ok(error.message.startsWith(`${message}\n\ntallyfy-mock: `), error.message);
    for (const text of [error.message, error.stack]) assert.match(text, told);
  }
  const print = t.mock.method(console, 'error', () => {});
  for (const error of ['a text', undefined, null, Object.freeze(new Error('frozen'))]) {
    await assert.rejects(withOrg(() => Promise.reject(error))(), (thrown) => thrown === error);
    assert.match(print.mock.calls.at(-1).arguments[0], told);
  }
  assert.equal(print.mock.callCount(), 4);
});

test('a mock that died is told with its last words', async () => {
  const failing = withOrg({ args: ['--log-level=info'], edition: '2026-03' }, async (org) => {
    process.kill(Number(await pidOf(org)), 'SIGKILL');
    await org.groups();
  });
  await assert.rejects(failing(), /the mock has ended with exit code SIGKILL; it said:\n.*base URL/s);
});

/** The process that listens where the organization's mock does. */
async function pidOf(org) {
  const { execFileSync } = await import('node:child_process');
  const shown = execFileSync('ss', ['-Hltnp', `sport = :${new URL(org.baseUrl).port}`], { encoding: 'utf8' });
  return /pid=(\d+)/.exec(shown)[1];
}

test('a test may want a mock of its own kind', withOrg({ edition: '2025-08' }, async (org) => {
  assert.equal(org.mock.edition, '2025-08');
}));

test('the organization may be one of the fixtures', async () => {
  const fixtures = fixture('declared.json', { organizations: [{ id: 'acme', groups: [{ id: 'old', name: 'Old' }] }] });
  for (const _ of [1, 2]) {
    await withOrg({ fixtures, org: 'acme' }, async (org) => {
      assert.deepEqual((await org.groups()).map(({ id }) => id), ['old']);
      await org.seed({ groups: [{ name: 'New' }] });
    })();
  }
  await assert.rejects(withOrg({ fixtures }, () => {})(), /there is no fresh organization, as the fixtures have no `template`; the mock's fixtures declare these: `acme`/);
  await assert.rejects(withOrg({ fixtures, org: 'acm' }, () => {})(), /there is no organization `acm`; the mock's fixtures declare these: `acme`/);
});

test('where tokens are declared one is taken that is good', async () => {
  const users = [{ id: 1, role: 'admin' }, { id: 2 }];
  const tokens = [
    { token: 'light', user: 2, organizations: ['acme'] },
    { token: 'old', user: 1, organizations: ['acme'], expires_at: '2020-01-01T00:00:00Z' },
    { token: 'admin', user: 1, organizations: ['acme'] },
  ];
  const fixtures = fixture('tokens.json', { tokens, organizations: [{ id: 'acme', users }, { id: 'globex' }], template: {} });
  await withOrg({ fixtures, org: 'acme' }, (org) => assert.equal(org.token, 'admin'))();
  await assert.rejects(withOrg({ fixtures, org: 'globex' }, () => {})(), /none is good for the organization `globex`/);
  await assert.rejects(withOrg({ fixtures }, () => {})(), /\(those are: `acme`\), or declare a token without `organizations`/);
});

test('two suites at once on one mock do not meet', async () => {
  const running = await TallyfyMock.start();
  const [one, other] = [await TallyfyMock.connect(running.url), await TallyfyMock.connect({ url: `${running.url}/api` })];
  const [first, second] = [await one.org(), await other.org()];
  await first.seed({ groups: [{ name: 'Sales' }] });
  assert.notEqual(first.id, second.id);
  assert.deepEqual(await second.groups(), []);
  // What `await using` calls.
  await first[Symbol.asyncDispose]();
  assert.deepEqual(await first.groups(), []);
  await running[Symbol.asyncDispose]();
  await assert.rejects(second.groups(), /there is no mock to be reached on /);
});
