import assert from "node:assert/strict";
import { showMountOptions } from "../../../impact/redaction/command-line.ts";
import { showChanges, showProperty } from "../../../impact/redaction/property-values.ts";
import { notKnown } from "../../../model/service/definition.ts";

describe("values of a plan", () => {
  it("are shown where they say something about data", () => {
    assert.equal(showProperty("taskSpec.containerSpec.image", "redis:7"), "redis:7");
    assert.equal(showProperty("services.db.volumes[0].source", "data"), "data");
    assert.equal(
      showProperty("services.db.volumes[0]", { type: "volume", source: "data", target: "/d" }),
      "volume data at /d",
    );
  });

  it("are not automatic names that will be others when the plan is carried out", () => {
    const change = (path: string, before: unknown, after: unknown) => ({ path, before, after });
    const at = "taskSpec.containerSpec.configs[0]";
    const told = showChanges([change(`${at}.configId`, "a1", notKnown), change(`${at}.configName`, "c-1", "c-2")]);
    assert.deepEqual(
      told.map(({ after }) => after),
      ["known after the change", "known after the change"],
    );
    const [named] = showChanges([change(`${at}.configName`, "c-1", "c-2")]);
    assert.equal(named?.after, "c-2");
  });

  it("are hidden where people choose the names, whatever these are", () => {
    for (const holder of [
      "taskSpec.containerSpec.env",
      "services.db.environment",
      "services.db.labels",
      "logging.options",
    ])
      assert.equal(showProperty(`${holder}.name`, "hunter2"), undefined);
    assert.equal(showProperty("services.db.environment[0]", "PASSWORD=hunter2"), undefined);
  });

  const commandLines: readonly (readonly [readonly string[], string])[] = [
    [["redis-server", "--save", "60 1 300 10", "--dir", "/data"], "redis-server --save 60 1 300 10 --dir /data"],
    [["redis-server", "--save", "", "--maxmemory", "100mb"], 'redis-server --save "" --maxmemory 100mb'],
    [["--user", "default on >hunter2 ~*", "--appendonly", "yes"], "--user [secret] --appendonly yes"],
    [["--requirepass", "--hunter2", "--tls-port", "6379"], "--requirepass [secret]"],
    [
      ["--requirepass", "--hunter2", "--dir", "/data", "--port", "6379"],
      "--requirepass [secret] --dir /data --port 6379",
    ],
    [["sh", "-c", "PW=hunter2 exec redis-server -a 'x y' && sh"], "sh -c [secret] exec redis-server -a [secret] && sh"],
    [
      ["sh", "-c", "set -e\nexec redis-server --user x; sh /run.sh"],
      "sh -c set -e ; exec redis-server --user [secret] ; sh /run.sh",
    ],
    [["--requirepass hunter2;/x", "yes"], "--requirepass [secret]"],
    [["mongod", "--auth", "--dbpath", "/data/db"], "mongod --auth --dbpath /data/db"],
    [["postgres", "-c", "fsync=off", "-D", "/data"], "postgres -c fsync=off -D /data"],
    [["mysqld", "--dsn=x", "-phunter2", "--hunter2"], "mysqld --dsn=[secret] -p[secret]"],
    [["redis-server", "--sentinel", "auth-pass", "main", "/hunter2"], "redis-server --sentinel [secret]"],
    [["redis-server", "--sentinel", "--hunter2"], "redis-server --sentinel [secret]"],
    [["redis-server", "--dir", "/data", "requirepass", "12345"], "redis-server --dir /data [secret]"],
    [["redis-server", "/etc/redis.conf", "/hunter2"], "redis-server /etc/redis.conf [secret]"],
    [["/bin/serve", "--pswd", "/hunter2"], "/bin/serve --pswd [secret]"],
    [["/bin/serve", "--pin", "1234", "--dir=/data"], "/bin/serve --pin [secret] --dir=/data"],
    [["PIN=1234", "PGDATA=/data", "postgres"], "[secret] PGDATA=/data postgres"],
    [["/hunter2"], "[secret]"],
    [["redis-sentinel", "/etc/s.conf"], "redis-sentinel /etc/s.conf"],
    [
      ["redis-server", "--dir", "--hunter2", "--dir", "/data", "--tls"],
      "redis-server --dir [secret] --dir /data --tls",
    ],
    [["redis-cli", "--", "--hunter2"], "redis-cli -- [secret]"],
    [
      ["sh", "-c", "redis-cli -a ';' /bin && redis-cli auth 12345"],
      "sh -c redis-cli -a [secret] && redis-cli [secret]",
    ],
    [["sh", "-c", "PASS='\n/bin/sh' exec redis-server"], "sh -c [secret] exec redis-server"],
    [["tini", "--", "server", "/data1", "/data2"], "tini -- server /data1 /data2"],
    [["serve", "now", "redis://u:hunter2@h"], "[secret]"],
  ];
  for (const [words, text] of commandLines) {
    it(`of a command line are shown as ${text}`, () => {
      assert.equal(showProperty("taskSpec.containerSpec.args", words), text);
    });
  }

  it("of a mount's options are shown but for what may be secret", () => {
    assert.equal(
      showMountOptions("addr=10.0.0.1,nfsvers=4.2,rw,username=u,password=a,b=c"),
      "addr=10.0.0.1,nfsvers=4.2,rw,username=u,password=[secret],[secret]",
    );
    assert.equal(showMountOptions("password=a,,dom=hunter2,hard=hunter2,hard"), "password=[secret],[secret],hard");
  });

  it("of a mount hold no password of an address, whatever it looks like", () => {
    assert.equal(
      showProperty("services.db.volumes[0]", { type: "bind", source: "//u:hun ter2@h/x", target: "/d" }),
      "bind //[secret]@h/x at /d",
    );
  });

  const addresses: readonly (readonly [string, string])[] = [
    ["https://u:hunter2@h/redis:7", "https://[secret]@h/redis:7"],
    ["//u:hun ter2@h/x", "//[secret]@h/x"],
    ["//u:hun@ter2\n@h/x", "//[secret]@h/x"],
    ["u:hunter2@h/x", "[secret]@h/x"],
    ["s3://h/x?token=hunter2", "s3://h/x?[secret]"],
    ["h:5000/redis:7@sha256:6389e0e5", "h:5000/redis:7@sha256:6389e0e5"],
    ["nas:/exports@1", "nas:/exports@1"],
  ];
  for (const [address, text] of addresses) {
    it(`of an address are shown as ${text}`, () => {
      assert.equal(showProperty("services.db.image", address), text);
    });
  }
});
