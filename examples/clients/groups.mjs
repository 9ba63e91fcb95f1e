// Create, list, get, update and delete a group with Node's own fetch (Node 18 or later).
import { isDeepStrictEqual } from 'node:util';

const base = process.env.TALLYFY_BASE_URL || 'http://127.0.0.1:8255/api';
const token = process.env.TALLYFY_ACCESS_TOKEN || 'any-token';
const org = process.env.TALLYFY_ORG_ID || 'clients-node';
const name = `Launch team (node ${process.pid}-${Date.now()})`;

/** Sends one request to the groups of the organization and checks the status; gives back the body, or null where it is empty. */
async function call(step, method, path, expectedStatus, fields) {
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: 'application/json',
    'X-Tallyfy-Client': 'APIClient',
  };
  if (fields) headers['Content-Type'] = 'application/json';
  const response = await fetch(`${base}/organizations/${org}/groups${path}`, {
    method,
    headers,
    body: fields && JSON.stringify(fields),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  check(response.status === expectedStatus, `${step}: expected status ${expectedStatus}, got ${response.status}`, text);
  console.log(`${step}: ${response.status}`);
  return text === '' ? null : JSON.parse(text);
}

function check(condition, message, body) {
  if (!condition) throw new Error(`${message}: ${typeof body === 'string' ? body : JSON.stringify(body)}`);
}

async function main() {
  const fields = { name, description: 'Before' };
  const created = await call('create', 'POST', '', 201, fields);
  const group = created?.data;
  check(/^[0-9a-f]{32}$/.test(group?.id), 'create: no usable data.id', created);
  check(group.name === name && group.description === 'Before', 'create: not the group we asked for', created);
  for (const key of ['logo', 'members', 'guests', 'created_at', 'last_updated']) {
    check(key in group, `create: no data.${key}`, created);
  }

  const refused = await call('create again', 'POST', '', 422, fields);
  const taken = ['The name has already been taken.'];
  check(isDeepStrictEqual(refused?.errors?.name, taken), 'create again: unexpected errors', refused);

  const list = await call('list', 'GET', `?q=${encodeURIComponent(name)}`, 200);
  check(isDeepStrictEqual(list?.data, [group]), 'list: expected just the new group', list);
  check(list.meta?.pagination?.total === 1, 'list: expected a total of 1', list);

  const got = await call('get', 'GET', `/${group.id}`, 200);
  check(isDeepStrictEqual(got?.data, group), 'get: not the group we created', got);

  const updated = await call('update', 'PUT', `/${group.id}`, 201, { description: 'After' });
  const after = { ...group, description: 'After', last_updated: updated?.data?.last_updated };
  check(isDeepStrictEqual(updated?.data, after), 'update: expected only the description to change', updated);

  const nothing = await call('delete', 'DELETE', `/${group.id}`, 204);
  check(nothing === null, 'delete: expected an empty body', nothing);

  const gone = await call('get afterwards', 'GET', `/${group.id}`, 404);
  check(gone?.code === 'RESOURCE_NOT_FOUND', 'get afterwards: unexpected code', gone);
}

try {
  await main();
  console.log('groups.mjs: ok');
} catch (error) {
  console.error(`groups.mjs: ${error.message}${error.cause ? ` (${error.cause.message || error.cause.code})` : ''}`);
  process.exitCode = 1;
}
