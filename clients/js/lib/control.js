// The mock's control endpoints, under `/_mock`.
'use strict';

const http = require('node:http');
const { URL, URLSearchParams } = require('node:url'); // those of a page may be others
const { TallyfyMockError } = require('./errors');

/** How long an answer may take, in milliseconds. */
const TIMEOUT = 30_000;

/** Calls the control endpoints of one mock. No proxy is asked, and the control token is never shown. */
class Control {
  #token;

  constructor(url, token, process) {
    const parts = URL.canParse(url) ? new URL(url) : null;
    if (parts?.protocol !== 'http:' || !['', '/api'].includes(parts.pathname.replace(/\/$/, ''))) {
      throw new TallyfyMockError(`\`${url}\` is no URL of a mock; one is like http://127.0.0.1:8255`);
    }
    if (token && !/^[\x20-\x7e]+$/.test(token)) {
      throw new TallyfyMockError('the control token has characters that no header can carry');
    }
    this.url = parts.origin;
    this.process = process;
    this.#token = token;
  }

  /** Calls `/_mock/{path}` and gives back what was answered. A refusal is a `TallyfyMockError` with its status. */
  async call(method, path, query = {}, body = undefined) {
    const parameters = new URLSearchParams(Object.entries(given(query)));
    const headers = { Accept: 'application/json' };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    let text;
    if (body !== undefined) {
      text = JSON.stringify(body);
      headers['Content-Type'] = 'application/json';
      headers['Content-Length'] = Buffer.byteLength(text);
    }
    const { status, answer } = await this.#send(method, `/_mock/${path}?${parameters}`, headers, text);
    if (status < 300) return answer;
    throw this.#refused(status, answer);
  }

  async #send(method, target, headers, text) {
    let status;
    let content = '';
    try {
      const response = await new Promise((resolve, reject) => {
        const request = http.request(this.url + target, { method, headers, agent: false, timeout: TIMEOUT }, resolve);
        request.on('error', reject);
        request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT} ms`)));
        request.end(text);
      });
      status = response.statusCode;
      response.setEncoding('utf8');
      for await (const piece of response) content += piece;
    } catch (error) {
      throw await this.#unreachable(error);
    }
    try {
      return { status, answer: content ? JSON.parse(content) : null };
    } catch {
      throw new TallyfyMockError(`what answers on ${this.url} is no tallyfy-mock`);
    }
  }

  #refused(status, answer) {
    const detail = answer?.detail;
    if (!detail) return new TallyfyMockError(`what answers on ${this.url} is no tallyfy-mock, or an older one`, status);
    const { errors = [] } = answer;
    const mistakes = errors.length > 1 ? `: ${errors.map(({ path, message }) => `${path}: ${message}`).join('; ')}` : '';
    const hint = status === 401 ? ' (here: `controlToken`, or the variable TALLYFY_MOCK_CONTROL_TOKEN)' : '';
    return new TallyfyMockError(detail + mistakes + hint, status);
  }

  async #unreachable(error) {
    if (await this.process?.hasEnded(1000)) {
      const said = this.process.said || 'nothing';
      return new TallyfyMockError(`the mock has ended with exit code ${this.process.exitCode}; it said:\n${said}`);
    }
    return new TallyfyMockError(`there is no mock to be reached on ${this.url}: ${error.message || error.code}`);
  }
}

/** Those that are not left out. */
function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
}

module.exports = { Control, given };
