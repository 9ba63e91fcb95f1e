// A mock of its own for each test, and what one asks it beside the page.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
export const binary = process.env.TALLYFY_MOCK_BIN ?? `${root}target/debug/tallyfy-mock`;

/** Starts a mock; `port` 0 takes a free one. */
export async function startMock({ args = [], port = 0, controlToken } = {}) {
  const all = ['--port', String(port), '--log-level', 'error', ...args];
  if (controlToken) all.push('--control-token', controlToken);
  const child = spawn(binary, all, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let ready = '';
  for await (const piece of child.stdout) {
    ready += piece;
    if (ready.includes('\n')) break;
  }
  const url = /http:\S+/.exec(ready)?.[0];
  if (!url) throw new Error(`the mock did not start: ${ready}`);
  const mock = {
    url,
    port: Number(new URL(url).port),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
    /** A control endpoint: its JSON, or the answer where it is none. */
    async control(path, { method = 'GET', json } = {}) {
      const headers = controlToken ? { Authorization: `Bearer ${controlToken}` } : {};
      if (json !== undefined) headers['Content-Type'] = 'application/json';
      const answer = await fetch(`${url}/_mock/${path}`, { method, headers, body: json === undefined ? undefined : JSON.stringify(json) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : null;
    },
    /** A request of Tallyfy's API, byte for byte; gives the status, or nothing where there was no answer. */
    ask(method, path, { body, headers = {}, token = 'any-token' } = {}) {
      const request = http.request(`${url}${path}`, {
        method,
        headers: { 'X-Tallyfy-Client': 'APIClient', ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      });
      request.end(body);
      const answer = new Promise((done) => {
        request.on('error', () => done(undefined));
        request.on('response', (response) => {
          response.resume();
          response.on('error', () => {});
          response.on('close', () => done(response.statusCode));
        });
      });
      answer.abort = () => request.destroy();
      return answer;
    },
    groups: (org, more = '') => `/api/organizations/${org}/groups${more}`,
    async requests() {
      return (await mock.control('requests')).requests;
    },
  };
  return mock;
}
