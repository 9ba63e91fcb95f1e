// A test with an organization of its own, under any test runner.
'use strict';

const { TallyfyMock } = require('./mock');
const { report } = require('./report');

/** The mocks of this process: one of each kind that a test asks for. */
const mocks = new Map();

/** Makes a test of a function that takes an organization. */
function withOrg(options, test) {
  if (typeof options === 'function') return withOrg({}, options);
  const { org: id, ...kind } = options;
  // A runner that loads each file anew, as Jest does, has a hook for its end.
  if (typeof globalThis.afterAll === 'function') globalThis.afterAll(() => stop(kind));
  return async (...args) => {
    const mock = await started(kind);
    const org = await mock.org(id, { name: nameOf(args) });
    const last = mock.isOwn ? await mock.requests({ limit: 1 }) : [];
    try {
      await test(org, ...args);
    } catch (error) {
      await tell(error, org, last.at(-1)?.id ?? 0);
      throw error;
    }
    await org.reset();
  };
}

function started(kind) {
  const key = JSON.stringify(kind);
  if (!mocks.has(key)) mocks.set(key, TallyfyMock.start(kind));
  return mocks.get(key);
}

async function stop(kind) {
  const key = JSON.stringify(kind);
  const mock = mocks.get(key);
  mocks.delete(key);
  await mock?.then((it) => it.stop(), () => {}); // why it did not start was told to each test
}

/** What the runner calls the test, where it says so. */
function nameOf(args) {
  const name = args[0]?.task?.name ?? args[0]?.name ?? globalThis.expect?.getState?.().currentTestName;
  return typeof name === 'string' ? name : 'org';
}

/** Adds to an error what its organization was asked, and leaves the organization as it was. */
async function tell(error, org, since) {
  try {
    const told = await report(org, since);
    await org.reset();
    add(error, told);
  } catch (inMock) {
    add(error, inMock.message);
  }
}

/** Writes it into the error, as runners print that; an error that cannot be written to has it printed before. */
function add(error, text) {
  try {
    const { message, stack } = error;
    const longer = `${message}\n\n${text}`;
    // Those of the platform, such as that of a timeout, have both by their prototypes.
    Object.defineProperty(error, 'message', { value: longer, configurable: true, writable: true });
    // The stack repeats the message as it was when the error was made.
    const value = String(stack).replace(message, () => longer);
    Object.defineProperty(error, 'stack', { value, configurable: true, writable: true });
  } catch {
    console.error(text);
  }
}

module.exports = { withOrg };
