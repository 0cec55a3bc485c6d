import assert from "node:assert/strict";
import { readStackFile } from "../../../inputs/stack/file.ts";
import { findImage } from "../../../model/image/catalogue.ts";
import { keepsState, runsTool, scriptInFront, settingIn } from "../../../model/image/command.ts";
import { isKnown, notKnown, type ServiceDefinition } from "../../../model/service/definition.ts";

function service(body: string, configuration = ""): ServiceDefinition {
  const configs = `configs: { c: { content: ${JSON.stringify(configuration)} } }`;
  const [found] = readStackFile(`services:\n  s: ${body}\n${configs}\n`, { file: "stack.yml" }).services;
  assert.ok(found !== undefined);
  return found;
}

function entryOf({ image }: ServiceDefinition) {
  const entry = findImage(image, undefined);
  assert.ok(isKnown(entry) && entry !== undefined);
  return entry;
}

describe("what a service runs", () => {
  const isTool = (body: string): boolean => runsTool(service(body), entryOf(service(body)));

  it("is a tool of the image when it names one and no server", () => {
    for (const body of [
      "{ image: redis, command: redis-cli -h redis ping }",
      '{ image: redis, entrypoint: [sh, -c], command: ["sleep 5; redis-cli -h redis flushall"] }',
      "{ image: postgres, command: [/usr/bin/pg_dump, -h, db] }",
      "{ image: postgres, entrypoint: bash -c 'while true; do pg_dump app > /backup/a; sleep 60; done' }",
      "{ image: mongo, command: mongos --configdb c/c:27019 }",
      "{ image: redis, command: redis-server /etc/s.conf --sentinel }",
      "{ image: confluentinc/cp-kafka, command: kafka-topics --create }",
      "{ image: hashicorp/consul, command: agent -retry-join=consul }",
    ])
      assert.ok(isTool(body), body);
  });

  it("is the server when it names none, or the server too", () => {
    for (const body of [
      "{ image: redis }",
      "{ image: redis, command: --appendonly yes }",
      "{ image: redis, command: sh -c 'redis-cli --version; exec redis-server' }",
      "{ image: mysql, command: --user mysql }",
      "{ image: mariadb, entrypoint: bash -c 'mariadb --version; exec docker-entrypoint.sh mariadbd' }",
      '{ image: redis, command: "${UNSET}" }',
      "{ image: hashicorp/consul, command: agent -server -bootstrap-expect=1 }",
      "{ image: nextcloud, entrypoint: /cron.sh }",
    ])
      assert.ok(!isTool(body), body);
  });
});

describe("the shell in front of a server", () => {
  const isInFront = (body: string, script = "", image = "redis:7"): boolean => {
    const found = service(`{ image: "${image}", ${body} }`, script);
    return scriptInFront(found, entryOf(found).commands?.servers ?? []) !== undefined;
  };
  const runs = (script: string, shell = "sh", image?: string): boolean =>
    isInFront(`command: ${JSON.stringify([shell, "-c", script])}`, "", image);

  it("keeps the signal of a stop unless it gives its place away", () => {
    for (const script of [
      "redis-server",
      "redis-server --dir /x | tee /log",
      "exec redis-server | tee /log",
      "redis-server & wait",
      "exec redis-server &",
      "echo exec; redis-server",
      "(exec redis-server)",
    ])
      assert.ok(runs(script), script);
    for (const script of [
      "exec redis-server",
      "umask 77; A=b exec redis-server --dir /x > /log 2>&1",
      "if true; then exec redis-server; fi",
      'redis-server --port 0 & kill $$!; exec "$$@"',
      "trap 'kill $$p' TERM; redis-server & p=$$!; wait",
      "exec gosu redis redis-server",
    ])
      assert.ok(!runs(script), script);
  });

  it("gives it away by itself for the last command, when it is bash or ash", () => {
    assert.deepEqual([runs("true; redis-server", "bash"), runs("redis-server", "/bin/ash")], [false, false]);
    assert.deepEqual([runs("redis-server", "sh", "redis:7-alpine"), runs("redis-server", "dash")], [false, true]);
    assert.deepEqual([runs("redis-server; true", "bash"), runs("redis-server | cat", "bash")], [true, true]);
    assert.deepEqual([runs("redis-server > /log", "bash"), runs("redis-server > /log", "ash")], [true, false]);
  });

  it("may be that of a script that is a Swarm config", () => {
    const body = "command: [/start.sh], configs: [{ source: c, target: /start.sh }]";
    assert.deepEqual(
      [isInFront(body, "#!/bin/bash\nredis-server\n"), isInFront(body, "exec redis-server\n")],
      [true, false],
    );
    assert.ok(!isInFront("command: redis-server --appendonly yes"));
  });
});

