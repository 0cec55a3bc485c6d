import assert from "node:assert/strict";
import fc from "fast-check";
import { readStackFile } from "../../../inputs/stack/file.ts";
import { hasSavePoints, isAppendOnly, redisSetting, redisSettings } from "../../../model/redis/settings.ts";
import { isKnown, notKnown, parseImageReference, type ServiceDefinition } from "../../../model/service/definition.ts";
import { estateOf } from "../../../model/service/definition.ts";
import { isWithin } from "../../../model/storage/data-paths.ts";
import { looksShared, sameOptions, storageOf } from "../../../model/storage/volume-storage.ts";
import { EstateIndex } from "../../../policies/estate-index.ts";
import { subjectOf } from "../../../policies/subject.ts";

function service(body: string): ServiceDefinition {
  const [found] = readStackFile(`services:\n  s: ${body}\n`, { file: "stack.yml" }).services;
  assert.ok(found !== undefined);
  return found;
}

/** What stands at each data path of a service: `path: kind`. */
function sites(body: string): string[] {
  const subject = subjectOf(service(body), EstateIndex.of(estateOf([])), {
    today: "2026-11-23",
    images: {},
    ruleIds: new Set(),
  });
  return subject.sites.map(({ path, covering }) => `${isKnown(path) ? path : "?"}: ${covering.kind}`);
}

describe("where a service writes its data", () => {
  it("is where its image says, unless something moves it", () => {
    assert.deepEqual(sites("{ image: redis, volumes: [d:/data] }"), ["/data: volume"]);
    assert.deepEqual(sites("{ image: redis, working_dir: /srv, volumes: [d:/data] }"), ["/srv: nothing"]);
    assert.deepEqual(sites("{ image: redis, working_dir: /srv, command: redis-server --dir sub, volumes: [d:/srv] }"), [
      "/srv/sub: volume",
    ]);
    assert.deepEqual(sites("{ image: 'postgres:16', environment: { PGDATA: /pg }, volumes: [d:/pg] }"), [
      "/pg: volume",
    ]);
    assert.deepEqual(sites("{ image: 'postgres:16', command: postgres -D /pg }"), ["/pg: nothing"]);
    assert.deepEqual(sites("{ image: mongo, command: [mongod, --dbpath, /m], volumes: [d:/m] }"), ["/m: volume"]);
    assert.deepEqual(sites("{ image: prom/prometheus, command: [--storage.tsdb.path=/p], volumes: [d:/prometheus] }"), [
      "/p: nothing",
    ]);
    assert.deepEqual(
      sites("{ image: minio/minio, command: 'server http://m{1...4}/data{1...2}', volumes: [d:/data1] }"),
      ["/data1: volume", "/data2: nothing"],
    );
    assert.deepEqual(sites("{ image: zookeeper, volumes: [d:/data] }"), ["/data: volume", "/datalog: image volume"]);
    assert.deepEqual(sites("{ image: apache/kafka, environment: { KAFKA_LOG_DIRS: '/a,/b' }, volumes: [d:/a] }"), [
      "/a: volume",
      "/b: nothing",
    ]);
    assert.deepEqual(sites("{ image: hashicorp/vault, volumes: [d:/vault/data] }"), ["/vault/data: volume"]);
  });

  it("is covered by the nearest mount, the image's own volumes among them", () => {
    assert.deepEqual(sites("{ image: redis, volumes: [a:/, b:/data] }"), ["/data: volume"]);
    assert.deepEqual(sites("{ image: redis, volumes: [a:/data/sub] }"), ["/data: image volume"]);
    assert.deepEqual(sites("{ image: redis, volumes: [a:/data/] }"), ["/data: volume"]);
    assert.deepEqual(sites("{ image: elasticsearch, volumes: [a:/usr/share/elasticsearch] }"), [
      "/usr/share/elasticsearch/data: volume",
    ]);
    assert.deepEqual(sites("{ image: 'postgres:17', volumes: [a:/var/lib/postgresql] }"), [
      "/var/lib/postgresql/data: image volume",
    ]);
    assert.deepEqual(sites("{ image: 'postgres:18', volumes: [a:/var/lib/postgresql] }"), [
      "/var/lib/postgresql/18/docker: volume",
    ]);
  });

  it("is within a folder as paths are, not as texts", () => {
    assert.ok(
      isWithin("/data/x", "/data") &&
        isWithin("/data", "/data/") &&
        isWithin("/x", "/") &&
        isWithin("/a/../data", "/data"),
    );
    assert.ok(!isWithin("/database", "/data") && !isWithin("/", "/data"));
  });
});

