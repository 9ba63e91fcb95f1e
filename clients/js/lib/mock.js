// A mock that was started here, or one that runs already.
'use strict';

const { createHash, randomUUID } = require('node:crypto');
const { fileURLToPath } = require('node:url');
const { findBinary, tooOld } = require('./binary');
const { Clock } = require('./clock');
const { Control } = require('./control');
const { TallyfyMockError } = require('./errors');
const { TallyfyOrg } = require('./org');
const { MockProcess } = require('./process');
const { tokenFor } = require('./tokens');
const { isOlder, version } = require('./version');

class TallyfyMock {
  #control;
  #seed;
  #made = new Map();
  #handedOut = new Set();
  #isOpen = false; // not yet known to be

  static async start({ fixtures = [], edition, seed, controlToken, args = [], binary, timeout = 10_000 } = {}) {
    const paths = [fixtures].flat().map((path) => (typeof path === 'string' ? path : fileURLToPath(path)));
    const running = process.env.TALLYFY_MOCK_URL;
    if (running) {
      const wanted = { fixtures: paths.length, edition, args: args.length, binary };
      const asked = Object.keys(wanted).filter((name) => wanted[name]);
      if (asked.length > 0) {
        const names = asked.map((name) => `\`${name}\``).join(', ');
        throw new TallyfyMockError(
          `${names} cannot be had of the mock that TALLYFY_MOCK_URL names (${running}): unset it, or start that one so`,
        );
      }
      return TallyfyMock.connect(running, { controlToken, seed });
    }
    const token = controlToken ?? process.env.TALLYFY_MOCK_CONTROL_TOKEN;
    const flags = paths.map((path) => `--fixtures=${path}`);
    if (edition !== undefined) flags.push(`--edition=${edition}`);
    if (seed !== undefined) flags.push(`--seed=${seed}`);
    const path = binary ?? findBinary();
    const started = await MockProcess.start(path, [...flags, ...args], environment(token), timeout);
    try {
      return await TallyfyMock.#found(new Control(started.url, token, started), seed, `\`${path}\``, path);
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  static async connect(where = process.env.TALLYFY_MOCK_URL, { controlToken, seed } = {}) {
    const url = typeof where === 'object' ? where.url : where;
    if (!url) throw new TallyfyMockError('which mock? Give its URL, or set TALLYFY_MOCK_URL');
    const token = controlToken ?? process.env.TALLYFY_MOCK_CONTROL_TOKEN;
    return TallyfyMock.#found(new Control(url, token), seed, `the mock on ${url}`);
  }

  /** Asks who it is that answers. */
  static async #found(control, seed, what, binary) {
    const health = await control.call('GET', 'health');
    if (health?.name !== 'tallyfy-mock') throw new TallyfyMockError(`what answers on ${control.url} is no tallyfy-mock`);
    if (isOlder(health.version, version)) throw tooOld(what, health.version, binary);
    const mock = new TallyfyMock();
    mock.#control = control;
    mock.#seed = seed;
    mock.version = health.version;
    mock.edition = health.edition;
    mock.clock = new Clock(control);
    return mock;
  }

  get url() {
    return this.#control.url;
  }

  get isOwn() {
    return this.#control.process !== undefined;
  }

  get log() {
    return this.#control.process?.said ?? '';
  }

  async org(id, { name = 'org' } = {}) {
    let itsId = id;
    if (itsId === undefined) {
      itsId = this.#freshId(name);
      if (!this.#isOpen) await this.#check(itsId, 'there is no fresh organization, as the fixtures have no `template`');
      this.#isOpen = true;
    } else {
      await this.#check(itsId, `there is no organization \`${itsId}\``);
    }
    this.#handedOut.add(itsId);
    return new TallyfyOrg(this, this.#control, itsId, await tokenFor(this.#control, itsId));
  }

  async requests(query = {}) {
    return (await this.#control.call('GET', 'requests', query)).requests;
  }

  /** Requests to no organization that `org` gave out, after that entry; of a mock that was not started here, none. */
  async strays(since) {
    const entries = this.isOwn ? await this.requests({ since }) : [];
    return entries.filter(({ org }) => !this.#handedOut.has(org));
  }

  async reset() {
    await this.#control.call('POST', 'reset');
  }

  async stop() {
    await this.#control.process?.stop();
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  #freshId(name) {
    let part = randomUUID().replaceAll('-', '');
    if (this.#seed !== undefined) {
      const count = (this.#made.get(name) ?? 0) + 1;
      this.#made.set(name, count);
      part = createHash('sha256').update(`tallyfy-mock:${this.#seed}:${name}:${count}`).digest('hex').slice(0, 32);
    }
    const known = name.replace(/[^A-Za-z0-9_]+/g, '-').slice(-150).replace(/^-+|-+$/g, '');
    return `${known}-${part}`;
  }

  /** Refuses an organization that does not exist and cannot come to be. */
  async #check(id, otherwise) {
    try {
      await this.#control.call('GET', 'changes', { org: id });
    } catch (error) {
      if (error.status !== 404) throw error;
      const { organizations } = await this.#control.call('GET', 'organizations');
      const declared = organizations.filter(({ stored }) => stored).map((org) => `\`${org.id}\``);
      throw new TallyfyMockError(`${otherwise}; the mock's fixtures declare these: ${declared.join(', ')}`);
    }
  }
}

/** The variables of a mock that is started here. Its flags win over them. */
function environment(token) {
  const { TALLYFY_MOCK_HOST: ofAnother, ...rest } = process.env;
  const variables = { TALLYFY_MOCK_LOG_LEVEL: 'warn', ...rest, TALLYFY_MOCK_PORT: '0', TALLYFY_MOCK_EXIT_WITH_STDIN: 'true' };
  if (token) variables.TALLYFY_MOCK_CONTROL_TOKEN = token;
  return variables;
}

module.exports = { TallyfyMock };
