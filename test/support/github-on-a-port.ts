/** The GitHub double on a port of this machine, for programs and browsers that speak HTTP. */

import { serve, type ServerType } from "@hono/node-server";
import { onTestFinished } from "vitest";
import { ControlledDouble } from "../github/control.ts";
import type { Double } from "../github/double.ts";
import { SetupSchema, type Setup } from "../github/setup.ts";

/** A double that listens until the test ends. */
export interface ListeningDouble {
  readonly double: Double;
  readonly url: string;
  /** The setting by which the App finds it. */
  readonly env: { readonly GITHUB_API_URL: string };
}

/** Starts a double without an App, held to GitHub's published descriptions. */
export async function githubOnAPort(setup: Partial<Setup> = {}): Promise<ListeningDouble> {
  const address = { url: "" };
  const controlled = new ControlledDouble({
    conformance: true,
    get apiUrl() {
      return `${address.url}/api/v3`;
    },
    get webUrl() {
      return address.url;
    },
  });
  const server = await new Promise<ServerType>((resolve) => {
    const listening = serve(
      {
        fetch: (request) => controlled.fetch(request),
        hostname: "127.0.0.1",
        port: 0,
        overrideGlobalObjects: false,
      },
      ({ port }) => {
        address.url = `http://127.0.0.1:${port}`;
        resolve(listening);
      },
    );
  });
  onTestFinished(async () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
    await controlled.close();
  });
  const wanted = SetupSchema.parse({ start: new Date().toISOString(), ...setup });
  await controlled.fetch(
    new Request(`${address.url}/_double/setup`, { method: "POST", body: JSON.stringify(wanted) }),
  );
  return { double: controlled.double, url: address.url, env: { GITHUB_API_URL: `${address.url}/api/v3` } };
}
