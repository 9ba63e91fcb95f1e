// A mock that was started here: its process, and what it says.
'use strict';

const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const { clearTimeout, setTimeout } = require('node:timers'); // those of a test may stand still
const { promisify } = require('node:util');
const { isProgramHere, noProgramHere, tooOld, whyNotStarted } = require('./binary');
const { TallyfyMockError } = require('./errors');
const { isOlder, version } = require('./version');

const READY = 'tallyfy-mock is ready on ';
/** How much is remembered of what it says on standard error, in bytes. */
const REMEMBERED = 64 * 1024;

/** A running mock. It ends with this process, however that ends: the pipe to its standard input closes then. */
class MockProcess {
  #child;
  #said = Buffer.alloc(0);
  #ended;

  /** Starts it, and waits until it is ready; `timeout` is in milliseconds. */
  static async start(binary, args, env, timeout) {
    const started = new MockProcess();
    await started.#spawn(binary, args, env);
    started.url = await started.#ready(binary, timeout);
    started.#hold(false);
    return started;
  }

  /** With what it ended; null while it runs. */
  get exitCode() {
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** The end of what it said on standard error. */
  get said() {
    return this.#said.toString().trim();
  }

  /** Whether it has ended, or does within so many milliseconds. */
  async hasEnded(within) {
    this.#hold(true);
    const hasEnded = await before(this.#ended.then(() => true), within, false);
    this.#hold(false);
    return hasEnded;
  }

  /** Ends it, and waits until it has. */
  async stop() {
    this.#child.stdin.end();
    if (await this.hasEnded(5000)) return;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #spawn(binary, args, env) {
    try {
      this.#child = spawn(binary, args, { env, stdio: 'pipe', windowsHide: true });
      this.#ended = once(this.#child, 'close');
      this.#ended.catch(() => {}); // told below
      await once(this.#child, 'spawn');
    } catch (error) {
      throw whyNotStarted(binary, error);
    }
    this.#child.stdin.on('error', () => {}); // it may end at any time
    this.#child.stderr.on('data', (piece) => {
      this.#said = Buffer.concat([this.#said, piece]).subarray(-REMEMBERED);
    });
  }

  /** Waits for the line that says where it listens. */
  async #ready(binary, timeout) {
    const said = await before(this.#firstLine(), timeout, null);
    if (said?.startsWith(READY)) return said.slice(READY.length);
    if (said === null) throw await this.#notReady(binary, `it was not ready within ${timeout} ms`);
    if (said) throw await this.#notReady(binary, `it said \`${said}\` and not where it listens`);
    await this.hasEnded(5000);
    throw await this.#notReady(binary, `it ended with exit code ${this.exitCode}`);
  }

  /** The first line on standard output; empty where there is none. */
  async #firstLine() {
    let text = '';
    for await (const piece of this.#child.stdout.iterator({ destroyOnReturn: false })) {
      text += piece;
      if (text.includes('\n') || text.length > 4096) break;
    }
    this.#child.stdout.resume();
    return text.split('\n')[0].trimEnd();
  }

  async #notReady(binary, why) {
    if (this.exitCode === null) this.#child.kill('SIGKILL');
    await this.stop();
    if (!isProgramHere(binary)) return noProgramHere(binary);
    const its = await versionOf(binary);
    if (its && isOlder(its, version)) return tooOld(`\`${binary}\``, its, binary);
    const said = this.said ? `; it said:\n${this.said}` : '';
    return new TallyfyMockError(`\`${binary}\` did not start: ${why}${said}`);
  }

  /** Whether this process waits for it before it ends by itself. */
  #hold(isHeld) {
    for (const part of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      if (isHeld) part.ref?.();
      else part.unref?.();
    }
  }
}

/** What is promised, or something else where it takes more than so many milliseconds. */
async function before(promised, milliseconds, otherwise) {
  let timer;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds, otherwise);
  });
  return Promise.race([promised, over]).finally(() => clearTimeout(timer));
}

/** What a binary says of its version, if it is a mock. */
async function versionOf(binary) {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 5000 });
    return /^tallyfy-mock (\S+)\s*$/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

module.exports = { MockProcess };
