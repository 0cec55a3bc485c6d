import assert from "node:assert/strict";
import { showProperty } from "../../model/shown-values.ts";
import { showMountOptions } from "../../model/shown-words.ts";

describe("values of a plan", () => {
  it("are shown where they say something about data", () => {
    assert.equal(showProperty("taskSpec.containerSpec.image", "redis:7"), "redis:7");
    assert.equal(showProperty("services.db.volumes[0].source", "data"), "data");
    assert.equal(
      showProperty("services.db.volumes[0]", { type: "volume", source: "data", target: "/d" }),
      "volume data at /d",
    );
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
    [["--requirepass", "--hunter2", "--port", "6379"], "--requirepass [secret]"],
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
    [["mysqld", "-phunter2", "--dsn=x"], "mysqld -p[secret] --dsn=[secret]"],
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
  });

  it("hold no user and no password of an address", () => {
    assert.equal(showProperty("services.db.image", "https://u:hunter2@h/redis:7"), "https://[secret]@h/redis:7");
  });
});
