/**
 * A real browser for tests of pages. On Linux (x64) it comes with the npm packages, libraries and fonts included, and nothing
 * of the machine is used. Elsewhere an installed Chrome is; without one the test says that it was skipped, and why.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type LaunchOptions, type Page } from "playwright-core";
import { onTestFinished, type TestContext } from "vitest";

/** Opens an empty page in a browser of its own, which ends with the test. Skips the test where there is no browser. */
export async function openPage({ skip }: Pick<TestContext, "skip">): Promise<Page> {
  const browser = await openBrowser();
  if (typeof browser === "string") return skip(browser);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  // What does not come up is missing when the test has no more time.
  page.setDefaultTimeout(0);
  return page;
}

/** Drops files and folders of the disk on a page, as from a window beside it. */
export async function dropOn(page: Page, ...files: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, x: 100, y: 100, data });
  await session.detach();
}

/** Starts a browser, or answers why there is none. */
export async function openBrowser(): Promise<Browser | string> {
  if (process.platform === "linux" && process.arch === "x64") return chromium.launch(packaged());
  try {
    return await chromium.launch({ channel: "chrome" });
  } catch {
    return "skipped: the npm package has no browser for this platform, and no Chrome is installed";
  }
}

/** The browser of the npm package, unpacked once for each of its versions and users of the machine. */
function packaged(): LaunchOptions {
  const folder = join(tmpdir(), `countersign-chromium-${version()}-${userInfo().uid}`);
  if (!existsSync(folder)) unpack(folder);
  return {
    executablePath: join(folder, "chromium"),
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      FONTCONFIG_PATH: join(folder, "fonts"),
    },
  };
}

function version(): string {
  const file = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const folder = file.slice(0, file.lastIndexOf("/build/"));
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string })
    .version;
}

/** Unpacks into a draft, which takes its place whole. The package looks for the folder, and for the libraries it should bring, in the environment. */
function unpack(folder: string): void {
  mkdirSync(tmpdir(), { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  const code =
    'const { default: c } = await import("@sparticuz/chromium"); c.setGraphicsMode = false; await c.executablePath();';
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" },
  });
  if (status !== 0) throw new Error(`the browser cannot be unpacked: ${stderr}`);
  // As it comes, it looks for its fonts in places that are not this one, and a browser without any ends at the first letter.
  writeFileSync(join(draft, "fonts", "fonts.conf"), fontsIn(join(folder, "fonts")));
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another test was faster: its folder is as good.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true });
  }
}

function fontsIn(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <cachedir>${join(folder, "cache")}</cachedir>
</fontconfig>
`;
}
