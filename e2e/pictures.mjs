// A picture of each view in both colour schemes, into the folder that PICTURES names.
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from './browser.mjs';
import { startMock } from './mock.mjs';
import { filled, open, VIEWS } from './scene.mjs';

const folder = process.env.PICTURES ?? 'target/e2e/pictures';

for (const scheme of ['light', 'dark']) {
  test(`pictures in ${scheme}`, async () => {
    mkdirSync(folder, { recursive: true });
    const mock = await startMock({ args: ['--seed', '1', '--clock', '2026-03-01T09:00:00Z', '--set', 'time_format=micros'] });
    await filled(mock);
    const page = await inspect(mock, '', { scheme });
    const slow = mock.ask('GET', mock.groups('acme'), { headers: { Prefer: 'delay=3600000' } });
    for (const view of VIEWS) {
      await open(page, mock, view);
      await page.mouse.move(0, 0);
      await page.screenshot({ path: `${folder}/inspector-${/\w+/.exec(view)[0]}-${scheme}.png` });
    }
    slow.abort();
    await page.done();
    await mock.stop();
  });
}
