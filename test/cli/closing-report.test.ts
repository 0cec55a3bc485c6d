import assert from "node:assert/strict";
import { reportLines } from "../../cli/closing-report.ts";
import { statusLines } from "../../cli/commands/sandbox.ts";

describe("the report at the end of up", () => {
  const report = {
    service: "stateful",
    endpoint: "10.0.0.1:10000",
    node: "alpha",
    volume: "foobarstore",
    ping: "PONG",
  };

  it("tells a limit in the largest unit in which it is whole", () => {
    const limit = (memoryLimitBytes: number) =>
      reportLines({ ...report, memoryLimitBytes }).find((line) => line.startsWith("  limit"));
    assert.equal(limit(100 * 1024 ** 2), "  limit     100 MiB");
    assert.equal(limit(2 * 1024 ** 3), "  limit     2 GiB");
    assert.equal(limit(1536 * 1024 ** 2), "  limit     1536 MiB");
    assert.equal(limit(1000), "  limit     1000 bytes");
  });
});

describe("the status of the sandbox", () => {
  it("says what runs, and what to do where not all of it does", () => {
    const stopped = {
      directory: "/srv/.holdfast/sandbox",
      engineRuns: false,
      registryRuns: true,
      processes: [],
    } as const;
    assert.deepEqual(statusLines({ ...stopped, state: "absent" }), ["There is no sandbox."]);
    assert.deepEqual(statusLines({ ...stopped, state: "degraded" }), [
      "The sandbox in /srv/.holdfast/sandbox: degraded",
      "  engine     does not run",
      "  registry   runs",
      "  processes  0",
      "Start it again with `npx holdfast sandbox start`, or remove it with `npx holdfast sandbox stop`.",
    ]);
  });
});
