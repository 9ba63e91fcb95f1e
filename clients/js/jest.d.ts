import type { StartOptions } from './index.js';

type GlobalSetup = () => Promise<void>;

/** The global setup: one mock for all workers, which find it by `TALLYFY_MOCK_URL`. It ends with Jest. */
declare const globalSetup: GlobalSetup & {
  /** A global setup that starts its mock with these options. */
  setup(options?: StartOptions): GlobalSetup;
};
export = globalSetup;