describe("what Redis is told", () => {
  const image = { appendOnly: false };
  const told = (body: string) => redisSettings(service(`{ image: redis, ${body} }`), image);
  const value = (body: string, name: string) => redisSetting(told(body), name).value;

  it("stands on the command line, the later one counting", () => {
    assert.equal(value("command: redis-server --maxmemory 1mb --MAXMEMORY 2mb", "maxmemory"), "2mb");
    assert.equal(value("command: [redis-server, '--requirepass a b']", "requirepass"), "a b");
    assert.equal(value("command: --appendonly yes", "appendonly"), "yes");
    assert.equal(value("user: root", "appendonly"), undefined);
    assert.equal(value("entrypoint: [docker-entrypoint.sh, redis-server], command: [--dir, /x]", "dir"), "/x");
  });

  it("stands in a shell's script", () => {
    assert.equal(value(`command: ["sh", "-c", "umask 77; exec redis-server --dir /x && echo"]`, "dir"), "/x");
    assert.equal(value(`command: ["sh", "-c", "exec redis-server \\"$$@\\"", "--", "--dir", "/x"]`, "dir"), "/x");
    assert.equal(value(`command: ["sh", "-c", "redis-server --dir $$DIR"]`, "dir"), notKnown);
    assert.equal(value(`command: ["sh", "-c", "redis-server --dir /x > /log 2>&1"]`, "dir"), "/x");
    assert.equal(told(`command: ["/start.sh"]`).isComplete, false);
    assert.equal(told(`command: ["sh", "-c", "other"]`).isComplete, false);
  });

  it("stands in a file, which the command line overrules", () => {
    const found = readStackFile(
      'services: { s: { image: redis, command: [redis-server, /r.conf, --hz, "20"], configs: [{ source: c, target: /r.conf }] } }\nconfigs: { c: { content: "# no\\nappendonly yes\\nhz 10\\nsave \\"\\"\\nuser a on\\n" } }\n',
      { file: "stack.yml" },
    ).services[0];
    assert.ok(found !== undefined);
    const settings = redisSettings(found, image);
    assert.equal(settings.isComplete, true);
    assert.equal(redisSetting(settings, "hz").value, "20");
    assert.deepEqual([isAppendOnly(settings, image), hasSavePoints(settings)], [true, false]);
    assert.equal(told("command: [redis-server, /absent.conf]").isComplete, false);
    assert.equal(value("command: [redis-server, /absent.conf]", "dir"), notKnown);
  });

  it("has save points as Redis counts them", () => {
    const points = (args: string) => hasSavePoints(told(`command: redis-server ${args}`));
    assert.deepEqual(
      ["", "--save ''", "--save 60 1 --save ''", "--save '' --save 60 1", "--save", "--save 3600 1 300 100"].map(
        points,
      ),
      [true, false, false, true, false, true],
    );
  });
});

describe("where a volume's bytes are", () => {
  const storage = (options: string) => {
    const { services } = readStackFile(`services: { s: { volumes: [d:/data] } }\nvolumes: { d: ${options} }\n`, {
      file: "stack.yml",
    });
    const mounts = services[0]?.mounts;
    const mount = mounts !== undefined && isKnown(mounts) ? mounts[0] : undefined;
    assert.ok(mount !== undefined);
    return storageOf(mount, undefined);
  };

  it("follows from its driver and options", () => {
    assert.equal(storage(""), "local");
    assert.equal(storage("{ driver: local }"), "local");
    assert.equal(storage("{ driver_opts: { type: nfs4, device: ':/x' } }"), "network");
    assert.equal(storage("{ driver_opts: { type: cifs } }"), "network");
    assert.equal(storage("{ driver_opts: { type: tmpfs } }"), "memory");
    assert.equal(storage("{ driver_opts: { type: none, o: bind, device: /srv/x } }"), "local");
    assert.equal(storage("{ driver_opts: { type: none, o: bind, device: /mnt/gluster/x } }"), notKnown);
    assert.equal(storage("{ driver: rexray/ebs }"), "plug-in");
    assert.equal(storage("{ driver: '${DRIVER}' }"), notKnown);
    assert.equal(storage("{ external: true }"), notKnown);
  });

  it("may be shared by its name, as whole words", () => {
    assert.ok(["/mnt/glusterfs/x", "/cephfs", "/nfs4/a", "/mnt/swarm-shared/x"].every(looksShared));
    assert.ok(!["/srv/redis", "/opt/confstore", "/unshared/x"].some(looksShared));
  });

  it("is the same for options that are compared either way round", () => {
    const options = fc.record({
      driver: fc.constantFrom(undefined, "local", "other", notKnown),
      driverOptions: fc.dictionary(
        fc.constantFrom("type", "o"),
        fc.constantFrom<string | typeof notKnown>("a", "b", notKnown),
      ),
      labels: fc.constant({}),
    });
    fc.assert(
      fc.property(options, options, (one, other) => {
        assert.equal(sameOptions(one, other), sameOptions(other, one));
      }),
    );
    const local = { driver: "local", driverOptions: {}, labels: {} };
    assert.equal(sameOptions(local, { ...local, driver: undefined }), true);
    assert.equal(sameOptions(local, { ...local, driver: "x" }), false);
    assert.equal(sameOptions(local, { ...local, driver: notKnown }), notKnown);
  });
});

describe("an image reference", () => {
  it("is taken apart at its tag and digest, not at a registry's port", () => {
    assert.deepEqual(parseImageReference("host:5000/a/b:7@sha256:x"), {
      repository: "host:5000/a/b",
      tag: "7",
      digest: "sha256:x",
    });
    assert.deepEqual(parseImageReference("host:5000/a"), {
      repository: "host:5000/a",
      tag: undefined,
      digest: undefined,
    });
    assert.deepEqual(parseImageReference("redis"), { repository: "redis", tag: undefined, digest: undefined });
  });
});
