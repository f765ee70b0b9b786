/** The seal as a Sigstore bundle, held to Sigstore's own verifier; and a bundle that is not the seal beside it, held to each of ours. */

import { execFile } from "node:child_process";
import { createPublicKey, type KeyObject } from "node:crypto";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, Verifier } from "@sigstore/verify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { fingerprintOf, bundleOf, pemOf, sealOf, signingKeyOf } from "../../src/domain/evidence/seal.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { recompute } from "../independent/recompute.ts";
import { witnessed } from "../independent/witnessed.ts";
import { exportTo, KEY, ledgerWith, smallLog } from "./fixture.ts";

const BUNDLE = "manifest.sigstore.json";
const OTHER = signingKeyOf(new Uint8Array(32).with(31, 9));

let folder: string;
let close: () => Promise<void>;
let sound: string;

beforeAll(async () => {
  const made = await ledgerWith(witnessed(smallLog()));
  ({ folder, close } = made);
  sound = join(folder, "package");
  await exportTo(made.ledger, sound);
});

afterAll(() => close());

/** Verifies a bundle as Sigstore does with a key that someone holds: no certificate, no public log. */
function verifiedBySigstore(text: string, key: KeyObject): { readonly hint: string } {
  let hint = "";
  const material = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: (named: string) => {
      hint = named;
      return { publicKey: key, validFor: () => true };
    },
  };
  const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(text))));
  return { hint };
}

function keyOf(pem: string): KeyObject {
  return createPublicKey(pem);
}

describe("the bundle of a package", () => {
  test("is verified by Sigstore's own verifier with the package's key, which it names", async () => {
    const text = await readFile(join(sound, BUNDLE), "utf8");
    const pem = await readFile(join(sound, "public-key.pem"), "utf8");
    expect(verifiedBySigstore(text, keyOf(pem))).toEqual({ hint: fingerprintOf(KEY.spki) });
    expect((JSON.parse(text) as { mediaType: string }).mediaType).toBe(
      "application/vnd.dev.sigstore.bundle.v0.3+json",
    );
  });

  test("names the digest of each file, so that it vouches for any of them", async () => {
    const bundle = JSON.parse(await readFile(join(sound, BUNDLE), "utf8")) as {
      dsseEnvelope: { payload: string };
    };
    const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as {
      subject: { name: string; digest: { sha256: string } }[];
    };
    const named = statement.subject.find(({ name }) => name === "manifest.json");
    expect(named?.digest.sha256).toBe(sha256(await readFile(join(sound, "manifest.json"), "utf8")));
  });

  test("is refused by Sigstore's verifier with another key, or with another payload", async () => {
    const text = await readFile(join(sound, BUNDLE), "utf8");
    expect(() => verifiedBySigstore(text, keyOf(pemOf(OTHER.spki)))).toThrow("signature verification failed");
    const bundle = JSON.parse(text) as { dsseEnvelope: { payload: string } };
    bundle.dsseEnvelope.payload = Buffer.from("{}").toString("base64");
    expect(() => verifiedBySigstore(JSON.stringify(bundle), keyOf(pemOf(KEY.spki)))).toThrow(
      "signature verification failed",
    );
  });
});

/** What someone may put in the place of a bundle: none, one that Sigstore takes for other words or another key, the same in other bytes. */
const FORGED: Readonly<Record<string, (text: string) => string | null>> = {
  missing: () => null,
  empty: () => "",
  "with a byte more": (text) => `${text}\n`,
  "spelled otherwise": (text) => `${JSON.stringify(JSON.parse(text), null, 1)}\n`,
  "of another key, over other words": () => {
    const seal = sealOf([{ name: "manifest.json", sha256: "0".repeat(64) }], { of: "another" }, OTHER);
    return bundleOf(seal, fingerprintOf(OTHER.spki));
  },
  "of the same key, over other words": () => {
    const seal = sealOf([{ name: "manifest.json", sha256: "0".repeat(64) }], { of: "another" }, KEY);
    return bundleOf(seal, fingerprintOf(KEY.spki));
  },
  "with another hint": (text) => text.replace(/"hint":"[0-9a-f]/u, '"hint":"z'),
  "with what Sigstore ignores": (text) => text.replace('"mediaType"', '"extra":1,"mediaType"'),
};

describe("a bundle that is not the seal beside it", () => {
  test.each(Object.entries(FORGED))(
    "is named by verify, verify.sh and the independent program: %s",
    { tags: ["long"] },
    async (_, forge) => {
      const place = join(folder, "forged");
      await rm(place, { recursive: true, force: true });
      await cp(sound, place, { recursive: true });
      const forged = forge(await readFile(join(sound, BUNDLE), "utf8"));
      if (forged === null) await rm(join(place, BUNDLE));
      else await writeFile(join(place, BUNDLE), forged);
      expect((await verifyPath(place)).defects.map(({ file }) => file)).toEqual([BUNDLE]);
      expect((await recompute(place)).map((each) => each.split(":")[0])).toEqual([BUNDLE]);
      const script = await promisify(execFile)("sh", [join(place, "verify.sh")]).catch(
        (error: unknown) => error as { readonly stdout: string; readonly code?: number },
      );
      expect(script.stdout).toContain(`DEFECT ${BUNDLE}: `);
      expect(script.stdout).toContain("1 defects found");
    },
  );

  test("and the seal's own is named by none", async () => {
    expect((await verifyPath(sound)).defects).toEqual([]);
    expect(await recompute(sound)).toEqual([]);
    const { stdout } = await promisify(execFile)("sh", [join(sound, "verify.sh")]);
    expect(stdout).toContain("no defect found");
  });
});
