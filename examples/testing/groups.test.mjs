// A mock for the whole suite and an organization for each test: `node --test groups.test.mjs` (Node 18 or later).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

const binary = process.env.TALLYFY_MOCK_BIN || 'target/debug/tallyfy-mock';
let server;
let url;

/** Starts the binary and waits for its ready line. */
async function start() {
  server = spawn(binary, ['--port', '0', '--log-level', 'warn'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => server.kill());
  await once(server, 'spawn'); // or rejects, and says why the binary could not be started
  const { value: line } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
  url = /^tallyfy-mock is ready on (http:\/\/.+)$/.exec(line ?? '')?.[1];
  assert.ok(url, `expected the ready line, got ${line}`);
}

async function stop() {
  if (!server.kill()) return; // it is not running
  const [status] = await once(server, 'exit');
  assert.equal(status, 0);
}

/** Sends one request; gives back the status and the body, or null where it is empty. */
async function send(method, address, headers, json) {
  if (json) headers = { ...headers, 'Content-Type': 'application/json' };
  const body = json && JSON.stringify(json);
  const response = await fetch(address, { method, headers, body, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

/** One organization: Tallyfy's side by `api`, the mock's own by `control`. */
class Org {
  id = `node-${randomUUID()}`;

  api(method, path = '', json) {
    const headers = { Authorization: 'Bearer any-token', 'X-Tallyfy-Client': 'APIClient' };
    return send(method, `${url}/api/organizations/${this.id}/groups${path}`, headers, json);
  }

  control(method, path, json, query = '') {
    return send(method, `${url}/_mock/${path}?org=${this.id}${query}`, {}, json);
  }

  /** Seeds one group and gives back its path. */
  async seedSales() {
    const seeded = await this.control('POST', 'seed', { groups: [{ name: 'Sales', description: 'Sells' }] });
    assert.deepEqual(seeded, { status: 204, body: null });
    const listed = await this.api('GET');
    return `/${listed.body.data[0].id}`;
  }
}

/** Stands for the client under test: tries again after a 5xx. Gives back the statuses that it met. */
async function deleteWithRetry(org, path) {
  const met = [];
  do {
    met.push((await org.api('DELETE', path)).status);
  } while (met.at(-1) >= 500 && met.length < 3);
  return met;
}

describe('groups', () => {
  before(start);
  after(stop);

  test('a seeded group is listed', async () => {
    const org = new Org();
    await org.seedSales();

    const listed = await org.api('GET');

    assert.equal(listed.status, 200);
    assert.deepEqual(listed.body.data.map((group) => [group.name, group.description]), [['Sales', 'Sells']]);
  });

  test('a delete that was applied but answered 503 is retried into a 404', async () => {
    const org = new Org();
    const sales = await org.seedSales();
    const rule = { match: { operation: 'groups.delete' }, steps: [{ status: 503, write: 'after' }] };
    assert.equal((await org.control('PUT', 'faults/flaky', rule)).status, 200);

    assert.deepEqual(await deleteWithRetry(org, sales), [503, 404]);

    assert.deepEqual((await org.api('GET')).body.data, []);
  });

  test('the journal tells of a field that nobody read', async () => {
    const org = new Org();
    const sales = await org.seedSales();

    await org.api('PUT', sales, { desciption: 'typo' });

    const journal = await org.control('GET', 'requests', undefined, '&operation=groups.update');
    assert.equal(journal.body.dropped, 0);
    assert.equal(journal.body.requests.length, 1);
    const [entry] = journal.body.requests;
    assert.deepEqual(entry.body, { desciption: 'typo' });
    assert.equal(entry.status, 201);
    assert.deepEqual(entry.unread, ['body.desciption']);

    const once = { operation: 'groups.update', times: { exactly: 1 } };
    const verified = await org.control('POST', 'requests/verify', once);
    assert.equal(verified.status, 200, JSON.stringify(verified.body));
  });
});
