/**
 * Who may import whom, checked on every run by `npm run walls`; test/house/walls.test.ts shows that each rule can fail.
 *
 * The parser is swc, because dependency-cruiser reads TypeScript through a compiler interface that TypeScript 7 no longer has.
 * It sees every import but cannot tell an `import type` from another: that flows and the dashboard take only types from the
 * rooms beside them is checked by test/house/source.test.ts.
 */

const PACKAGES_OF = {
  domain: [
    "@noble/curves",
    "@noble/hashes",
    "canonicalize",
    "fastest-levenshtein",
    "ignore",
    "node-diff3",
    "picomatch",
    "re2js",
    "temporal-polyfill",
    "yaml",
    "zod",
  ],
  github: ["@octokit/[^/]+", "lru-cache", "pino", "probot", "zod"],
  ledger: ["kysely", "lru-cache", "pg", "zod"],
  notifications: ["zod"],
  package: [
    "@noble/curves",
    "@noble/hashes",
    "csv-stringify",
    "hono",
    "fflate",
    "fontkit",
    "lru-cache",
    "pdfkit",
    "yazl",
    "zod",
  ],
  flows: ["croner", "pino"],
  pages: ["d3-scale", "d3-shape", "hono"],
  dashboard: ["hono", "jose", "openid-client", "zod"],
  "verify-page": ["zod"],
};

const ROOMS_OF = {
  domain: ["domain"],
  github: ["github", "domain"],
  ledger: ["ledger", "domain"],
  notifications: ["notifications", "domain"],
  package: ["package", "pages", "domain"],
  flows: ["flows", "domain", "github", "ledger", "notifications", "package"],
  pages: ["pages", "domain"],
  dashboard: ["dashboard", "pages", "domain", "ledger"],
  cli: ["cli", "flows", "domain", "github", "ledger", "package"],
  "verify-page": ["verify-page", "domain", "package"],
};

/** What `countersign verify` and `countersign sample` are made of: they must work with no settings, database or network. */
const VERIFY = "^src/cli/(verify|evidence/sample)\\.ts$";

/** How every command answers; it knows nothing but the domain. */
const ANSWER = "^src/cli/terminal/answer\\.ts$";

/** What builds the real tools. `serve` is the command that starts it: docs/decisions/0008. */
const SERVE = "^src/cli/serve\\.ts$";
const BUILDERS = "^src/((main|app|server|worker|timetable)\\.ts$|start/)";

function rooms(room) {
  return {
    name: `${room}-walls`,
    comment: `${room} may import ${ROOMS_OF[room].join(", ")} and nothing else of this project`,
    severity: "error",
    from: { path: `^src/${room}/` },
    to: { path: "^(src|test|scripts|bench)/", pathNot: `^src/(${ROOMS_OF[room].join("|")})/` },
  };
}

function packages(room) {
  return {
    name: `${room}-packages`,
    comment: `${room} may use the packages ${PACKAGES_OF[room].join(", ")} and no other`,
    severity: "error",
    from: { path: `^src/${room}/` },
    to: {
      path: "(^|/)node_modules/",
      pathNot: `(^|/)node_modules/(@types/)?(${PACKAGES_OF[room].join("|")})/`,
    },
  };
}

/** The rules and the way files are read. */
export default {
  forbidden: [
    rooms("domain"),
    packages("domain"),
    {
      name: "domain-pure",
      comment: "the domain is values in, values out: no module of Node",
      severity: "error",
      from: { path: "^src/domain/" },
      to: { dependencyTypes: ["core"] },
    },
    rooms("github"),
    packages("github"),
    rooms("ledger"),
    packages("ledger"),
    rooms("notifications"),
    packages("notifications"),
    rooms("package"),
    packages("package"),
    rooms("pages"),
    packages("pages"),
    rooms("flows"),
    packages("flows"),
    rooms("dashboard"),
    packages("dashboard"),
    {
      ...rooms("cli"),
      comment:
        "cli may import flows, domain, github, ledger, package, the settings and the sockets; never the dashboard",
      from: { path: "^src/cli/", pathNot: SERVE },
      to: {
        path: "^(src|test|scripts|bench)/",
        pathNot: `^src/((${ROOMS_OF.cli.join("|")})/|settings(\\.ts$|/)|listening\\.ts$)`,
      },
    },
    {
      name: "serve-walls",
      comment: "`countersign serve` starts the App, and leaves the rest to it",
      severity: "error",
      from: { path: SERVE },
      to: { path: "^src/", pathNot: "^src/((cli|domain|flows)/|main\\.ts$|settings(\\.ts$|/))" },
    },
    {
      name: "verify-stands-alone",
      comment:
        "`countersign verify` and `sample` reach only the domain, the package room and the pages it is made of, on whatever way",
      severity: "error",
      from: { path: VERIFY },
      to: {
        path: "^(src|test)/",
        pathNot: `${VERIFY}|${ANSWER}|^src/(domain|package|pages)/`,
        reachable: true,
      },
    },
    {
      name: "verify-needs-nothing",
      comment:
        "`countersign verify` and `sample` need no network and no database; hono's html only makes text",
      severity: "error",
      from: { path: VERIFY },
      to: {
        path: "(^|/)node_modules/(@octokit|probot|pg|kysely|pino|hono(?!/dist/(types/)?(helper|utils)/html)|@hono)/|^(node:)?(http|https|http2|net|tls|dgram|dns|dns/promises|sqlite)$",
        reachable: true,
      },
    },
    rooms("verify-page"),
    packages("verify-page"),
    {
      name: "verify-page-runs-in-a-browser",
      comment: "verify.html reaches no module of Node, on whatever way",
      severity: "error",
      from: { path: "^src/verify-page/" },
      to: {
        path: "^(node:)?(fs|os|path|stream|zlib|crypto|http|https|net|url|util|events)(/|$)",
        reachable: true,
      },
    },
    {
      name: "nobody-imports-the-builders",
      comment:
        "main, app, server, worker, timetable and start build everything and are imported by nobody but `countersign serve`",
      severity: "error",
      from: { path: "^src/", pathNot: `${BUILDERS}|${SERVE}` },
      to: { path: BUILDERS },
    },
    {
      name: "src-without-test",
      comment: "nothing in src imports tests, scripts or benchmarks",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|scripts|bench)/" },
    },
    {
      name: "src-without-dev-packages",
      comment: "what is published may only use what is installed with it",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-cycles",
      comment: "a cycle has no order in which to read it",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-folder-cycles",
      comment: "a folder that uses another is not used by it",
      severity: "error",
      scope: "folder",
      from: { path: "^src/" },
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "a file that nothing uses and that uses nothing has no work",
      severity: "error",
      from: { orphan: true, pathNot: "^src/(main|cli/main|verify-page/main)\\.ts$|\\.test\\.ts$|\\.d\\.ts$" },
      to: {},
    },
    {
      name: "no-unresolved",
      comment: "every import leads somewhere",
      severity: "error",
      from: { path: "^(src|test)/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "swc",
    moduleSystems: ["es6"],
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      extensions: [".ts", ".mjs", ".js", ".json"],
      conditionNames: ["import", "node", "types", "default"],
      exportsFields: ["exports"],
    },
  },
};
