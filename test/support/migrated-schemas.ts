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

/** Everything of a schema but its rows, wherever a definition names the schema without its name. */
const FORM = `
  select md5(string_agg(replace(line, $1::text, ''), '|' order by replace(line, $1::text, ''))) as form from (
    select concat_ws(' ', c.relkind, c.relpersistence, c.relname, c.reloptions, c.relacl, c.relrowsecurity, c.relreplident,
        pg_get_viewdef(case when c.relkind in ('v', 'm') then c.oid end)) as line
      from pg_class c where c.relnamespace = $1::text::regnamespace
    union all
    select concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        a.attcollation, pg_get_expr(d.adbin, d.adrelid))
      from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attnum > 0
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relnamespace = $1::text::regnamespace
    union all
    select concat_ws(' ', conname, conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
      where connamespace = $1::text::regnamespace
    union all
    select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid
      where c.relnamespace = $1::text::regnamespace
    union all
    select concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = $1::text::regnamespace and not t.tgisinternal
    union all
    select concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled) from pg_rewrite r join pg_class c on c.oid = r.ev_class
      where c.relnamespace = $1::text::regnamespace
    union all
    select pg_get_functiondef(oid) from pg_proc where pronamespace = $1::text::regnamespace and prokind in ('f', 'p')
    union all
    select concat_ws(' ', typname, typtype) from pg_type where typnamespace = $1::text::regnamespace
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
    await client.query(dropping(schema).join("; "));
    return;
  }
  await client.query(ending(schema));
  const { rows } = await client.query<{ relname: string; relkind: string }>(
    "select relname, relkind from pg_class where relnamespace = $1::text::regnamespace and relkind in ('r', 'S')",
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

/** Returns the statements that drop a schema, also where a session that a test left open holds some of it. */
export function dropping(schema: string): readonly string[] {
  return [ending(schema), `drop schema ${schema} cascade`];
}

/** Whoever still holds a lock on a schema would be waited for without an end. */
function ending(schema: string): string {
  return `select pg_terminate_backend(pid, 60000) from (
    select distinct l.pid from pg_locks l join pg_class c on c.oid = l.relation
    where c.relnamespace = '${schema}'::regnamespace and l.pid <> pg_backend_pid()
      and l.database = (select oid from pg_database where datname = current_database())
  ) as held`;
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
