/** The client under test: one request, and the status of its answer. */
export async function ask(org, method, path, json) {
  const headers = { ...org.headers, 'Content-Type': 'application/json' };
  const answer = await fetch(org.url(path), { method, headers, body: json && JSON.stringify(json) });
  await answer.text();
  return answer.status;
}
