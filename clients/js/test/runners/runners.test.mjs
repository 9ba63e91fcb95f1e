// The suites beside this file, each under its runner: what they print, and that nothing of theirs is left.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const { TALLYFY_MOCK_URL: _, NODE_TEST_CONTEXT: __, ...env } = process.env;

/** The commands of the project's packages, and this Node. */
const commands = [join(import.meta.dirname, '../../node_modules/.bin'), join(process.execPath, '..'), process.env.PATH].join(':');

/** Runs a command in a folder; gives what it printed, without colours. */
function run(folder, command, ...args) {
  const cwd = join(import.meta.dirname, folder);
  const run = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000, env: { ...env, PATH: commands, NO_COLOR: '1', CI: '1' } });
  return { status: run.status, printed: (run.stdout + run.stderr).replace(/\u001b\[[0-9;]*m/g, '') };
}

const told = [
  /tallyfy-mock: organization [A-Za-z0-9_-]+ on http:\/\/127\.0\.0\.1:\d+\n/,
  /422 POST \/api\/organizations\/\{org\}\/groups\n/,
  /sent: \{"nme":1\}\n/,
  /not read: body\.nme \(did you mean `name`\?\)/,
];

for (const [folder, command, args, counts] of [
  ['vitest', 'vitest', ['run'], /Tests {2}1 failed \| 6 passed/],
  ['jest', 'jest', ['--workers=2'], /Tests: +1 failed, 4 passed/],
  ['jest', 'jest', ['--runInBand', '--globalSetup=', '--detectOpenHandles'], /Tests: +2 failed, 3 passed/],
  ['node', 'node', ['--test', '--test-reporter=spec'], /pass 1\n.*fail 1\n/],
]) {
  test(`${folder} ${args.join(' ')}`, () => {
    const { status, printed } = run(folder, command, ...args);
    assert.match(printed, counts);
    assert.equal(status, 1, printed);
    for (const line of told) assert.match(printed, line);
    assert.doesNotMatch(printed, /did not exit|open handle/i);
  });
}

for (const [folder, command, args] of [['vitest-options', 'vitest', ['run']], ['jest-options', 'jest', []]]) {
  test(folder, () => {
    const { status, printed } = run(folder, command, ...args);
    assert.equal(status, 0, printed);
    assert.match(printed, /Tests: +1 passed|Tests {2}1 passed/);
    assert.doesNotMatch(printed, /only-ours/);
  });
}

test('the types', () => {
  const { status, printed } = run('types', 'tsc', '-p', '.');
  assert.equal(status, 0, printed);
});
