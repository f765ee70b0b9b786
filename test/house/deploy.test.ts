/** What `deploy` holds: the chart and the plain example as Kubernetes reads them, alerts and dashboard as Prometheus does. */

import { readdirSync, readFileSync } from "node:fs";

import { parse as render } from "@evertdespiegeleer/go-template";
import { parser as promql } from "@prometheus-io/lezer-promql";
import { Ajv } from "ajv";
import { Deployment } from "kubernetes-models/apps/v1";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { PersistentVolumeClaim, Service } from "kubernetes-models/v1";
import { describe, expect, it } from "vitest";
import { parse as parseYaml, parseAllDocuments } from "yaml";
import { z } from "zod";

import { Pacing } from "../../src/github/api/pacing.ts";
import { DOCUMENTED } from "../../src/github/api/rate-limits.ts";
import { Metrics } from "../../src/metrics.ts";
import { EnvironmentSchema } from "../../src/settings.ts";
import { memory } from "../doors/rig.ts";

const ROOT = new URL("../../", import.meta.url);
const CHART = "deploy/helm/";

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

type Json = Readonly<Record<string, unknown>>;

const USUAL = parseYaml(read(`${CHART}values.yaml`)) as Json;
const TWO_ON_POSTGRESQL: Json = { ...USUAL, store: "postgresql", replicas: 2 };
const POLLING: Json = {
  ...USUAL,
  caSecret: "company-ca",
  settings: { COUNTERSIGN_POLL: "1m", HTTPS_PROXY: 'http://a"b:1' },
  ingress: { ...(USUAL["ingress"] as Json), enabled: false },
  image: { repository: "r/c", tag: "1.2.3", pullPolicy: "Always", pullSecret: "pull" },
};
const REPORTS: Json = {
  ...USUAL,
  volume: { size: "1Gi", storageClass: "fast" },
  ingress: { ...(USUAL["ingress"] as Json), deploymentReports: true, annotations: { "a/b": "c: d" } },
};

/** The manifests Helm would make of these values. The templates use no function but those of Go's own engine. */
async function rendered(values: Json): Promise<readonly Json[]> {
  const chart = parseYaml(read(`${CHART}Chart.yaml`)) as { readonly appVersion: string };
  const data = {
    Values: values,
    Chart: { AppVersion: chart.appVersion },
    Release: { Name: "countersign", Service: "Helm" },
  };
  const labels = read(`${CHART}templates/_labels.tpl`);
  const files = readdirSync(new URL(`${CHART}templates`, ROOT)).filter((name) => name.endsWith(".yaml"));
  const manifests: Json[] = [];
  for (const name of files.toSorted())
    manifests.push(...manifestsIn(await render(labels + read(`${CHART}templates/${name}`), data)));
  return manifests;
}

function manifestsIn(text: string): readonly Json[] {
  return parseAllDocuments(text).flatMap((document) => {
    expect(document.errors).toEqual([]);
    const manifest = document.toJS() as Json | null;
    return manifest === null ? [] : [manifest];
  });
}

const KINDS = { Deployment, Ingress, PersistentVolumeClaim, PodDisruptionBudget, Service };

/** Returns what Kubernetes would refuse of a manifest, or not know. */
function problemsOf(manifest: Json): readonly string[] {
  const kind = String(manifest["kind"]);
  const model = Object.entries(KINDS).find(([name]) => name === kind)?.[1];
  if (model === undefined) return [`${kind} is of no known kind`];
  const unread = new Set<string>();
  const watchedManifest = watched(manifest, kind, unread);
  try {
    new model().validate.call(watchedManifest);
  } catch (error) {
    return [String(error)];
  }
  return [...unread].map((path) => `${path} is unknown`);
}

/** A value that notes which of its keys nobody reads: the validators of Kubernetes's schemas read each key they know. */
function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const children = new Map(
    Object.entries(value).map(([key, child]) => [key, watched(child, `${path}.${key}`, unread)] as const),
  );
  for (const key of children.keys()) if (!Array.isArray(value)) unread.add(`${path}.${key}`);
  return new Proxy(value, {
    get(target, key) {
      unread.delete(`${path}.${String(key)}`);
      return children.get(String(key)) ?? (Reflect.get(target, key) as unknown);
    },
  });
}

const PodSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        securityContext: z.object({ runAsNonRoot: z.literal(true) }),
        containers: z
          .array(
            z.object({
              image: z.string(),
              env: z.array(z.object({ name: z.string(), value: z.string() })),
              ports: z.array(z.object({ name: z.string(), containerPort: z.int() })),
              securityContext: z.object({
                readOnlyRootFilesystem: z.literal(true),
                allowPrivilegeEscalation: z.literal(false),
                capabilities: z.object({ drop: z.tuple([z.literal("ALL")]) }),
              }),
              livenessProbe: z.object({ httpGet: z.object({ path: z.literal("/healthz") }) }),
              readinessProbe: z.object({
                httpGet: z.object({ path: z.literal("/readyz"), port: z.literal("monitoring") }),
              }),
            }),
          )
          .length(1),
      }),
    }),
  }),
});

describe("the Helm chart", () => {
  const accepts = new Ajv().compile(JSON.parse(read(`${CHART}values.schema.json`)) as Json);

  it.each([
    ["as it comes", USUAL, ["Deployment", "Ingress", "PersistentVolumeClaim", "Service", "Service"]],
    [
      "with PostgreSQL",
      TWO_ON_POSTGRESQL,
      ["Deployment", "Ingress", "PodDisruptionBudget", "Service", "Service"],
    ],
    ["polling behind a proxy", POLLING, ["Deployment", "PersistentVolumeClaim", "Service", "Service"]],
    ["with reports", REPORTS, ["Deployment", "Ingress", "PersistentVolumeClaim", "Service", "Service"]],
  ])("makes manifests that Kubernetes takes, %s", async (_, values, kinds) => {
    expect(accepts(values), JSON.stringify(accepts.errors)).toBe(true);
    const manifests = await rendered(values);
    expect(manifests.map(({ kind }) => String(kind)).toSorted()).toEqual(kinds);
    expect(manifests.flatMap(problemsOf)).toEqual([]);
    const [pod] = manifests.filter(({ kind }) => kind === "Deployment");
    const { env, ports } = PodSchema.parse(pod).spec.template.spec.containers[0]!;
    expect(env.map(({ name }) => name).filter((name) => !(name in EnvironmentSchema.shape))).toEqual([]);
    const set = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(set).toMatchObject({
      ...(values["settings"] as Json),
      COUNTERSIGN_MONITORING_ADDRESS: "0.0.0.0:9090",
    });
    expect(ports.map(({ containerPort }) => containerPort)).toEqual([Number(set["PORT"]), 9090]);
  });

  it("opens no path but those that GitHub and pipelines need", async () => {
    const paths = async (values: Json): Promise<readonly string[]> =>
      [...JSON.stringify(await rendered(values)).matchAll(/"path":"(\/api[^"]*)","pathType":"Exact"/gu)].map(
        (match) => match[1] ?? "",
      );
    expect(await paths(USUAL)).toEqual(["/api/github/webhooks"]);
    expect(await paths(REPORTS)).toEqual(["/api/github/webhooks", "/api/deployments"]);
    expect(await paths(POLLING)).toEqual([]);
  });

  it.each([
    ["two replicas of an embedded store", { ...USUAL, replicas: 2 }],
    ["a setting that the chart sets", { ...USUAL, settings: { PORT: "80" } }],
    ["a setting that is no text", { ...USUAL, settings: { COUNTERSIGN_POLL: 60 } }],
    ["an unknown value", { ...USUAL, replica: 1 }],
  ])("refuses %s", (_, values) => {
    expect(accepts(values)).toBe(false);
  });

  it("is of the version that is released", () => {
    const { version } = JSON.parse(read("package.json")) as { readonly version: string };
    expect(parseYaml(read(`${CHART}Chart.yaml`))).toMatchObject({ version, appVersion: version });
  });
});

describe("the plain example", () => {
  it("is what the chart makes of its own values", async () => {
    const plain = manifestsIn(read("deploy/kubernetes/countersign.yaml"));
    expect(plain.flatMap(problemsOf)).toEqual([]);
    const helms = ["app.kubernetes.io/managed-by", "helm.sh/resource-policy"];
    const withoutHelm = JSON.parse(JSON.stringify(await rendered(USUAL)), (key, value: unknown) =>
      helms.includes(key) || (key === "annotations" && JSON.stringify(value) === "{}") ? undefined : value,
    ) as readonly Json[];
    const order = (all: readonly Json[]): unknown =>
      all.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
    expect(order(plain)).toEqual(order(withoutHelm));
  });
});

function nameOf({ kind, metadata }: Json): string {
  return `${String(kind)} ${String((metadata as Json)["name"])}`;
}

describe("a fault in a manifest", () => {
  it.each([
    [{ spec: { type: "ClusterIP", prots: [] } }, "Service.spec.prots is unknown"],
    [{ spec: { ports: [{ port: "http" }] } }, "port must be integer"],
    [{ metadata: { name: 3 } }, "name must be string"],
  ])("is found: %j", (part, problem) => {
    expect(problemsOf({ apiVersion: "v1", kind: "Service", ...part }).join("\n")).toContain(problem);
  });
});

const RulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().min(1),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Countersign[A-Z][A-Za-z]+$/u),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[smhd]$/u)
            .optional(),
          labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
          annotations: z.strictObject({ summary: z.string().min(1), description: z.string().min(1) }),
        }),
      ),
    }),
  ),
});

const DataSourceSchema = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("${datasource}") });

const DashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int().min(36),
  templating: z.object({
    list: z.array(z.object({ name: z.literal("datasource"), type: z.literal("datasource") })),
  }),
  panels: z.array(
    z.strictObject({
      id: z.int(),
      type: z.enum(["timeseries", "stat"]),
      title: z.string().min(1),
      description: z.string().optional(),
      gridPos: z.strictObject({ x: z.int().min(0), y: z.int(), w: z.int(), h: z.int() }),
      datasource: DataSourceSchema,
      fieldConfig: z.strictObject({
        defaults: z.object({ unit: z.string() }),
        overrides: z.array(z.never()),
      }),
      targets: z.array(
        z.strictObject({
          refId: z.string().regex(/^[A-Z]$/u),
          datasource: DataSourceSchema,
          expr: z.string(),
          legendFormat: z.string(),
        }),
      ),
    }),
  ),
});

/** Returns what is wrong with a PromQL query: its grammar, or metrics and labels that the App does not have. */
function problemsInQuery(query: string, metrics: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const problems: string[] = [];
  // Prometheus itself adds where a sample comes from.
  const all = new Set(["instance", "job", ...[...metrics.values()].flat()]);
  promql.parse(query).iterate({
    enter: ({ name, from, to }) => {
      const text = query.slice(from, to);
      if (name === "⚠") problems.push(`${query}: not PromQL at ${from}`);
      if (name === "Identifier" && !metrics.has(text)) problems.push(`${query}: no metric ${text}`);
      if (name === "LabelName" && !all.has(text)) problems.push(`${query}: no label ${text}`);
    },
  });
  return problems;
}

describe("alerts and dashboard", () => {
  const metrics = metricsOfApp();
  const { groups } = RulesSchema.parse(parseYaml(read("deploy/prometheus/alerts.yaml")));
  const { panels } = DashboardSchema.parse(JSON.parse(read("deploy/grafana/countersign.json")));
  const alerts = groups.flatMap(({ rules }) => rules);

  it("ask for metrics and labels that there are, in Prometheus's language", () => {
    const queries = [
      ...alerts.map(({ expr }) => expr),
      ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    expect(queries.length).toBeGreaterThan(20);
    expect(queries.flatMap((query) => problemsInQuery(query, metrics))).toEqual([]);
  });

  it.each([
    ["sum(countersign_gone)", "no metric countersign_gone"],
    ["sum by (colour) (countersign_dead)", "no label colour"],
    ["sum(countersign_dead", "not PromQL"],
  ])("would be refused for %s", (query, problem) => {
    expect(problemsInQuery(query, metrics).join("\n")).toContain(problem);
  });

  it("have names of their own, and panels that do not overlap", () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });

  it("cover what the operations page lists", () => {
    const [, section = ""] = /^### What to alert on\n(.*?)^## /msu.exec(read("docs/operations.md")) ?? [];
    const listed = [...section.matchAll(/^\| `(countersign_\w+)/gmu)].map((found) => found[1]);
    expect(listed.length).toBeGreaterThan(4);
    const watchedBy = alerts.map(({ expr }) => expr).join("\n");
    expect(listed.filter((name) => !watchedBy.includes(name ?? ""))).toEqual([]);
  });
});

const MetricSchema = z.object({ name: z.string(), type: z.string(), labelNames: z.array(z.string()) });

/** The labels of each metric the App shows, by its name as Prometheus stores it. */
function metricsOfApp(): ReadonlyMap<string, readonly string[]> {
  const { ledger } = memory();
  const metrics = new Metrics(ledger, { now: () => 0 }, () => null, new Pacing(DOCUMENTED));
  metrics.addProcess();
  const found = new Map<string, readonly string[]>();
  for (const metric of metrics.registry.getMetricsAsArray()) {
    const { name, type, labelNames } = MetricSchema.parse(metric);
    if (type !== "histogram") found.set(name, labelNames);
    else {
      found.set(`${name}_bucket`, ["le", ...labelNames]);
      for (const part of ["sum", "count"]) found.set(`${name}_${part}`, labelNames);
    }
  }
  return found;
}
