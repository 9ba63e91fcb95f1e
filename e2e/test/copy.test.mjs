// Part 5: what is copied can be read first, and does what it says.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect, until } from '../browser.mjs';
import { binary, startMock } from '../mock.mjs';

const bytes = (...all) => Buffer.concat(all.map((it) => (typeof it === 'string' ? Buffer.from(it) : Buffer.from([it]))));
const json = (name) => JSON.stringify({ name, description: 'd' });

/** Requests with whatever a shell, curl or a page might take for something else. */
const HARD = [
  ['GET', '?per_page=5&q=a%27b%22c%24(id)%60id%60', {}],
  ['GET', "?q=it's&with[]=users&x={1..3}&y=[a-z]", {}],
  ['HEAD', '', {}],
  ['DELETE', '/..%2f..%2f%00', {}],
  ['PATCH', '', { body: '' }],
  ['POST', '', { body: json('plain') }],
  ['POST', '', { body: json(`quotes ' '' '\\'' " \` $HOME $(id) \\ ! # & | ; < > * ?`) }],
  ['POST', '', { body: json('line\nbreak\ttab \u202e reversed \u0000 escaped NUL é 漢 😀') }],
  ['POST', '', { body: '@/etc/passwd' }],
  ['POST', '', { body: '-X DELETE --data @x' }],
  ['POST', '', { body: '%s %d %% \\n \\000' }],
  ['POST', '', { body: '\r\n\n  {"name": "spaces kept" ,\t"n":12345678901234567890, "f": 1.50 }\n\n' }],
  ['POST', '', { body: bytes('a', 0, 'b', 0, 'c\'%\\d') }],
  ['POST', '', { body: bytes(0xff, 0xfe, 0x80, 'x', 0xc3) }],
  ['POST', '', { body: bytes(0xef, 0xbb, 0xbf, '{"name":"BOM"}') }],
  ['POST', '', { body: bytes(...Array.from({ length: 256 }, (_, i) => i)) }],
  ['POST', '', { body: 'x'.repeat(16000) }],
  ['POST', '', { body: json('form'), headers: { 'Content-Type': 'text/plain; charset="a b"' } }],
  ['PUT', '/any', { body: json('h'), headers: { 'X-Odd': `'";$(id)\\ [] {} é`.normalize('NFC').replace('é', ''), 'X-Empty': '', Prefer: 'code=418', Accept: '' } }],
  ["G'ET$(id)", '', { raw: true }],
];

const same = (entry) => {
  const { id, at, duration_us, headers, unread, did_you_mean, reason, response, status, body, under_way, client_gone, ...rest } = entry;
  const { host, connection, 'content-length': length, 'transfer-encoding': coding, ...others } = headers;
  return { ...rest, status, headers: others };
};

