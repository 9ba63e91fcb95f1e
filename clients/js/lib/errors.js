// What goes wrong.
'use strict';

/** The mock cannot be started or reached, or refuses what it was told to do; `status` is that of the refusal, if there was one. */
class TallyfyMockError extends Error {
  name = 'TallyfyMockError';

  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** What a test expects was not asked; the message says what was asked instead. */
class VerificationError extends Error {
  name = 'VerificationError';
}

module.exports = { TallyfyMockError, VerificationError };
