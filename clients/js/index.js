'use strict';

const { TallyfyMock } = require('./lib/mock');
const { TallyfyMockError, VerificationError } = require('./lib/errors');
const { withOrg } = require('./lib/with-org');

module.exports = { TallyfyMock, TallyfyMockError, VerificationError, withOrg };
