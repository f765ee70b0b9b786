/** An index for the last sweep of each repository, which is queried often among many deliveries. */

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function sweeps(): readonly string[] {
  return [
    `create index delivery_swept on delivery (lane, received_at)
      where event = 'countersign.sweep' and status = 'done'`,
  ];
}
