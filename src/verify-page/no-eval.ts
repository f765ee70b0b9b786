/** Turns off what the page's policy would block: zod asks, when a schema is made, whether it may write code of its own. */

import { config } from "zod";

config({ jitless: true });
