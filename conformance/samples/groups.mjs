// The documentation's JavaScript samples for groups, written anew: `groups.mjs OPERATION`. Like them it has its token and its
// organization written into it. Exits 1 where a sample says that it failed.
const accessToken = 'YOUR_PERSONAL_ACCESS_TOKEN';
const orgId = 'YOUR_ORGANIZATION_ID';
const headers = {
  Authorization: `Bearer ${accessToken}`,
  Accept: 'application/json',
  'X-Tallyfy-Client': 'APIClient',
};
const withJson = { ...headers, 'Content-Type': 'application/json' };

/** What the answer says, or an error if it refuses. */
async function read(response) {
  const answer = await response.json();
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(answer)}`);
  return answer.data;
}

const samples = {
  async list() {
    const query = new URLSearchParams({ with: 'assets', per_page: '10', page: '1' });
    const groups = await read(await fetch(`https://go.tallyfy.com/api/organizations/${orgId}/groups?${query}`, { method: 'GET', headers }));
    for (const group of groups) console.log(group.id, group.name);
  },

  async get() {
    const groupId = 'GROUP_ID_TO_GET';
    const group = await read(await fetch(`https://go.tallyfy.com/api/organizations/${orgId}/groups/${groupId}?with=assets`, { method: 'GET', headers }));
    console.log(group.name);
  },

  async create() {
    const fields = { name: 'Night Shift', description: 'Answers while others sleep.', members: [1001, 1005], guests: ['client@partner.com'] };
    const url = `https://go.tallyfy.com/api/organizations/${orgId}/groups`;
    const group = await read(await fetch(url, { method: 'POST', headers: withJson, body: JSON.stringify(fields) }));
    console.log(group.id);
  },

  async update() {
    const groupId = 'GROUP_ID_TO_UPDATE';
    const fields = { description: 'Second line.', members: [1001, 1002], guests: [] };
    const url = `https://go.tallyfy.com/api/organizations/${orgId}/groups/${groupId}`;
    const group = await read(await fetch(url, { method: 'PUT', headers: withJson, body: JSON.stringify(fields) }));
    console.log(group.name);
  },

  async delete() {
    const groupId = 'GROUP_ID_TO_DELETE';
    const response = await fetch(`https://go.tallyfy.com/api/organizations/${orgId}/groups/${groupId}`, { method: 'DELETE', headers });
    if (response.status !== 204) throw new Error(`not deleted: ${response.status} ${await response.text()}`);
    console.log('deleted');
  },
};

try {
  await samples[process.argv[2]]();
} catch (error) {
  console.error(error.message, error.cause?.message ?? '');
  process.exitCode = 1;
}
