// node /tmp/play.ts FILE...  from the root of a worktree
import { readFileSync } from "node:fs";
const root = process.cwd();
const { readStory } = await import(root + "/test/support/scenarios.ts");
const { openStage } = await import(root + "/test/support/stage.ts");
const { playScenario, printPerformance } = await import(root + "/src/cli/scenario/play.ts");
for (const file of process.argv.slice(2)) {
  const scenario = readStory(readFileSync(file, "utf8"), file);
  const t = Date.now();
  const stage = await openStage(scenario, "sqlite", { conformance: process.env.CONF === "1" });
  try {
    const p = await playScenario(scenario, stage);
    console.log(p.failures.length === 0 ? "OK  " : "FAIL", file.split("/").pop(), Date.now() - t, "ms");
    if (p.failures.length) console.log(printPerformance(p));
    const b = await stage.double.breaches(); if (b.length) console.log("breaches", JSON.stringify(b.slice(0,5), null, 1));
  } catch (e) { console.log("CRASH", file, e); }
  await stage.close();
}
