// The global setup for Jest: one mock for all workers, which find it by TALLYFY_MOCK_URL. It ends with Jest.
'use strict';

const { TallyfyMock } = require('./index.js');

/** A global setup that starts its mock with these options. */
function setup(options) {
  return async () => {
    const mock = await TallyfyMock.start(options);
    process.env.TALLYFY_MOCK_URL = mock.url;
    if (options?.controlToken) process.env.TALLYFY_MOCK_CONTROL_TOKEN = options.controlToken;
  };
}

module.exports = setup();
module.exports.setup = setup;
