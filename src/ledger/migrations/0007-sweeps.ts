/** When each repository was last looked at as a whole is asked for often, and deliveries are many. */

/** The statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function sweeps(): readonly string[] {
  return [
    `create index delivery_swept on delivery (lane, received_at)
      where event = 'countersign.sweep' and status = 'done'`,
  ];
}
