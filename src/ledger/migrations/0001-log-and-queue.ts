/** The first tables: evidence log, newest states, deliveries, actions, lanes. */

import { FIRST_LINK } from "../../domain/records/chain.ts";
import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function logAndQueue(store: StoreKind): readonly string[] {
  const sqlite = store === "sqlite";
  const int = sqlite ? "integer" : "bigint";
  // Keyset pages and prefix ranges need the same order by bytes in both stores.
  const text = sqlite ? "text" : `text collate "C"`;
  const numbered = sqlite
    ? "integer primary key autoincrement"
    : "bigint generated always as identity primary key";
  const strict = sqlite ? " strict" : "";
  return [
    `create table log (
      seq ${int} primary key,
      kind ${text} not null,
      subject ${text} not null,
      repository_id ${int} not null,
      organization_id ${int} not null,
      at ${int} not null,
      recorded_at ${int} not null,
      previous_hash ${text} not null,
      hash ${text} not null,
      body text not null
    )${strict}`,
    `create index log_subject on log (kind, subject, seq)`,
    ...(sqlite ? SQLITE_GUARDS : POSTGRES_GUARDS),
    `create table log_head (id ${int} primary key, size ${int} not null, hash ${text} not null)${strict}`,
    `insert into log_head (id, size, hash) values (1, 0, '${FIRST_LINK}')`,
    `create table state (
      kind ${text} not null,
      subject ${text} not null,
      seq ${int} not null,
      repository_id ${int} not null,
      organization_id ${int} not null,
      at ${int} not null,
      primary key (kind, subject)
    )${strict}`,
    `create index state_at on state (kind, at, subject)`,
    `create index state_repository on state (kind, repository_id, subject)`,
    `create table delivery (
      arrival ${numbered},
      id ${text} not null unique,
      lane ${text} not null,
      event ${text} not null,
      action ${text},
      received_at ${int} not null,
      due_at ${int} not null,
      status ${text} not null,
      attempts ${int} not null,
      note text,
      error text,
      done_at ${int},
      body ${sqlite ? "blob" : "bytea"} not null
    )${strict}`,
    `create index delivery_waiting on delivery (lane, arrival, due_at) where status = 'waiting'`,
    `create index delivery_dead on delivery (arrival) where status = 'dead'`,
    `create table action (
      id ${numbered},
      key ${text} not null,
      kind ${text} not null,
      lane ${text} not null,
      repository_id ${int} not null,
      organization_id ${int} not null,
      installation_id ${int} not null,
      payload text not null,
      stored_at ${int} not null,
      due_at ${int} not null,
      status ${text} not null,
      attempts ${int} not null,
      outcome text,
      error text,
      done_at ${int}
    )${strict}`,
    `create index action_waiting on action (lane, id, due_at) where status = 'waiting'`,
    `create index action_dead on action (id) where status = 'dead'`,
    `create index action_key on action (key, status, id)`,
    `create table lane (
      lane ${text} primary key,
      due_at ${int},
      lease_until ${int} not null,
      owner ${text}
    )${strict}`,
    `create index lane_due on lane (due_at) where due_at is not null`,
  ];
}

const SQLITE_GUARDS = [
  `create trigger log_no_update before update on log begin select raise(abort, 'the evidence log is append-only'); end`,
  `create trigger log_no_delete before delete on log begin select raise(abort, 'the evidence log is append-only'); end`,
];

const POSTGRES_GUARDS = [
  `create function log_is_append_only() returns trigger language plpgsql as
    'begin raise exception ''the evidence log is append-only''; end'`,
  `create trigger log_no_change before update or delete on log for each row execute function log_is_append_only()`,
  `create trigger log_no_truncate before truncate on log for each statement execute function log_is_append_only()`,
];
