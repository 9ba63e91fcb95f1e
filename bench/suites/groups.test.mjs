// Forty tests of the client, as somebody else's suite has them: SERVER says against what.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Groups } from './client.mjs';
import { withServer } from './servers.mjs';

const some = (count) => Array.from({ length: count }, (_, n) => ({ id: `${n + 1}`.padStart(32, '0'), name: `Group ${n + 1}`, description: 'One of many' }));
const first = some(1)[0].id;

/** A test with a server, a client of it, and how long that would have waited. */
function case_(name, run) {
  test(name, withServer(async (server) => {
    const slept = [];
    await run(server, new Groups(server.baseUrl, server.org, server.token, (seconds) => slept.push(seconds)), slept);
  }));
}

const asked = (groups, id) => ({ list: () => groups.all(), get: () => groups.get(id), rename: () => groups.rename(id, 'x'), delete: () => groups.delete(id) });

for (const count of [0, 1, 9, 10, 11, 19, 20, 21, 50]) {
  case_(`all pages are read: ${count}`, async (server, groups) => {
    await server.has(some(count));
    assert.deepEqual((await groups.all()).map(({ name }) => name), some(count).map(({ name }) => name));
    assert.equal(await server.wasAsked('list'), Math.max(1, Math.ceil(count / 10)));
  });
}

for (const operation of ['list', 'get']) {
  for (const status of [429, 502, 503, 504]) {
    case_(`another try where the server could not answer: ${operation}, ${status}`, async (server, groups, slept) => {
      await server.has(some(1));
      await server.fails(operation, { status });
      await asked(groups, first)[operation]();
      assert.deepEqual([await server.wasAsked(operation), slept], [2, [1]]);
    });
  }
}

for (const status of [400, 401, 403, 500]) {
  case_(`no other try where it is of no use: ${status}`, async (server, groups, slept) => {
    await server.has(some(1));
    await server.fails('list', { status });
    await assert.rejects(groups.all(), { status });
    assert.deepEqual([await server.wasAsked('list'), slept], [1, []]);
  });
}

for (const operation of ['list', 'get', 'delete']) {
  case_(`it gives up in the end: ${operation}`, async (server, groups, slept) => {
    await server.has(some(1));
    await server.fails(operation, { status: 503, times: 4 });
    await assert.rejects(asked(groups, '1')[operation](), { status: 503 });
    assert.deepEqual([await server.wasAsked(operation), slept], [4, [1, 2, 4]]);
  });

  case_(`a connection that breaks: ${operation}`, async (server, groups) => {
    await server.has(some(1));
    await server.fails(operation, { fault: 'connection_reset' });
    await asked(groups, first)[operation]();
    assert.equal(await server.wasAsked(operation), 2);
  });
}

case_('connections that always break', async (server, groups) => {
  await server.has([]);
  await server.fails('list', { fault: 'connection_reset', times: 4 });
  await assert.rejects(groups.all(), TypeError);
});

for (const seconds of [0, 2, 60]) {
  case_(`it waits as long as it is told: ${seconds}`, async (server, groups, slept) => {
    await server.has(some(1));
    await server.fails('list', { status: 429, retry_after: seconds });
    await groups.all();
    assert.deepEqual(slept, [seconds]);
  });
}

case_('different failures in turn', async (server, groups, slept) => {
  await server.has(some(1));
  await server.fails('get', { status: 503 }, { fault: 'connection_reset' }, { status: 429, retry_after: 9 });
  assert.equal((await groups.get(first)).name, 'Group 1');
  assert.deepEqual(slept, [1, 2, 9]);
});

case_('a page in the middle fails', async (server, groups) => {
  await server.has(some(25));
  await groups.all();
  await server.fails('list', { status: 503 });
  assert.equal((await groups.all()).length, 25);
  assert.equal(await server.wasAsked('list'), 3 + 4);
});

case_('a group is created', async (server, groups) => {
  await server.has([]);
  assert.equal((await groups.create('Created', 'Made')).name, 'Created');
});

case_('a group without a name is refused', async (server, groups) => {
  await server.has([]);
  await assert.rejects(groups.create('', 'Made'), ({ status, errors }) => status === 422 && Object.keys(errors).join() === 'name');
});

case_('a group is renamed', async (server, groups) => {
  await server.has(some(2));
  assert.equal((await groups.rename(first, 'Renamed')).name, 'Renamed');
});

for (const operation of ['get', 'rename', 'delete']) {
  case_(`a group that is not there: ${operation}`, async (server, groups) => {
    await server.has(some(1));
    await assert.rejects(asked(groups, 'f'.repeat(32))[operation](), { status: 404 });
  });
}

case_('a group is deleted', async (server, groups) => {
  await server.has(some(1));
  await groups.delete(first);
  assert.equal(await server.wasAsked('delete'), 1);
});
