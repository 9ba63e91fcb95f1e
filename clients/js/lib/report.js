// What is told of an organization when its test fails.
'use strict';

/** How many requests are told, the last ones. */
const LAST = 10;
/** How much of a body is told, in characters. */
const LONGEST = 300;

/** The last requests to an organization, why any was refused, what of them was not read, and which rules are left. */
async function report(org, since) {
  let lines = requestLines(await org.requests({ limit: LAST + 1 }), org.id);
  if (lines.length === 0) lines = ['no request reached it'];
  const others = requestLines(await org.mock.strays(since), org.id);
  if (others.length > 0) lines.push('requests that were not to it, nor to another that was given out:', ...others);
  const left = leftLines(await org.faults());
  if (left.length > 0) lines.push('rules that are not used up:', ...left);
  return [`tallyfy-mock: organization ${org.id} on ${org.baseUrl}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function requestLines(entries, org) {
  const lines = entries.length > LAST ? [`the last ${LAST} requests:`] : [];
  for (const entry of entries.slice(-LAST)) {
    const path = entry.path.replace(`/organizations/${org}`, '/organizations/{org}');
    lines.push(`${entry.status ?? '---'} ${entry.method} ${path}${entry.query && `?${entry.query}`}`);
    lines.push(...remarks(entry).map((remark) => `    ${remark}`));
  }
  return lines;
}

function remarks(entry) {
  const said = [];
  if (entry.under_way) said.push('is not answered yet');
  if (entry.client_gone) said.push('its client gave up before it was answered');
  if (entry.reason) said.push(entry.reason);
  else if (entry.fault) said.push(`struck by the rule \`${entry.fault}\``);
  if ((entry.status ?? 0) >= 400 && !entry.fault && entry.body !== null) said.push(`sent: ${short(entry.body)}`);
  if (entry.unread.length > 0) {
    const meant = entry.did_you_mean ?? {};
    const names = entry.unread.map((name) => (name in meant ? `${name} (did you mean \`${meant[name]}\`?)` : name));
    said.push(`not read: ${names.join(', ')}`);
  }
  return said;
}

function leftLines(rules) {
  return rules.flatMap((rule) => {
    const left = rule.steps.filter(({ remaining }) => (remaining === 'always' ? rule.hits === 0 : remaining > 0));
    return left.map(({ times, remaining, ...does }) => {
      const howOften = remaining === 'always' ? 'it never struck' : `${remaining} of ${times} left`;
      return `${rule.id}: ${rule.match.operation ?? 'any request'}, ${short(does)}: ${howOften}`;
    });
  });
}

function short(value) {
  const text = JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

module.exports = { report };
