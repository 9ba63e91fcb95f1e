// The packages fit together: one version, and a package for each platform that the main one asks for. DOCS names the repository.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(process.env.DOCS, 'clients/js');
const read = (path) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));

test('the packages have one version, and say for which platform they are', () => {
  const main = read('.');
  const platforms = readdirSync(join(root, 'npm'));
  assert.deepEqual(main.optionalDependencies, Object.fromEntries(platforms.map((platform) => [`tallyfy-mock-${platform}`, main.version])));
  for (const platform of platforms) {
    const { name, version, os, cpu, files } = read(`npm/${platform}`);
    const file = platform.startsWith('win32') ? 'tallyfy-mock.exe' : 'tallyfy-mock';
    assert.deepEqual([name, version, files], [`tallyfy-mock-${platform}`, main.version, [file]]);
    assert.equal(`${os}-${cpu}`, platform);
  }
});
