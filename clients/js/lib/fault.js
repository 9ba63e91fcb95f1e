// A rule by which requests fail.
'use strict';

class Fault {
  #control;
  #org;

  constructor(control, org, id) {
    this.#control = control;
    this.#org = org;
    this.id = id;
  }

  /** Puts it in force. */
  async put(rule) {
    await this.#call('PUT', rule);
  }

  /** How many requests it struck. */
  async hits() {
    return (await this.#call('GET')).hits;
  }

  /** Whether none of its steps is left. */
  async isSpent() {
    return !(await this.#call('GET')).steps.some((step) => step.remaining);
  }

  /** Takes it out of force. */
  async remove() {
    await this.#call('DELETE');
  }

  #call(method, rule) {
    return this.#control.call(method, `faults/${encodeURIComponent(this.id)}`, { org: this.#org }, rule);
  }
}

module.exports = { Fault };
