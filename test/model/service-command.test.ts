import assert from "node:assert/strict";
import { findImage } from "../../model/image-catalogue.ts";
import { readStackFile } from "../../model/inputs/stack-file.ts";
import { keepsState, runsTool, settingIn } from "../../model/service-command.ts";
import { isKnown, notKnown, type ServiceDefinition } from "../../model/service-definition.ts";

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
