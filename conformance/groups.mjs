// The five operations as the documentation's JavaScript samples do them: fetch, statuses checked, updates without a name.
const { TALLYFY_BASE_URL, TALLYFY_ORG_ID, TALLYFY_ACCESS_TOKEN } = process.env;
const groups = `${TALLYFY_BASE_URL}/organizations/${TALLYFY_ORG_ID}/groups`;
let operation;

/** Sends one request, checks the status and gives back what the body says, or null where it is empty. */
async function call(name, method, url, statuses, fields) {
  operation = name;
  const headers = {
    Authorization: `Bearer ${TALLYFY_ACCESS_TOKEN}`,
    Accept: 'application/json',
    'X-Tallyfy-Client': 'APIClient',
  };
  if (fields) headers['Content-Type'] = 'application/json';
  const response = await fetch(url, { method, headers, body: fields && JSON.stringify(fields) });
  const body = await response.text();
  check(statuses.split(' ').includes(`${response.status}`), `expected status ${statuses}, got ${response.status}: ${body}`);
  operation = `${name} (${response.status})`;
  return body === '' ? null : JSON.parse(body);
}

function check(condition, message) {
  if (!condition) throw new Error(message);
}

/** What the group has under these keys. */
const part = (group, fields) => JSON.stringify(Object.keys(fields).map((key) => group?.[key]));
const has = (group, fields) => check(part(group, fields) === JSON.stringify(Object.values(fields)), JSON.stringify(group));
const done = () => console.log(`ok ${operation}`);

try {
  const fields = {
    name: 'Onboarding Specialists',
    description: 'Team responsible for new client onboarding.',
    members: [1001, 1005, 1008],
    guests: ['client.liaison@partner.com'],
  };
  const created = await call('create', 'POST', groups, process.env.CREATE_STATUS, fields);
  has(created.data, fields);
  done();

  const list = await call('list', 'GET', `${groups}?with=assets&per_page=10&page=1`, '200');
  check(list.meta.pagination.total === 1, JSON.stringify(list.meta));
  has(list.data[0], { ...created.data, assets: { data: [] } });
  done();

  const group = `${groups}/${created.data.id}`;
  const got = await call('get', 'GET', `${group}?with=assets`, '200');
  has(got.data, { ...created.data, assets: { data: [] } });
  done();

  const changes = { description: 'Handles Tier 1 support.', members: [1001, 1002], guests: [] };
  const updated = await call('update', 'PUT', group, process.env.UPDATE_STATUS, changes);
  has(updated.data, { id: created.data.id, name: fields.name, ...changes });
  done();

  const deleted = await call('delete', 'DELETE', group, process.env.DELETE_STATUS);
  check(deleted === null || deleted.data.id === created.data.id, JSON.stringify(deleted));
  done();
} catch (error) {
  console.log(`FAILED ${operation}: ${error.message} ${error.cause?.message ?? ''}`);
  process.exitCode = 1;
}
