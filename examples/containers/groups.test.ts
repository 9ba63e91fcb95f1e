// A mock in a container for the tests of this file, by Testcontainers for Node.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";

let mock: StartedTestContainer;
let url: string;

before(async () => {
  mock = await new GenericContainer("tallyfy-mock")
    .withExposedPorts(8255)
    .withWaitStrategy(Wait.forHttp("/_mock/ready", 8255))
    .start();
  url = `http://${mock.getHost()}:${mock.getMappedPort(8255)}`;
});
after(() => mock.stop());

test("a created group is listed", async () => {
  const groups = `${url}/api/organizations/node-${randomUUID()}/groups`;
  const headers = { Authorization: "Bearer any-token", "X-Tallyfy-Client": "APIClient", "Content-Type": "application/json" };
  const body = JSON.stringify({ name: "Sales", description: "Sells" });
  assert.equal((await fetch(groups, { method: "POST", headers, body })).status, 201);
  const listed = (await (await fetch(groups, { headers })).json()) as { data: { name: string }[] };
  assert.deepEqual(listed.data.map((group) => group.name), ["Sales"]);
});
