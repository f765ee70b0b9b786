/** verify.html: checks a package in a browser, with what `countersign verify` checks it with. It sends nothing anywhere. */

import "./no-eval.ts";

import { NEITHER, isLikePackage, whyNoFolder, whyNoZip } from "../domain/evidence/verify/not-a-package.ts";
import { messageOf, type Files } from "../domain/evidence/verify/read.ts";
import {
  compareSigner,
  unopened,
  verifyPackage,
  type Verification,
} from "../domain/evidence/verify/verify.ts";
import { fingerprintFrom } from "../domain/evidence/seal.ts";
import { MAKER } from "../package/maker.ts";
import { hasTracesOfZip, zipEntries } from "../package/zip/directory.ts";
import { zipReader } from "../package/zip/reader.ts";
import { bytesOf, linesInBlobs, turn } from "./blobs.ts";
import { chosenFolder, dropped, type GivenPackage } from "./given.ts";
import { resultNodes, slipNodes } from "./view.ts";

/** What is shown: the result of the last check, whatever was entered since. */
let shown: { readonly name: string; readonly at: Date; readonly found: Verification } | null = null;

const form = part("form", HTMLFormElement);
const drop = part("drop", HTMLElement);
const fingerprint = part("fingerprint", HTMLInputElement);
const fingerprintProblem = part("fingerprint-problem", HTMLElement);
const status = part("status", HTMLElement);
const progress = part("progress", HTMLElement);
const reading = part("reading", HTMLElement);
const result = part("result", HTMLElement);

form.addEventListener("submit", (event) => event.preventDefault());
for (const name of ["dragenter", "dragover"])
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer !== null && !form.inert) void take(dropped(event.dataTransfer));
});
part("zip", HTMLInputElement).addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement) void take(Promise.resolve(taken(target)[0] ?? null));
});
part("folder", HTMLInputElement).addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement) void take(Promise.resolve(chosenFolder(taken(target))));
});
fingerprint.addEventListener("input", () => showResult());

/** What was chosen. The same may be chosen again. */
function taken(input: HTMLInputElement): readonly File[] {
  const files = [...(input.files ?? [])];
  input.value = "";
  return files;
}

/** Checks what was given, and shows what was found. */
async function take(giving: Promise<GivenPackage | null>): Promise<void> {
  shown = null;
  result.hidden = true;
  form.inert = true;
  progress.hidden = false;
  status.textContent = "Checking …";
  try {
    const given = await giving;
    if (given === null) {
      status.textContent = "That was neither a file nor a folder.";
      return;
    }
    const slip = await slipIn(given);
    if (slip === null) {
      shown = { name: given.name, at: new Date(), found: await verified(given) };
      status.textContent = "The check has ended.";
      showResult();
    } else {
      status.textContent = "Nothing was checked.";
      result.replaceChildren(...slipNodes(given.name, slip));
    }
    result.hidden = false;
    result.focus();
  } catch (error) {
    status.textContent = `The check broke off: ${messageOf(error)}. Nothing is shown to be sound.`;
  } finally {
    form.inert = false;
    progress.hidden = true;
    reading.textContent = "";
  }
}

/** Why what was given can be no package at all; null where it may be one, changed or not. */
async function slipIn(given: GivenPackage): Promise<string | null> {
  if (given instanceof File) {
    const bytes = bytesOf(given);
    const entries = await zipEntries(bytes).catch(() => null);
    if (entries !== null) return whyNoZip(entries);
    return (await hasTracesOfZip(bytes)) ? null : NEITHER;
  }
  const { names, members } = given;
  if (isLikePackage(names)) return null;
  const inside = names.find((name) => {
    const below = members.filter(({ path }) => path.startsWith(`${name}/`));
    return isLikePackage(below.map(({ path }) => path.slice(name.length + 1)));
  });
  return whyNoFolder(inside ?? null);
}

async function verified(given: GivenPackage): Promise<Verification> {
  if (!(given instanceof File)) return verifyPackage(readerOf(given.files), { maker: MAKER });
  const zip = await zipReader(given.name, bytesOf(given)).catch((error: unknown) => messageOf(error));
  if (typeof zip === "string") return unopened(given.name, `is no sound zip file: ${zip}`);
  return verifyPackage(readerOf(zip), { maker: MAKER });
}

/** So often at most the progress is shown (milliseconds). */
const SHOW_EVERY = 200;

function readerOf({ members, open, bytes: read }: Files): Parameters<typeof verifyPackage>[0] {
  let last = 0;
  return {
    store: linesInBlobs,
    turn,
    members,
    bytes: read,
    async *open(path) {
      let bytes = 0;
      for await (const piece of open(path)) {
        bytes += piece.length;
        if (performance.now() - last > SHOW_EVERY) {
          last = performance.now();
          reading.textContent = `Reading ${path}: ${(bytes / 1e6).toFixed(1)} MB`;
        }
        yield piece;
      }
    },
  };
}

/** Shows the last check, with the fingerprint as it is entered now. */
function showResult(): void {
  const wanted = fingerprintFrom(fingerprint.value);
  const isGiven = fingerprint.value.trim() !== "";
  fingerprintProblem.textContent =
    isGiven && wanted === null ? "That is no fingerprint: it has 64 digits from 0 to 9 and a to f." : "";
  if (shown === null) return;
  const { found } = shown;
  result.replaceChildren(
    ...resultNodes({ ...shown, found: wanted === null ? found : compareSigner(found, wanted) }),
  );
}

function part<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page lacks ${id}`);
  return element;
}
