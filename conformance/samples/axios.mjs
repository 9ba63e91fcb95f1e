// The same as groups.mjs by axios: `axios.mjs OPERATION`.
import axios from 'axios';

const { TALLYFY_ORG_ID, TALLYFY_ACCESS_TOKEN } = process.env;
const groups = `https://go.tallyfy.com/api/organizations/${TALLYFY_ORG_ID}/groups`;
const headers = { Authorization: `Bearer ${TALLYFY_ACCESS_TOKEN}`, Accept: 'application/json', 'X-Tallyfy-Client': 'APIClient' };

const samples = {
  list: () => axios.get(groups, { headers, params: { with: 'assets', per_page: 10, page: 1 } }),
  get: () => axios.get(`${groups}/GROUP_ID_TO_GET`, { headers, params: { with: 'assets' } }),
  create: () => axios.post(groups, { name: 'Night Shift', description: 'Answers while others sleep.', members: [1001] }, { headers }),
  update: () => axios.put(`${groups}/GROUP_ID_TO_UPDATE`, { description: 'Second line.' }, { headers }),
  delete: () => axios.delete(`${groups}/GROUP_ID_TO_DELETE`, { headers, validateStatus: (status) => status === 204 }),
};

try {
  const { data } = await samples[process.argv[2]]();
  console.log(JSON.stringify(data));
} catch (error) {
  console.error(error.message, JSON.stringify(error.response?.data) ?? '');
  process.exitCode = 1;
}
