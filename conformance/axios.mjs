// The five operations by axios, with the real host written into them as in the documentation's samples.
import axios from 'axios';

const { TALLYFY_ORG_ID, TALLYFY_ACCESS_TOKEN, CREATE_STATUS, UPDATE_STATUS, DELETE_STATUS } = process.env;
const groups = `https://go.tallyfy.com/api/organizations/${TALLYFY_ORG_ID}/groups`;
const headers = { Authorization: `Bearer ${TALLYFY_ACCESS_TOKEN}`, 'X-Tallyfy-Client': 'APIClient' };

async function call(name, method, url, statuses, data) {
  try {
    const answer = await axios({ method, url, headers, data, validateStatus: (status) => statuses.split(' ').includes(`${status}`) });
    console.log(`ok ${name} (${answer.status})`);
    return answer.data;
  } catch (error) {
    console.log(`FAILED ${name}: ${error.message} ${JSON.stringify(error.response?.data) ?? ''}`);
    process.exit(1);
  }
}

const fields = { name: 'Onboarding Specialists', description: 'Team responsible for new client onboarding.', members: [1001] };
const created = await call('create', 'POST', groups, CREATE_STATUS, fields);
const group = `${groups}/${created.data.id}`;
await call('list', 'GET', `${groups}?per_page=10&page=1`, '200');
await call('get', 'GET', group, '200');
await call('update', 'PUT', group, UPDATE_STATUS, { description: 'Handles Tier 1 support.' });
await call('delete', 'DELETE', group, DELETE_STATUS);
