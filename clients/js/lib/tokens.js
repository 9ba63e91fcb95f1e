// A token that is good for an organization.
'use strict';

const { TallyfyMockError } = require('./errors');

/** Where a mock declares no tokens, it takes any. */
const ANY = 'any-token';

/** A token that the mock takes for that organization: an admin's if it can be. */
async function tokenFor(control, org) {
  const contract = await control.call('GET', 'contract');
  if (contract.tokens.length === 0) return ANY;
  const state = await control.call('GET', 'state');
  const { now } = await control.call('GET', 'clock', { org });
  const isGood = ({ organizations, expires_at: end }) =>
    (!organizations?.length || organizations.includes(org)) && (!end || new Date(end) > new Date(now));
  const good = (state.tokens ?? []).filter(isGood);
  const users = (state.organizations.find(({ id }) => id === org) ?? state.template)?.users ?? [];
  const isAdmins = ({ user }) =>
    users.length === 0 || user === undefined || user === null || users.some(({ id, role }) => id === user && role === 'admin');
  const chosen = good.find(isAdmins) ?? good[0];
  if (chosen) return chosen.token;
  const declared = new Set(contract.tokens.flatMap(({ organizations }) => organizations.map((id) => `\`${id}\``)));
  throw new TallyfyMockError(
    `the mock's fixtures declare which tokens there are, and none is good for the organization \`${org}\`: take one by its id that a token is good for (those are: ${[...declared].sort().join(', ') || 'none'}), or declare a token without \`organizations\``,
  );
}

module.exports = { tokenFor };
