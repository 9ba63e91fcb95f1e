// Each JavaScript block of the documents is a file, and does what its page says. DOCS names the repository.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const pages = ['README.md', 'docs/javascript.md', 'clients/js/README.md'];
const { TALLYFY_MOCK_URL: _, NODE_TEST_CONTEXT: __, ...env } = process.env;

/** The runner of a file, by what is in it. */
function runnerOf(name, code) {
  if (name.startsWith('vitest.') || code.includes("from 'vitest'")) return 'vitest';
  if (name.startsWith('jest.') || name.endsWith('.cjs')) return 'jest';
  return 'node';
}

const commands = {
  vitest: ['vitest', 'run'],
  jest: ['jest', '--testMatch', '**/*.test.cjs'],
  node: ['node', '--test', '--test-reporter=spec'],
};
/** Where they are: among the project's packages, and beside this Node. */
const path = [join(import.meta.dirname, '../../node_modules/.bin'), join(process.execPath, '..'), process.env.PATH].join(':');

for (const page of pages) {
  test(page, () => {
    const text = readFileSync(join(process.env.DOCS, page), 'utf8');
    const blocks = [...text.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```\n(?:\n```report\n(.*?)^```\n)?/gms)];
    assert.equal(blocks.length, text.split('\n```js\n').length - 1, 'each begins with the name of a file');
    assert.ok(blocks.length > 0);
    assert.equal(blocks.filter(([, , , report]) => report).length, page === 'README.md' ? 0 : text.split('\n```report\n').length - 1);
    const folder = join(import.meta.dirname, `docs-${pages.indexOf(page)}`);
    rmSync(folder, { recursive: true, force: true });
    for (const [, name, code] of blocks) {
      mkdirSync(join(folder, runnerOf(name, code)), { recursive: true });
      writeFileSync(join(folder, runnerOf(name, code), name), code);
    }
    let ran = 0;
    for (const [runner, [command, ...args]] of Object.entries(commands)) {
      const its = blocks.filter(([, name, code]) => runnerOf(name, code) === runner);
      const tests = its.filter(([, name]) => name.includes('.test.'));
      if (its.length === 0) continue;
      const run = spawnSync(command, args, { cwd: join(folder, runner), encoding: 'utf8', timeout: 120_000, env: { ...env, PATH: path, NO_COLOR: '1', CI: '1' } });
      const printed = (run.stdout + run.stderr).replace(/\u001b\[[0-9;]*m/g, '');
      const failing = tests.filter(([, , , report]) => report);
      assert.equal(run.status, failing.length > 0 ? 1 : 0, printed);
      const passed = tests.length - failing.length;
      const count = { vitest: `Tests  ${passed} passed`, jest: `Tests:       ${passed} passed`, node: `pass ${passed}\n` };
      assert.ok(printed.includes(count[runner]), printed);
      const lines = printed.split('\n').map((line) => line.trim());
      for (const wanted of failing.flatMap(([, , , report]) => report.trimEnd().split('\n'))) {
        const pattern = wanted.trim().split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
        assert.ok(lines.some((line) => new RegExp(`^${pattern}$`).test(line)), `${wanted}\n${printed}`);
      }
      ran += tests.length;
    }
    assert.equal(ran, blocks.filter(([, name]) => name.includes('.test.')).length);
  });
}
