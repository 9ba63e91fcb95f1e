// One organization of a mock, and what a test does to it.
'use strict';

const { Clock } = require('./clock');
const { given } = require('./control');
const { TallyfyMockError, VerificationError } = require('./errors');
const { Fault } = require('./fault');

/** An organization: its data, faults, clock and journal. Others never notice what happens to it. */
class TallyfyOrg {
  #control;
  #rules = 0;

  constructor(mock, control, id, token) {
    this.#control = control;
    this.mock = mock;
    this.id = id;
    this.token = token;
    this.clock = new Clock(control, id);
  }

  get baseUrl() {
    return this.#control.url;
  }

  url(path = '') {
    const rest = path.replace(/^\/+/, '');
    return `${this.baseUrl}/api/organizations/${this.id}${rest && `/${rest}`}`;
  }

  get headers() {
    return { Authorization: `Bearer ${this.token}`, 'X-Tallyfy-Client': 'APIClient' };
  }

  get env() {
    return {
      TALLYFY_BASE_URL: this.baseUrl,
      TALLYFY_API_BASE_URL: this.baseUrl,
      TALLYFY_API_TOKEN: this.token,
      TALLYFY_ACCESS_TOKEN: this.token,
      TALLYFY_ORG_ID: this.id,
    };
  }

  async seed(organization) {
    await this.#call('POST', 'seed', {}, organization);
  }

  async groups() {
    return (await this.state()).groups ?? [];
  }

  async state() {
    return this.#call('GET', 'state');
  }

  async fault({ operation, method, path, token, steps, skip, probability, id, ...step } = {}) {
    if (steps !== undefined && Object.keys(step).length > 0) {
      throw new TypeError(`${Object.keys(step).join(', ')}: say it in \`steps\`, or leave \`steps\` out`);
    }
    if (typeof step.delay === 'number') step.delay = { fixed_ms: step.delay };
    const { retryAfter, chunkMs, ...same } = step;
    const one = given({ ...same, retry_after: retryAfter, chunk_ms: chunkMs });
    const match = given({ operation, method, path, token });
    const fault = new Fault(this.#control, this.id, id ?? `fault-${++this.#rules}`);
    await fault.put(given({ match, steps: steps ?? [one], skip, probability }));
    return fault;
  }

  async faults() {
    return (await this.#call('GET', 'faults')).faults;
  }

  async requests(query = {}) {
    const asked = typeof query === 'string' ? { operation: query } : query;
    return (await this.#call('GET', 'requests', asked)).requests;
  }

  async verify(expected, bounds) {
    const { times, atLeast, atMost, ...request } =
      typeof expected === 'string' ? { operation: expected, ...bounds } : { ...expected, ...bounds };
    const limits = given({ exactly: times, at_least: atLeast, at_most: atMost });
    return this.#verify(Object.keys(limits).length ? { ...request, times: limits } : request);
  }

  async verifySequence(...expected) {
    const sequence = expected.map((one) => (typeof one === 'string' ? { operation: one } : one));
    return this.#verify({ sequence });
  }

  async reset() {
    await this.#call('POST', 'reset');
  }

  async [Symbol.asyncDispose]() {
    await this.reset();
  }

  async #verify(expected) {
    try {
      return (await this.#call('POST', 'requests/verify', {}, expected)).count;
    } catch (error) {
      if (!(error instanceof TallyfyMockError) || error.status !== 409) throw error;
      throw new VerificationError(error.message);
    }
  }

  #call(method, path, query, body) {
    return this.#control.call(method, path, { ...query, org: this.id }, body);
  }
}

module.exports = { TallyfyOrg };
