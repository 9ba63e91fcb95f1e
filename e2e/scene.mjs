// What there is to see: something of every kind in each view.
import { live } from './browser.mjs';

/** Something of every kind, so that each view has all that it can show. */
export async function filled(mock) {
  await mock.control('faults/flaky?org=acme', { method: 'PUT', json: { match: { operation: 'groups.delete' }, steps: [{ times: 2, status: 503, write: 'after' }, { fault: 'connection_reset' }] } });
  await mock.ask('GET', mock.groups('northwind', '?per_page=100&sortby=name'));
  await mock.ask('POST', mock.groups('northwind'), { body: JSON.stringify({ name: 'Field service', description: 'On site', members: [1001], guests: ['client@partner.example.com'] }) });
  await mock.ask('PUT', mock.groups('northwind', '/53a4560dc877f9b4f709f97630efbb5a'), { body: JSON.stringify({ description: 'Turns leads into friends' }) });
  await mock.ask('DELETE', mock.groups('acme', '/any'));
  await mock.ask('GET', '/api/organizations/acme/group');
  await mock.ask('GET', mock.groups('acme'), { token: null });
  await mock.ask('POST', mock.groups('acme'), { body: JSON.stringify({ name: 'Sales', desciption: 'Sells', members: [1001] }) });
}

export const VIEWS = ['#requests?id=', '#state?org=northwind&group=53a4560dc877f9b4f709f97630efbb5a', '#faults', '#clock', '#coverage'];

export async function open(page, mock, view) {
  const { id } = (await mock.requests()).find((it) => it.status === 422);
  await page.goto(`${mock.url}/_mock/${view.endsWith('id=') ? view + id : view}`);
  await live(page);
  const inside = { requests: '#answer', state: '#group pre', faults: 'article.rule', clock: '#now', coverage: 'table' }[/\w+/.exec(view)[0]];
  await page.locator(inside).first().waitFor();
}
