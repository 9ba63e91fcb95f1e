// A small client of the groups API, as somebody writes it: all pages, and another try where the server could not answer.

const RETRIED = new Set([429, 502, 503, 504]);
const TRIES = 4;

/** The server said no. */
export class Refused extends Error {
  constructor(status, body) {
    super(`${status}: ${body?.message}`);
    this.status = status;
    this.errors = body?.errors ?? {};
  }
}

/** The groups of one organization. */
export class Groups {
  constructor(baseUrl, org, token, sleep) {
    this.url = `${baseUrl}/api/organizations/${org}/groups`;
    this.headers = { Authorization: `Bearer ${token}`, 'X-Tallyfy-Client': 'APIClient', 'Content-Type': 'application/json' };
    this.sleep = sleep;
  }

  async all(perPage = 10) {
    const groups = [];
    for (let page = 1; ; page++) {
      const { data, meta } = await this.#ask('GET', `?page=${page}&per_page=${perPage}`);
      groups.push(...data);
      if (page >= meta.pagination.total_pages) return groups;
    }
  }

  async get(id) {
    return (await this.#ask('GET', `/${id}`)).data;
  }

  async create(name, description) {
    return (await this.#ask('POST', '', { name, description })).data;
  }

  async rename(id, name) {
    return (await this.#ask('PUT', `/${id}`, { name })).data;
  }

  /** Deletes it; a second try that finds nothing has done so, too. */
  async delete(id) {
    let tries = 0;
    try {
      await this.#ask('DELETE', `/${id}`, undefined, () => tries++);
    } catch (error) {
      if (error.status !== 404 || tries === 1) throw error;
    }
  }

  async #ask(method, path, json, count = () => {}) {
    for (let tries = 1; ; tries++) {
      count();
      let answer;
      try {
        answer = await fetch(this.url + path, { method, headers: this.headers, body: json && JSON.stringify(json) });
      } catch (error) {
        if (tries === TRIES) throw error;
        this.sleep(2 ** (tries - 1));
        continue;
      }
      const text = await answer.text();
      if (RETRIED.has(answer.status) && tries < TRIES) {
        this.sleep(Number(answer.headers.get('Retry-After') ?? 2 ** (tries - 1)));
        continue;
      }
      const body = text ? JSON.parse(text) : null;
      if (answer.status >= 400) throw new Refused(answer.status, body);
      return body;
    }
  }
}
