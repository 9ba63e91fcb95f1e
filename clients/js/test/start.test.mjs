// How a mock starts and ends, and what is said where it does not.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { TallyfyMock, TallyfyMockError } from 'tallyfy-mock';

const folder = mkdtempSync(join(tmpdir(), 'tallyfy-mock-'));
const { version } = createRequire(import.meta.url)('tallyfy-mock/package.json');
delete process.env.TALLYFY_MOCK_URL; // each of these starts a mock of its own

/** Writes a program, and gives its path. */
function program(name, text, mode = 0o755) {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** Why it does not start. */
async function why(options) {
  const error = await TallyfyMock.start(options).then(() => assert.fail('it started'), (error) => error);
  assert.ok(error instanceof TallyfyMockError, inspect(error));
  return error.message;
}

/** Runs something with other variables. */
async function having(variables, run) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await run();
  } finally {
    for (const name of Object.keys(variables)) {
      if (name in before) process.env[name] = before[name];
      else delete process.env[name];
    }
  }
}

/** Runs code in a process of its own. */
function run(code, variables = {}) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', cwd: import.meta.dirname, env: { ...process.env, ...variables }, timeout: 60_000 });
}

test('a mock starts and stops', async () => {
  const mock = await TallyfyMock.start({ edition: '2025-08' });
  assert.deepEqual([mock.version, mock.edition, mock.isOwn], [version, '2025-08', true]);
  await mock.stop();
  await assert.rejects(mock.reset(), /the mock has ended with exit code 0/);
  await mock.stop();
});

test('a mock keeps no process from ending, and ends with it', async () => {
  const { status, stdout } = run(`
    import { TallyfyMock } from 'tallyfy-mock';
    const mock = await TallyfyMock.start();
    await (await mock.org()).groups();
    console.log(mock.url);`);
  assert.equal(status, 0);
  const gone = await TallyfyMock.connect(stdout.trim()).catch((error) => error.message);
  assert.match(gone, /there is no mock to be reached on /);
});

test('no orphan is left when the run is killed', async () => {
  const code = `
    import { TallyfyMock } from 'tallyfy-mock';
    console.log((await TallyfyMock.start()).url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: import.meta.dirname });
  const { value: url } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const pid = /pid=(\d+)/.exec(execFileSync('ss', ['-Hltnp', `sport = :${new URL(url).port}`], { encoding: 'utf8' }))[1];
  child.kill('SIGKILL');
  await once(child, 'close');
  execFileSync('timeout', ['10', 'tail', '--pid', pid, '-f', '/dev/null']); // fails where it is still there
});

test('the binary is missing, or none', async () => {
  const install = `\`npm install --save-dev tallyfy-mock-${process.platform}-${process.arch}@${version}\``;
  assert.equal(await why({ binary: `${folder}/none` }), `there is no \`${folder}/none\`: ${install}`);
  await having({ TALLYFY_MOCK_BIN: `${folder}/none` }, async () => {
    assert.equal(await why(), `there is no \`${folder}/none\`: unset TALLYFY_MOCK_BIN to use the one of the package, or ${install}`);
  });
  const plain = program('plain', '', 0o644);
  assert.equal(await why({ binary: plain }), `\`${plain}\` is not executable: \`chmod +x\` it, or ${install}`);
  assert.equal(await why({ binary: folder }), `\`${folder}\` cannot be started (EACCES): ${install}`);
  const other = program('other', '\x7fELF of another machine');
  assert.equal(await why({ binary: other }), `\`${other}\` is no program for this machine (${process.platform}-${process.arch}): ${install}`);
});

test('a binary that is older than the package', async () => {
  const older = (path) => `\`${path}\` is tallyfy-mock 0.0.9, older than the npm package ${version}: `;
  const fails = program('fails', '#!/bin/sh\n[ "$1" = --version ] && echo tallyfy-mock 0.0.9 && exit\nexit 2\n');
  assert.ok((await why({ binary: fails })).startsWith(older(fails)));
  const starts = program('starts', `#!${process.execPath}
    const health = JSON.stringify({ name: 'tallyfy-mock', version: '0.0.9', edition: '2026-03' });
    const server = require('node:http').createServer((_, answer) => answer.end(health));
    server.listen(0, '127.0.0.1', () => console.log('tallyfy-mock is ready on http://127.0.0.1:' + server.address().port));
    process.stdin.resume().on('end', () => process.exit(0));`);
  assert.ok((await why({ binary: starts })).startsWith(older(starts)));
});

test('a program that is no mock', async () => {
  const answersVersion = '#!/bin/sh\n[ "$1" = --version ] && exit\n';
  const silent = program('silent', `${answersVersion}exit 0\n`);
  assert.equal(await why({ binary: silent }), `\`${silent}\` did not start: it ended with exit code 0`);
  const talks = program('talks', `${answersVersion}echo hello; exec sleep 60\n`);
  assert.equal(await why({ binary: talks }), `\`${talks}\` did not start: it said \`hello\` and not where it listens`);
  const waits = program('waits', `${answersVersion}echo deep in thought >&2; exec sleep 60\n`);
  assert.equal(await why({ binary: waits, timeout: 1000 }), `\`${waits}\` did not start: it was not ready within 1000 ms; it said:\ndeep in thought`);
});

