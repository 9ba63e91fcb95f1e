import 'vitest';
import type { StartOptions } from './index.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** The mock that the global setup started. */
    tallyfyMock: { url: string };
  }
}

/** What vitest hands to a global setup, as far as it is looked at here. */
interface Project {
  provide(key: 'tallyfyMock', value: { url: string }): void;
}

type GlobalSetup = (project: Project) => Promise<() => Promise<void>>;

/** A global setup that starts its mock with these options. */
export function setup(options?: StartOptions): GlobalSetup;

/** The global setup: one mock for all workers. */
declare const globalSetup: GlobalSetup;
export default globalSetup;
