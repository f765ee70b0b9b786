/** That a PostgreSQL schema which a test changed is used by no other, and that no session left open keeps one. */

import { Client } from "pg";
import { expect, inject, test } from "vitest";

import { giveBackSchema, takeSchema, urlOf } from "../support/migrated-schemas.ts";

const server = inject("databaseSocketUrl");

async function connected(schema: string): Promise<Client> {
  const client = new Client({ connectionString: urlOf(server, schema) });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Returns whether a schema is used again after these statements. */
async function isUsedAgain(...statements: readonly string[]): Promise<boolean> {
  const schema = await takeSchema(server);
  const client = await connected(schema);
  for (const statement of statements) await client.query(statement);
  await client.end();
  await giveBackSchema(server, schema);
  const next = await takeSchema(server);
  await giveBackSchema(server, next);
  return next === schema;
}

test("a schema of which only rows changed is emptied and used again", async () => {
  expect(await isUsedAgain("insert into heartbeat (id, at) values (1, 1)")).toBe(true);
});

test.each([
  "alter table heartbeat alter column at set default 7",
  "alter table heartbeat alter column at drop not null",
  "alter table heartbeat add constraint late check (at > 5)",
  "create function lately() returns int language sql as 'select 1'",
  "create index on heartbeat (at)",
  "create view late as select at from heartbeat",
  "alter table log disable trigger all",
])("after this it is dropped: %s", async (statement) => {
  expect(await isUsedAgain(statement)).toBe(false);
});

test.each([
  ["kept", "select 1"],
  ["dropped", "create table more (id int)"],
])(
  "a session that was left in the middle of a transaction does not keep a schema from being %s",
  async (_, first) => {
    const schema = await takeSchema(server);
    const client = await connected(schema);
    for (const statement of [first, "begin", "insert into heartbeat (id, at) values (1, 1)"])
      await client.query(statement);
    await giveBackSchema(server, schema);
    await expect(client.query("commit")).rejects.toThrow();
  },
);
