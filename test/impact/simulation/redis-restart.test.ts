import assert from "node:assert/strict";
import { redisStartEffect, type StartEffect } from "../../../impact/simulation/redis-restart.ts";
import { stopEffect, type StopEffect, type StopFacts } from "../../../impact/simulation/stop.ts";
import { readStackFile } from "../../../inputs/stack/file.ts";
import { maxMemoryBytes, redisSettings } from "../../../model/redis/settings.ts";
import type { ServiceDefinition } from "../../../model/service/definition.ts";
import { sideOf } from "./stack-side.ts";

const image = { appendOnly: false };
const gigabyte = 1e9;

function service(body: string, more = ""): ServiceDefinition {
  const [found] = readStackFile(`services:\n  s: { image: redis, ${body} }\n${more}`, { file: "stack.yml" }).services;
  assert.ok(found !== undefined);
  return found;
}

function stop(body: string, facts: StopFacts = {}): StopEffect {
  return stopEffect(sideOf(service(body)).stop, facts);
}

describe("what a stop of Redis keeps", () => {
  it("hangs on the time that the snapshot takes, where the size of the data is known", () => {
    const kept = (body: string, facts: StopFacts): boolean => stop(body, facts).kind === "kept";
    const facts = { datasetBytes: 4 * gigabyte, isReplaced: true };
    assert.deepEqual(
      ["2s", "57s", "58s", "3m"].map((grace) => kept(`stop_grace_period: ${grace}`, facts)),
      [false, false, true, true],
    );
    assert.ok(kept("stop_grace_period: 2s, command: redis-server --appendonly yes", facts));
  });

  it("is at risk where Swarm starts the next task before the snapshot is written", () => {
    const body = "stop_grace_period: 3m";
    const effect = stop(body, { datasetBytes: 10 * gigabyte, isReplaced: true });
    assert.ok(effect.kind === "at risk" && effect.why.includes("Swarm starts the next task after 60 s"));
    assert.equal(stop(body, { datasetBytes: 10 * gigabyte, isReplaced: false }).kind, "kept");
  });

  it("names the property that has to change", () => {
    const path = (body: string): unknown => {
      const effect = stop(body);
      return effect.kind === "at risk" ? [effect.path, effect.fix] : effect.kind;
    };
    assert.deepEqual(path("stop_signal: SIGUSR1"), [
      "services.s.stop_signal",
      "Leave the stop signal out, which is SIGTERM then",
    ]);
    assert.deepEqual(path("stop_grace_period: 0s"), [
      "services.s.stop_grace_period",
      "Set a stop grace period in which the data can be written",
    ]);
  });
});

describe("what a start of Redis finds", () => {
  const start = (
    before: ServiceDefinition,
    after: ServiceDefinition,
    hiddenChanges: string[] = [],
  ): StartEffect["kind"] => {
    const [old, next] = [before, after].map((each) => sideOf(each).redis);
    assert.ok(old !== undefined && next !== undefined);
    return redisStartEffect(old, next, { snapshot: { kind: "kept" }, hiddenChanges }).kind;
  };

  it("is not known where the source of settings that cannot be seen is another one", () => {
    const from = (secret: string) =>
      service(
        `command: [redis-server, /run/secrets/redis], secrets: [{ source: ${secret}, target: redis }]`,
        `secrets: { ${secret}: { external: true } }\n`,
      );
    assert.equal(start(from("one"), from("one")), "loads");
    assert.equal(start(from("one"), from("two")), "not known");
    const file = (path: string) => service(`command: [redis-server, ${path}], volumes: ["/srv/redis:/etc/redis:ro"]`);
    assert.equal(start(file("/etc/redis/a.conf"), file("/etc/redis/a.conf")), "loads");
    assert.equal(start(file("/etc/redis/a.conf"), file("/etc/redis/b.conf")), "not known");
    assert.equal(start(service("command: [/start.sh, a]"), service("command: [/start.sh, a]")), "loads");
    assert.equal(start(service("command: [/start.sh, a]"), service("command: [/start.sh, b]")), "not known");
  });

  it("is not known where the plan says that what is hidden changes", () => {
    const hidden = service('command: "${UNSET}"');
    assert.equal(start(hidden, hidden), "loads");
    assert.equal(start(hidden, hidden, ["services.s.command[4]"]), "not known");
    assert.equal(start(hidden, hidden, ["services.s.environment.A"]), "loads");
    const value = service('command: [redis-server, --dbfilename, "${UNSET}"]');
    assert.equal(start(value, value), "loads");
    assert.equal(start(value, value, ["services.s.command[2]"]), "not known");
  });
});

describe("the memory that Redis may take", () => {
  it("is written in its units", () => {
    const bytes = (value: string) =>
      maxMemoryBytes(redisSettings(service(`command: [redis-server, --maxmemory, "${value}"]`), image));
    assert.deepEqual(["0", "100", "1k", "2KB", "3mb", "1g", "half"].map(bytes), [
      undefined,
      100,
      1000,
      2048,
      3 * 1024 ** 2,
      1000 ** 3,
      undefined,
    ]);
  });
});
