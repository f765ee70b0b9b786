/** Which account a name means today. */

import { z } from "zod";
import type { Actor } from "../domain/change.ts";
import { askMaybe, type GitHub } from "./ask.ts";
import type { Lookups } from "./lookups.ts";

const Account = z.object({
  id: z.int(),
  login: z.string(),
  type: z.enum(["User", "Bot", "Organization", "Mannequin"]).catch("User"),
});

/** The account a login means today; an app's bot is written `slug[bot]`. Null: nobody is called so. Remembered for a while. */
export function readAccount(github: GitHub, login: string, lookups: Lookups): Promise<Actor | null> {
  return lookups.remember(`account:${login.toLowerCase()}`, [], async () => {
    const answer = await askMaybe(github, "GET /users/{username}", { username: login }, Account, [404]);
    return answer === null ? null : answer.data;
  });
}
