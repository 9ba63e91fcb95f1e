import tallyfy from './index.js';

export const { TallyfyMock, TallyfyMockError, VerificationError, withOrg } = tallyfy;
