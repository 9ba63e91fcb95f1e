// The mock's clocks.
'use strict';

const { given } = require('./control');

/** A clock of the mock's: that of one organization, or of all that have none of their own. */
class Clock {
  #control;
  #org;

  constructor(control, org) {
    this.#control = control;
    this.#org = org;
  }

  /** What time it is for the mock. */
  async now() {
    return this.#read('GET', 'clock');
  }

  /** Lets it stand still, at that time or at its own. */
  async freeze(at) {
    return this.#read('PUT', 'clock', given({ now: at instanceof Date ? at.toISOString() : at, frozen: true }));
  }

  /** Moves it by so many seconds; back, if they are negative. */
  async advance(seconds) {
    return this.#read('POST', 'clock/advance', { seconds });
  }

  /** Lets it run, from where it stands. */
  async run() {
    return this.#read('PUT', 'clock', { frozen: false });
  }

  async #read(method, path, body) {
    const { now } = await this.#control.call(method, path, { org: this.#org }, body);
    return new Date(now);
  }
}

module.exports = { Clock };
