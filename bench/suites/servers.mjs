// The two servers that the suite is run against, with the three things that its tests ask of one.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { withOrg } from 'tallyfy-mock';

const OPERATIONS = { list: ['GET', ''], get: ['GET', '/{id}'], create: ['POST', ''], rename: ['PUT', '/{id}'], delete: ['DELETE', '/{id}'] };
const nameOf = (operation) => `groups.${operation === 'rename' ? 'update' : operation}`;

/** An organization of tallyfy-mock, as the package gives it. */
class Tallyfy {
  constructor(org) {
    Object.assign(this, { its: org, baseUrl: org.baseUrl, org: org.id, token: org.token });
  }

  has = (groups) => this.its.seed({ groups });
  fails = (operation, ...steps) => this.its.fault({ operation: nameOf(operation), steps });
  wasAsked = async (operation) => (await this.its.requests(nameOf(operation))).length;
}

/** A WireMock that was started for the run; its answers are written by hand, as it knows nothing of Tallyfy. */
class WireMock {
  org = 'acme';
  token = 'any-token';
  path = '/api/organizations/acme/groups';

  static async start() {
    const child = spawn('java', ['-jar', process.env.WIREMOCK_JAR, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
    process.once('exit', () => child.kill('SIGKILL'));
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^port: +(\d+)/.exec(line)?.[1];
      if (!port) continue;
      child.unref();
      child.stdout.unref();
      return `http://127.0.0.1:${port}`;
    }
    throw new Error('WireMock did not start');
  }

  constructor(baseUrl) {
    this.baseUrl = baseUrl;
  }

  async has(groups, perPage = 10) {
    const pages = Math.max(1, Math.ceil(groups.length / perPage));
    for (let page = 1; page <= pages; page++) {
      const data = groups.slice((page - 1) * perPage, page * perPage);
      const meta = { pagination: { total: groups.length, total_pages: pages, current_page: page } };
      await this.#stub({ urlPath: this.path, method: 'GET', queryParameters: { page: { equalTo: `${page}` } } }, 200, { data, meta });
    }
    for (const group of groups) {
      const urlPath = `${this.path}/${group.id}`;
      await this.#stub({ urlPath, method: 'GET' }, 200, { data: group });
      await this.#stub({ urlPath, method: 'DELETE' }, 204);
      await this.#stub({ urlPath, method: 'PUT' }, 201, { data: { ...group, name: 'Renamed' } });
    }
    const missing = { error: true, message: 'Resource not found', code: 'RESOURCE_NOT_FOUND' };
    await this.#stub({ urlPathPattern: `${this.path}/.*`, method: 'ANY' }, 404, missing, { priority: 9 });
    const created = { data: { id: 'new', name: 'Created', description: 'Made' } };
    await this.#stub({ urlPath: this.path, method: 'POST' }, 201, created, { priority: 8 });
    const wrong = { error: true, message: 'The given data was invalid.', errors: { name: ['The name field is required.'] } };
    const bodyPatterns = [{ matchesJsonPath: { expression: '$.name', equalTo: '' } }];
    await this.#stub({ urlPath: this.path, method: 'POST', bodyPatterns }, 422, wrong);
  }

  async fails(operation, ...steps) {
    let state = 'Started';
    for (const [index, step] of steps.flatMap((step) => Array(step.times ?? 1).fill(step)).entries()) {
      const scenario = { priority: 1, scenarioName: operation, requiredScenarioState: state, newScenarioState: `step ${index}` };
      state = scenario.newScenarioState;
      await this.#stub(this.#asked(operation), step.status ?? 200, { message: 'no' }, scenario, step);
    }
  }

  async wasAsked(operation) {
    return (await this.admin('POST', 'requests/count', this.#asked(operation))).count;
  }

  #asked(operation) {
    const [method, path] = OPERATIONS[operation];
    return { urlPathPattern: this.path + path.replace('{id}', '[^/]+'), method };
  }

  #stub(request, status, jsonBody, more = {}, step = {}) {
    const headers = { 'Content-Type': 'application/json' };
    if ('retry_after' in step) headers['Retry-After'] = `${step.retry_after}`;
    const response = step.fault ? { fault: 'CONNECTION_RESET_BY_PEER' } : { status, headers, jsonBody };
    return this.admin('POST', 'mappings', { priority: 5, request, response, ...more });
  }

  async admin(method, path, json) {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${this.baseUrl}/__admin/${path}`, { method, headers, body: json && JSON.stringify(json) });
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  }
}

let wiremock;

/** Makes a test of a function that takes a server. */
export function withServer(test) {
  if (process.env.SERVER !== 'wiremock') return withOrg((org) => test(new Tallyfy(org)));
  return async () => {
    wiremock ??= WireMock.start();
    const server = new WireMock(await wiremock);
    await server.admin('POST', 'reset');
    await test(server);
  };
}