describe("whether a service keeps state", () => {
  const keeps = (body: string, configuration?: string) =>
    keepsState(service(body, configuration), entryOf(service(body, configuration)));

  it("hangs on where its image sends it", () => {
    assert.equal(keeps("{ image: grafana/grafana }"), true);
    assert.equal(keeps("{ image: grafana/grafana, environment: { GF_DATABASE_TYPE: postgres } }"), false);
    assert.equal(keeps("{ image: grafana/grafana, environment: { GF_DATABASE_TYPE: sqlite3 } }"), true);
    assert.equal(keeps('{ image: grafana/grafana, environment: { GF_DATABASE_TYPE: "${UNSET}" } }'), notKnown);
    assert.equal(keeps("{ image: grafana/grafana, env_file: missing.env }"), notKnown);
    assert.equal(keeps("{ image: redis, env_file: missing.env }"), true);
    assert.equal(keeps("{ image: registry, environment: { REGISTRY_STORAGE_S3_BUCKET: b } }"), false);
    assert.equal(keeps("{ image: hashicorp/vault, configs: [c] }", 'storage "consul" {\n}'), false);
    assert.equal(keeps("{ image: hashicorp/vault, configs: [c] }", 'storage "raft" {\n}'), true);
    assert.equal(keeps("{ image: memcached }"), false);
  });

  it("hangs on what it is told, where the image keeps none by itself", () => {
    assert.equal(keeps("{ image: nats }"), false);
    assert.equal(keeps("{ image: nats, command: [-js] }"), true);
    assert.equal(keeps('{ image: nats, command: ["${UNSET}"] }'), notKnown);
    assert.equal(keeps("{ image: nats, command: [-c, /c], configs: [c] }", "jetstream { store_dir: /d }"), true);
    assert.equal(keeps("{ image: nats, command: [-c, /c], configs: [c] }", "# jetstream {}\nport: 4222"), false);
    assert.equal(keeps("{ image: nats, command: [-c, /etc/nats.conf] }"), notKnown);
    assert.equal(keeps("{ image: nats, volumes: [./nats:/etc/nats] }"), notKnown);
  });
});

describe("a setting of a configuration", () => {
  it("is read in the forms that configurations have", () => {
    const setting = (configuration: string, ...blocks: string[]) =>
      settingIn(service("{ image: x, configs: [c] }", configuration), "path", blocks);
    assert.equal(setting("path = '/a'"), "/a");
    assert.equal(setting("path: /a"), "/a");
    assert.equal(setting('{"path":"/a"}'), "/a");
    assert.equal(setting("path /a # x"), "/a");
    assert.equal(setting("other.path = /a"), undefined);
    assert.equal(setting("# path = /a"), undefined);
    assert.equal(setting('listener "tcp" {\n path = "/no"\n}\nstorage "raft" {\n  path = "/a"\n}', "raft"), "/a");
    assert.equal(setting('{"storage": {"file": {"path": "/a"}}}', "raft", "file"), "/a");
    const inVariable = service('{ image: x, environment: { VAULT_LOCAL_CONFIG: \'{"path": "/v"}\' } }');
    assert.equal(settingIn(inVariable, "path"), "/v");
    assert.equal(settingIn(service("{ image: x }"), "path"), undefined);
    assert.equal(settingIn(service("{ image: x, configs: [unseen] }"), "path"), notKnown);
  });
});