async function copied(page, button) {
  await page.locator(button).click();
  await page.locator('#text[open]').waitFor();
  const shown = await page.locator('#text-body').textContent();
  await page.click('#text-copy');
  await page.locator('#text-done').getByText('copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown, 'what is copied is what was read');
  await page.click('#text-close');
  return shown;
}

const sh = (script) => execFileSync('sh', ['-c', script], { env: { PATH: process.env.PATH, TALLYFY_API_TOKEN: 'the-token-of-the-environment' }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 20000 });

test('curl, run by sh, asks the same again, byte for byte', async () => {
  const mock = await startMock();
  const page = await inspect(mock);
  for (const [method, path, { raw, ...more }] of HARD) {
    if (raw) {
      const socket = net.connect(mock.port, '127.0.0.1');
      socket.end(`${method} ${mock.groups('acme', path)} HTTP/1.1\r\nHost: h\r\nX-Tallyfy-Client: x\r\nConnection: close\r\n\r\n`);
      await new Promise((done) => { socket.on('close', done).resume(); });
    } else await mock.ask(method, mock.groups('acme', path), more);
    const before = (await mock.requests()).at(-1);
    await page.goto(`${mock.url}/_mock/#requests?id=${before.id}`);
    await until(page, (id) => document.querySelector('#detail .crumb')?.textContent.startsWith(`request ${id} `), before.id);
    const script = await copied(page, '#as-curl');
    assert.ok(!script.includes('[redacted]') && !script.includes('any-token'), script);
    // A name that was taken by the first is free for the second.
    await mock.control('reset?scope=state', { method: 'POST' });
    sh(`${script} > /dev/null`);
    const again = (await mock.requests()).at(-1);
    assert.ok(again.id > before.id, script);
    assert.deepEqual(same(again), same(before), script);
    const bodyOf = async ({ id }) => Buffer.from(await (await fetch(`${mock.url}/_mock/requests/${id}/body`)).arrayBuffer());
    assert.deepEqual(await bodyOf(again), await bodyOf(before), script);
  }
  await page.done();
  await mock.stop();
});

test('curl has the token of the environment in the place of one that was redacted', async () => {
  const mock = await startMock();
  const secret = 'tok_0123456789abcdef0123456789abcdef';
  await mock.ask('GET', mock.groups('acme', `?api_key=${secret}`), { token: secret });
  const page = await inspect(mock);
  await page.locator('#rows .row').click();
  const script = await copied(page, '#as-curl');
  assert.ok(!script.includes(secret) && !script.includes('redacted'), script);
  assert.match(script, /-H "Authorization: Bearer \$TALLYFY_API_TOKEN"/);
  const echoed = sh(script.replace(/^curl/, 'printf "%s\\n"')).toString();
  assert.match(echoed, /api_key=the-token-of-the-environment/);
  await page.done();
  await mock.stop();
});

test('curl is not offered where the journal has only the beginning of the body', async () => {
  const mock = await startMock();
  await mock.ask('POST', mock.groups('acme'), { body: JSON.stringify({ name: 'A', description: 'x'.repeat(20000) }) });
  // A body that only looks like one that was cut is none.
  await mock.ask('POST', mock.groups('acme'), { body: '{"bytes":5,"cut":"x"}' });
  const page = await inspect(mock);
  await page.locator('#rows .row[data-id="1"]').click();
  await page.locator('#as-curl[disabled]').waitFor();
  assert.match(await page.locator('#body').textContent(), /… of 20\d+ bytes/);
  await page.locator('#rows .row[data-id="2"]').click();
  await page.locator('#as-curl:not([disabled])').waitFor();
  await page.done();
  await mock.stop();
});

test('an expectation holds, a rule strikes, a fixture is one', async () => {
  const mock = await startMock();
  await mock.ask('POST', mock.groups('acme'), { body: JSON.stringify({ name: '<b>', description: 'd', members: [7] }) });
  await mock.ask('POST', '/api/organizations/acme/group', { body: '{}' });
  const page = await inspect(mock);
  for (const id of [1, 2]) {
    await page.goto(`${mock.url}/_mock/#requests?id=${id}`);
    await until(page, (wanted) => document.querySelector('#detail .crumb')?.textContent.startsWith(`request ${wanted} `), id);
    const expectation = JSON.parse(await copied(page, 'button:text("Copy as expectation")'));
    if (id === 1) assert.deepEqual(expectation.body, { name: '<b>', description: 'd', members: [7] });
    assert.deepEqual(await mock.control('requests/verify', { method: 'POST', json: expectation }), { count: 1 });
    await assert.rejects(mock.control('requests/verify', { method: 'POST', json: { ...expectation, status: 299 } }), /409/);
    const rule = JSON.parse(await copied(page, 'button:text("Copy as rule")'));
    await mock.control('faults/copied', { method: 'PUT', json: rule });
    const entry = await mock.control(`requests/${id}`);
    assert.equal(await mock.ask('POST', entry.path, { body: '{}' }), 503);
  }
  await page.goto(`${mock.url}/_mock/#state?org=acme`);
  const fixture = await copied(page, '#as-fixture');
  const file = join(mkdtempSync(join(tmpdir(), 'inspector-')), 'copied.json');
  writeFileSync(file, fixture);
  execFileSync(binary, ['validate', file], { stdio: 'pipe' });
  const other = await startMock({ args: ['--fixtures', file] });
  assert.deepEqual(await other.control('state?org=acme'), await mock.control('state?org=acme'));
  await page.done();
  await other.stop();
  await mock.stop();
});
