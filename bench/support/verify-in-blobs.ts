/** Verifies a zip as verify.html does, in Node: the same code, its lines in Blobs. `node bench/support/verify-in-blobs.ts FILE` */

import { openAsBlob } from "node:fs";

import { verifyPackage } from "../../src/domain/evidence/verify/verify.ts";
import { MAKER } from "../../src/package/maker.ts";
import { zipReader } from "../../src/package/zip/reader.ts";
import { bytesOf, linesInBlobs, turn } from "../../src/verify-page/blobs.ts";

const [path = ""] = process.argv.slice(2);
const files = await zipReader(path, bytesOf((await openAsBlob(path)) as File));
const { defects } = await verifyPackage({ store: linesInBlobs, turn, ...files }, { maker: MAKER });
for (const { file, problem } of defects) console.error(`${file}: ${problem}`);
process.exitCode = defects.length === 0 ? 0 : 1;
