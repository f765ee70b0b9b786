/** The double's own routes below `/_double`; everything else is GitHub's. */

import { Hono, type Context } from "hono";
import { z } from "zod";
import { Double, type DoubleOptions } from "./double.ts";
import { FaultSchema } from "./faults.ts";
import { LagSchema } from "./lag.ts";
import { SetupSchema } from "./setup.ts";

const ClockSchema = z.strictObject({ now: z.union([z.string(), z.number()]) });
const RedeliverSchema = z.strictObject({ id: z.string() });

/** A double that is set up, driven and looked at over HTTP. */
export class ControlledDouble {
  readonly #options: DoubleOptions;
  readonly #control: Hono;
  #double: Double | null = null;

  constructor(options: DoubleOptions = {}) {
    this.#options = options;
    this.#control = this.#routes();
  }

  /** Answers any request: the controls, or GitHub's own interfaces once there was a setup. */
  async fetch(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    if (path.startsWith("/_double/")) return this.#control.fetch(request);
    if (this.#double === null) return Response.json({ message: "Not set up yet" }, { status: 503 });
    return this.#double.fetch(request);
  }

  /** The double that was set up. Throws where none was. */
  get double(): Double {
    return this.#there();
  }

  /** Removes what was made. */
  async close(): Promise<void> {
    await this.#double?.close();
    this.#double = null;
  }

  #routes(): Hono {
    const app = new Hono();
    app.post("/_double/setup", async (context) => {
      const setup = SetupSchema.parse(await context.req.json());
      await this.close();
      this.#double = await Double.start(setup, this.#options);
      return context.json({ ok: true });
    });
    app.post("/_double/act", async (context) =>
      context.json(await this.#there().act(await context.req.json())),
    );
    app.post("/_double/clock", async (context) => {
      const { now } = ClockSchema.parse(await context.req.json());
      this.#there().setClock(typeof now === "number" ? now : Date.parse(now));
      return context.json({ ok: true, now: this.#there().world.now() });
    });
    app.post("/_double/faults", async (context) => {
      const wish = FaultSchema.or(LagSchema).parse(await context.req.json());
      if (wish.do !== "lag") this.#there().fault(wish);
      else {
        const started = this.#there().lag(wish);
        if (!started.ok) return context.json(started, 400);
      }
      return context.json({ ok: true });
    });
    app.post("/_double/redeliver", async (context) => {
      const { id } = RedeliverSchema.parse(await context.req.json());
      return context.json({ ok: await this.#there().redeliver(id) });
    });
    app.post("/_double/idle", async (context) => {
      await this.#there().idle();
      return context.json({ ok: true });
    });
    app.get("/_double/state", async (context) => {
      await this.#there().idle();
      return context.json(this.#there().state());
    });
    app.get("/_double/requests", (context) => {
      const since = Number(context.req.query("since") ?? 0);
      return context.json(this.#there().requestsSince(since));
    });
    app.onError((error, context: Context) => {
      const isWrongUse =
        error instanceof z.ZodError || error instanceof WrongUse || error instanceof SyntaxError;
      const message = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
      return context.json({ ok: false, error: message }, isWrongUse ? 400 : 500);
    });
    return app;
  }

  #there(): Double {
    if (this.#double === null) throw new WrongUse("set up first: POST /_double/setup");
    return this.#double;
  }
}

/** A control used in a way it does not have. */
class WrongUse extends Error {
  override readonly name = "WrongUse";
}
