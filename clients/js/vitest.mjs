// The global setup for vitest: one mock for all workers.
import { TallyfyMock } from './index.mjs';

/** A global setup that starts its mock with these options. */
export function setup(options) {
  return async (project) => {
    const before = process.env.TALLYFY_MOCK_URL;
    const mock = await TallyfyMock.start(options);
    process.env.TALLYFY_MOCK_URL = mock.url; // where `withOrg` looks, in the workers
    if (options?.controlToken) process.env.TALLYFY_MOCK_CONTROL_TOKEN = options.controlToken;
    project.provide('tallyfyMock', { url: mock.url });
    return async () => {
      if (before === undefined) delete process.env.TALLYFY_MOCK_URL;
      await mock.stop();
    };
  };
}

export default setup();