test('a mock that does not start says why', async () => {
  const fixture = join(folder, 'typo.json');
  writeFileSync(fixture, '{"version": 1, "organizations": [{"id": "acme", "groups": [{"nme": "B"}]}]}');
  const said = await why({ fixtures: fixture });
  assert.match(said, /it ended with exit code 1; it said:\n/);
  assert.ok(said.includes(`${fixture}: organizations[0].groups[0].nme: unknown key; did you mean \`name\`?`), said);
  assert.match(await why({ args: ['--edtion=2026-03'] }), /unexpected argument '--edtion'/);
  assert.match(await why({ edition: '2020-01' }), /invalid value '2020-01'/);
});

test('the control token is passed on and never shown', async () => {
  const secret = 'only-for-the-two-of-us';
  const variables = { TALLYFY_MOCK_CONTROL_TOKEN: secret };
  for (const [options, set] of [[{ controlToken: secret }, {}], [{}, variables]]) {
    const mock = await having(set, () => TallyfyMock.start({ args: ['--log-level=debug'], ...options }));
    const org = await mock.org();
    assert.deepEqual(await org.groups(), []);
    const pid = /pid=(\d+)/.exec(execFileSync('ss', ['-Hltnp', `sport = :${new URL(mock.url).port}`], { encoding: 'utf8' }))[1];
    const shown = [inspect(mock, { depth: 9, showHidden: true }), inspect(org, { depth: 9 }), JSON.stringify(org), mock.log, readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
    for (const controlToken of [undefined, `${secret}!`]) {
      const refused = await TallyfyMock.connect(mock.url, { controlToken }).then((it) => it.org()).catch((error) => error);
      assert.match(refused.message, /TALLYFY_MOCK_CONTROL_TOKEN/);
      shown.push(inspect(refused));
    }
    const other = await TallyfyMock.connect(mock.url, { controlToken: secret });
    assert.deepEqual(await (await other.org()).groups(), []);
    await mock.stop();
    shown.push(inspect(await org.groups().catch((error) => error)));
    assert.ok(!shown.join('').includes(secret));
  }
  await assert.rejects(TallyfyMock.connect('http://127.0.0.1:1', { controlToken: `${secret}\n` }), ({ message }) => message === 'the control token has characters that no header can carry');
});

test('a mock that runs is taken', async () => {
  const running = await TallyfyMock.start();
  await having({ TALLYFY_MOCK_URL: `${running.url}/` }, async () => {
    const taken = await TallyfyMock.start();
    assert.deepEqual([taken.url, taken.isOwn], [running.url, false]);
    await taken.stop();
    assert.deepEqual(await (await running.org()).groups(), [], 'whoever did not start it does not stop it');
    for (const options of [{ edition: '2025-08' }, { fixtures: 'a.json' }, { args: ['--strict'] }, { binary: 'mock' }]) {
      const message = `\`${Object.keys(options)}\` cannot be had of the mock that TALLYFY_MOCK_URL names (${running.url}/): `;
      assert.ok((await why(options)).startsWith(message));
    }
    await running.stop();
    assert.match(await why(), /there is no mock to be reached on http:/);
  });
  await assert.rejects(TallyfyMock.connect(), /which mock\?/);
  for (const wrong of ['127.0.0.1:8255', 'https://go.tallyfy.com', 'http://127.0.0.1:port', 'http://localhost:1/groups']) {
    await assert.rejects(TallyfyMock.connect(wrong), /is no URL of a mock/);
  }
});

test('ids of organizations repeat where they are to', async () => {
  const ids = [];
  for (const seed of [7, 7, 8, undefined]) {
    const mock = await TallyfyMock.start({ seed });
    for (const name of ['a', 'a', 'b']) ids.push((await mock.org(undefined, { name })).id);
    await mock.stop();
  }
  assert.deepEqual(ids.slice(0, 3), ids.slice(3, 6));
  assert.equal(new Set(ids).size, 9);
});

test('the command is run by npx', async () => {
  const command = join(import.meta.dirname, '../node_modules/.bin/tallyfy-mock');
  const shown = (args, variables) => spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...variables } });
  assert.equal(shown(['--version']).stdout, `tallyfy-mock ${version}\n`);
  assert.equal(shown(['--none']).status, 2);
  const missing = shown([], { TALLYFY_MOCK_BIN: '/none' });
  assert.deepEqual([missing.status, missing.stderr.startsWith('error: there is no `/none`: unset TALLYFY_MOCK_BIN')], [1, true]);

  const served = spawn(command, ['--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const { value: ready } = await createInterface({ input: served.stdout })[Symbol.asyncIterator]().next();
  served.kill('SIGTERM');
  assert.deepEqual(await once(served, 'exit'), [0, null], 'a signal reaches the mock');
  await assert.rejects(TallyfyMock.connect(ready.replace('tallyfy-mock is ready on ', '')), /there is no mock to be reached on /);
});

test('it is had by require too, and is the same', () => {
  const { status, stderr } = spawnSync(process.execPath, ['-e', `
    const { TallyfyMock, withOrg } = require('tallyfy-mock');
    import('tallyfy-mock').then((esm) => { if (esm.TallyfyMock !== TallyfyMock || esm.withOrg !== withOrg) process.exit(1); });`], { cwd: import.meta.dirname, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
