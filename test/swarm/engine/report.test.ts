import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEngine } from "../../../swarm/engine/connection.ts";
import { askEngine } from "../../../swarm/engine/report.ts";

describe("the report of an engine", () => {
  let folder: string;
  let server: Server;
  let aheadSeconds = 0;

  /** What an engine answers whose clock is wrong, which an engine on this machine never is. */
  const answers: Readonly<Record<string, () => object | string>> = {
    _ping: () => "OK",
    info: () => ({
      Name: "one",
      ServerVersion: "20.10.24+dfsg1",
      SystemTime: new Date(Date.now() + aheadSeconds * 1000).toISOString(),
      DockerRootDir: "/var/lib/docker",
      Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "", ControlAvailable: false },
    }),
    version: () => ({ Version: "20.10.24+dfsg1", ApiVersion: "1.41" }),
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-report-"));
    server = createServer(({ url }, response) => {
      const answer = answers[url?.split("/").at(-1) ?? ""]?.();
      response.setHeader("Content-Type", typeof answer === "string" ? "text/plain" : "application/json");
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(join(folder, "docker.sock"), resolve));
  });
  after(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  for (const seconds of [0, 3600, -3600]) {
    it(`tells that its clock is ${seconds} s ahead`, async () => {
      aheadSeconds = seconds;
      const report = await askEngine(findEngine({ host: `unix://${join(folder, "docker.sock")}` }));
      // Of a busy machine the answer may take seconds.
      assert.ok(Math.abs(report.clockAheadSeconds - seconds) < 60, `${report.clockAheadSeconds} s`);
      assert.deepEqual([report.swarmState, report.isLocal], ["inactive", true]);
    });
  }
});
