/** PostgreSQL schemas that are migrated once and used by one test after the other: to make one anew takes a tenth of a second. */

import { randomUUID } from "node:crypto";

import { Pool } from "pg";

import { openLedger } from "../../src/ledger/open.ts";

/** The schemas of one server that nobody uses, and one that nobody ever used. */
interface Schemas {
  /** The one connection through which they are made and emptied. */
  readonly client: Pool;
  readonly free: string[];
  readonly pristine: string;
  /** What there is in it besides rows. */
  readonly form: string;
}

const servers = new Map<string, Promise<Schemas>>();

/** Everything of a schema but its rows; sequences and triggers among it. */
const FORM = `
  select md5(string_agg(line, '|' order by line)) as form from (
    select c.relkind::text || ' ' || c.relname || ' ' || coalesce(a.attname, '') || ' ' || coalesce(a.atttypid::text, '') as line
      from pg_class c left join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
      where c.relnamespace = $1::regnamespace
    union all
    select t.tgname || ' ' || t.tgenabled::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = $1::regnamespace
  ) as lines`;

/** Returns the name of a schema with the tables of this version and nothing in them but what migrations put there. */
export async function takeSchema(server: string): Promise<string> {
  const { free, client } = await schemasOf(server);
  return free.pop() ?? (await newSchema(client, server));
}

/** Empties a schema for the next test, or drops it where more than rows was changed. */
export async function giveBackSchema(server: string, schema: string): Promise<void> {
  const { client, free, pristine, form } = await schemasOf(server);
  if ((await formOf(client, schema)) !== form) {
    await client.query(`drop schema ${schema} cascade`);
    return;
  }
  const { rows } = await client.query<{ relname: string; relkind: string }>(
    "select relname, relkind from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'S')",
    [schema],
  );
  await client.query(
    [
      "begin",
      // The log refuses it otherwise.
      "set local session_replication_role = replica",
      ...rows.flatMap(({ relname, relkind }) =>
        relkind === "S"
          ? [`alter sequence ${schema}.${relname} restart`]
          : [
              // To truncate so many small tables takes three times as long.
              `delete from ${schema}.${relname}`,
              `insert into ${schema}.${relname} overriding system value table ${pristine}.${relname}`,
            ],
      ),
      "commit",
    ].join("; "),
  );
  free.push(schema);
}

/** The address of a schema on a server. */
export function urlOf(server: string, schema: string): string {
  const url = new URL(server);
  url.searchParams.set("options", `-c search_path=${schema}`);
  return url.href;
}

function schemasOf(server: string): Promise<Schemas> {
  const known = servers.get(server);
  if (known !== undefined) return known;
  const made = (async (): Promise<Schemas> => {
    const client = new Pool({
      connectionString: server,
      max: 1,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
    });
    // The server ends before the process does.
    client.on("error", () => undefined);
    const pristine = await newSchema(client, server);
    return { client, free: [], pristine, form: await formOf(client, pristine) };
  })();
  servers.set(server, made);
  return made;
}

async function newSchema(client: Pool, server: string): Promise<string> {
  const schema = `test_${randomUUID().replaceAll("-", "")}`;
  await client.query(`create schema ${schema}`);
  const ledger = await openLedger({ databaseUrl: urlOf(server, schema) });
  await ledger.close();
  return schema;
}

async function formOf(client: Pool, schema: string): Promise<string> {
  const { rows } = await client.query<{ form: string }>(FORM, [schema]);
  return rows[0]?.form ?? "";
}
