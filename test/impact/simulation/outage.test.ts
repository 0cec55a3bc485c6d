import assert from "node:assert/strict";
import { outageOf, type Outage } from "../../../impact/simulation/outage.ts";
import { readStackFile } from "../../../inputs/stack/file.ts";
import { sideOf } from "./stack-side.ts";

function outage(body: string): Outage {
  const image = body.includes("image:") ? "" : "image: redis, ";
  const [service] = readStackFile(`services:\n  s: { ${image}${body} }\n`, { file: "stack.yml" }).services;
  assert.ok(service !== undefined);
  const side = sideOf(service);
  return outageOf(
    { before: side, step: { operation: "update" }, down: undefined, datasetBytes: undefined, start: undefined },
    {
      kind: "exchanged",
      after: side,
      isRemoved: false,
      overlaps: false,
      isCertain: true,
      cannotStart: undefined,
      isTakenBack: false,
    },
  );
}

describe("an outage", () => {
  const check = (more: string): string => `healthcheck: { test: [CMD, redis-cli, ping], ${more} }`;
  const probe = (body: string) => outage(body).parts.find(({ name }) => name.startsWith("first health probe"));

  it("lasts until the first health probe where the way leads through Swarm", () => {
    assert.equal(probe(check("interval: 60s"))?.leastSeconds, 60);
    assert.equal(probe(`${check("interval: 60s")}, ports: ["6379:6379"]`)?.leastSeconds, 60);
    assert.equal(probe(check("retries: 2"))?.leastSeconds, 30);
    assert.equal(probe(check("interval: 0s"))?.leastSeconds, 30);
    assert.equal(probe(check("interval: 60s, start_period: 10s"))?.leastSeconds, 5);
    assert.equal(probe(check("interval: 60s, start_period: 10s, start_interval: 2s"))?.leastSeconds, 2);
  });

  it("includes the time to write a snapshot only where a stop writes one", () => {
    const stop = (command: string, more = "") => {
      const limit = "deploy: { resources: { limits: { memory: 700M } } }";
      const body = `command: ${command}, stop_grace_period: 50s, ${limit}${more}`;
      return outage(body).parts[0]?.mostSeconds;
    };
    assert.equal(stop("[redis-server]"), 14);
    assert.equal(stop('[redis-server, --appendonly, "yes"]'), 14);
    assert.equal(stop('[redis-server, --appendonly, "yes", --save, ""]'), 3);
    assert.equal(stop("[redis-server, --shutdown-on-sigterm, nosave]"), 3);
    assert.equal(stop('[redis-server, --save, "", --shutdown-on-sigterm, save]'), 14);
    assert.equal(stop("[redis-server]", ", stop_signal: SIGKILL"), 3);
    assert.equal(stop('[sh, -c, "redis-server --protected-mode no"]'), 52);
  });

  it("lasts up to the grace period where nobody knows whether the program heeds the signal", () => {
    const most = (body: string): unknown => outage(body).parts[0]?.mostSeconds;
    assert.equal(most("image: acme/store:1, stop_grace_period: 55s"), 57);
    assert.equal(most("image: acme/store:1, stop_grace_period: 3m"), 62);
    assert.equal(most("image: acme/store:1, stop_grace_period: 55s, stop_signal: SIGKILL"), 3);
    assert.equal(most("image: postgres:16, stop_grace_period: 55s"), 12);
    assert.equal(most("image: 'postgres:16', command: [sh, -c, 'postgres -D /x'], stop_grace_period: 55s"), 57);
  });

  it("does not wait for a probe at a port of the host, or without a check", () => {
    const port = "ports: [{ target: 6379, published: 6379, mode: host }]";
    assert.equal(probe(`${check("interval: 60s")}, ${port}`), undefined);
    assert.equal(probe("healthcheck: { disable: true }"), undefined);
    assert.equal(probe("user: root"), undefined);
    const startFirst = "deploy: { update_config: { order: start-first } }";
    assert.equal(probe(`${check("interval: 60s")}, ${startFirst}`), undefined);
  });
});
