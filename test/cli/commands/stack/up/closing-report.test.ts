import assert from "node:assert/strict";
import { statusLines } from "../../../../../cli/commands/sandbox/run.ts";
import { reportLines, type ServiceReport } from "../../../../../cli/commands/stack/up/closing-report.ts";
import type { SandboxStatus } from "../../../../../lab/sandbox.ts";

describe("the report at the end of up", () => {
  const report: ServiceReport = {
    service: "stateful",
    kind: "Redis",
    endpoint: "10.0.0.1:10000",
    node: "alpha",
    volume: "foobarstore",
    ping: "PONG",
  };

  it("tells a limit in the largest unit in which it is whole", () => {
    const limit = (memoryLimitBytes: number) =>
      reportLines([{ ...report, memoryLimitBytes }]).find((line) => line.startsWith("  limit"));
    assert.equal(limit(100 * 1024 ** 2), "  limit     100 MiB");
    assert.equal(limit(2 * 1024 ** 3), "  limit     2 GiB");
    assert.equal(limit(1536 * 1024 ** 2), "  limit     1.5 GiB");
    assert.equal(limit(1000), "  limit     1000 B");
  });

  it("says where the published port is open", () => {
    const lines = reportLines([{ ...report, listensOn: "every address of alpha" }]);
    assert.ok(lines.includes("  open on   every address of alpha"), lines.join("\n"));
  });

  it("says of a companion whether it delivers, and names no endpoint, for it has none", () => {
    const backup = "delivered: the state of 2026-11-30T12:00:04Z can be restored";
    const companion: ServiceReport = {
      ...{ service: "stateful-backup", kind: "StatefulService", backupOf: "stateful", backup, node: "alpha" },
      volume: "foobarstore",
    };
    assert.deepEqual(reportLines([companion]).slice(0, 5), [
      "  service   stateful-backup",
      "  of        stateful",
      `  backup    ${backup}`,
      "  node      alpha",
      "  volume    foobarstore",
    ]);
  });

  it("names no endpoint of a drill, either", () => {
    const drill = { service: "stateful-drill", kind: "StatefulService", drillOf: "stateful", node: "beta" } as const;
    assert.deepEqual(reportLines([drill]).slice(0, 4), [
      "  service   stateful-drill",
      "  of        stateful",
      "  node      beta",
      "",
    ]);
  });

  it("shows each service of a program of one's own", () => {
    const cache: ServiceReport = { service: "pages", kind: "Redis", node: "beta" };
    const other = { ...report, service: "sessions" };
    const orders: ServiceReport = {
      service: "orders",
      kind: "PostgreSQL",
      endpoint: "10.0.0.1:5432",
      node: "alpha",
      volume: "orders",
      username: "postgres",
      database: "shop",
      answers: true,
    };
    assert.deepEqual(reportLines([orders, cache, report, other]), [
      "  service   orders",
      "  endpoint  10.0.0.1:5432",
      "  node      alpha",
      "  volume    orders",
      "  database  shop",
      "  answers   yes",
      "",
      "  service   pages",
      "  endpoint  pages, on its networks only",
      "  node      beta",
      "",
      "  service   stateful",
      "  endpoint  10.0.0.1:10000",
      "  node      alpha",
      "  volume    foobarstore",
      "  PING      PONG",
      "",
      "  service   sessions",
      "  endpoint  10.0.0.1:10000",
      "  node      alpha",
      "  volume    foobarstore",
      "  PING      PONG",
      "",
      "Next: npx holdfast redis --service stateful set foo bar",
      "      npx holdfast redis --service stateful get foo",
      "      psql -h 10.0.0.1 -p 5432 -U postgres shop",
      "      npx holdfast preview, after changing the program or its settings",
    ]);
  });
});

describe("the status of the sandbox", () => {
  it("says what runs, and what to do where not all of it does", () => {
    const stopped = {
      directory: "/srv/.holdfast/sandbox",
      engineRuns: false,
      swarmRuns: false,
      registryRuns: true,
      processes: [],
    } as const;
    assert.deepEqual(statusLines({ ...stopped, state: "absent" }), ["There is no sandbox."]);
    assert.deepEqual(statusLines({ ...stopped, state: "degraded" }), [
      "The sandbox in /srv/.holdfast/sandbox: degraded",
      "  engine     not running",
      "  registry   running",
      "  processes  0",
      "Start it again with `npx holdfast sandbox start`, or remove it with `npx holdfast sandbox stop`.",
    ]);
    const dockerd = { pid: 1, command: "dockerd", lab: "0", part: "engine", inContainer: false };
    const engineLine = (status: Partial<SandboxStatus>) => statusLines({ ...stopped, state: "degraded", ...status })[1];
    assert.equal(engineLine({ engineRuns: true }), "  engine     running, not in a swarm");
    assert.equal(engineLine({ engineRuns: true, swarmRuns: true }), "  engine     running");
    assert.equal(engineLine({ processes: [dockerd] }), "  engine     does not answer");
  });
});
