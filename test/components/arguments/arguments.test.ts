import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { whenKnown } from "../../../components/arguments/arguments.ts";
import * as components from "../../../components/index.ts";
import { requireDigest } from "../../../model/image/digest.ts";
import { recordProgram } from "../program.ts";

const image = `redis:7@sha256:${"0123456789abcdef".repeat(4)}`;
const password = "correct horse battery";

/** What a program that is not typed may give. */
type Untyped = Record<string, unknown>;

/** Makes a component with arguments of any kind, as JavaScript would, and says what the program would show. */
async function linesOf(component: keyof typeof makers, args: unknown, name: unknown = "store"): Promise<string[]> {
  let message = "";
  await recordProgram(() => {
    const volume = new components.LocalVolume("data", { pin: { hostname: "vm" } });
    try {
      makers[component](name, args, volume);
    } catch (error) {
      assert.ok(pulumi.RunError.isInstance(error), `Pulumi shows the stack of ${String(error)}`);
      ({ message } = error);
    }
  });
  return message === "" ? [] : message.split("\n");
}

// Each gives the type checker's word that what follows is right, which is what is tried here.
const makers = {
  StatefulService: (name: unknown, args: unknown, volume: unknown) =>
    new components.StatefulService(name as string, fill(args, volume) as components.StatefulServiceArgs),
  Redis: (name: unknown, args: unknown, volume: unknown) =>
    new components.Redis(name as string, fill(args, volume) as components.RedisArgs),
  PostgreSQL: (name: unknown, args: unknown, volume: unknown) =>
    new components.PostgreSQL(name as string, fill(args, volume) as components.PostgreSQLArgs),
  LocalVolume: (name: unknown, args: unknown) =>
    new components.LocalVolume(name as string, args as components.LocalVolumeArgs),
  NetworkVolume: (name: unknown, args: unknown) =>
    new components.NetworkVolume(name as string, args as components.NetworkVolumeArgs),
  HostPath: (name: unknown, args: unknown) => new components.HostPath(name as string, args as components.HostPathArgs),
  ExistingVolume: (name: unknown, args: unknown) =>
    new components.ExistingVolume(name as string, args as components.ExistingVolumeArgs),
  dataGate: (_name: unknown, args: unknown) => components.dataGate(args as components.DataGateArgs),
};

const theVolume = Symbol("the volume of the program");

/** A volume is made within the program, so a table can only stand for it. */
function fill(args: unknown, volume: unknown): unknown {
  if (args === theVolume) return volume;
  if (Array.isArray(args)) return args.map((each) => fill(each, volume));
  if (typeof args !== "object" || args === null || Object.getPrototypeOf(args) !== Object.prototype) return args;
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, fill(value, volume)]));
}

const right: Record<keyof typeof makers, Untyped> = {
  StatefulService: {
    image: image.replace("redis:7", "example/store:1"),
    data: [{ volume: theVolume, path: "/data" }],
    memoryLimit: "100M",
    healthCheck: { test: ["CMD", "true"] },
  },
  Redis: { image, volume: theVolume, memoryLimit: "100M", password },
  PostgreSQL: {
    image: image.replace("redis:7", "postgres:17"),
    majorVersion: 17,
    volume: theVolume,
    memoryLimit: "100M",
    password,
  },
  LocalVolume: { pin: { hostname: "vm" } },
  NetworkVolume: { server: "10.0.0.9", exportPath: "/srv" },
  HostPath: { hostPath: "/srv", on: components.everyNode },
  ExistingVolume: { on: { nodeId: "q628" } },
  dataGate: { acceptDataLoss: ["store"] },
};

const table: [what: string, component: keyof typeof makers, args: unknown, lines: string[]][] = [
  [
    "no arguments at all",
    "LocalVolume",
    undefined,
    [
      'store.pin: expected one of { hostname: "node-1" }, { nodeId } or { label: { name, value } }, got nothing. Add it.',
    ],
  ],
  [
    "a pin without a mark",
    "LocalVolume",
    { pin: {} },
    [
      'store.pin: expected one of { hostname: "node-1" }, { nodeId } or { label: { name, value } }, got none. Name the node by exactly one mark, which `docker node ls` and `docker node inspect` show.',
    ],
  ],
  [
    "a pin by two marks",
    "LocalVolume",
    { pin: { hostname: "a", nodeId: "b" } },
    [
      'store.pin: expected one of { hostname: "node-1" }, { nodeId } or { label: { name, value } }, got hostname and nodeId. Name the node by exactly one mark, which `docker node ls` and `docker node inspect` show.',
    ],
  ],
  [
    "a text for a volume, and a number for a text",
    "Redis",
    { ...right.Redis, volume: "data", memoryLimit: 100 },
    [
      'store.memoryLimit: expected a text such as "100M", got 100. Put it between quotation marks.',
      'store.volume: expected a LocalVolume, NetworkVolume, HostPath or ExistingVolume, got "data". Make one before, such as new LocalVolume("data", { pin: { hostname: "node-1" } }).',
    ],
  ],
  [
    "a backup to nowhere, too often and for no time",
    "Redis",
    { ...right.Redis, backup: { to: { password }, image, every: "100ms", keepDays: 0, memoryLimit: "10M" } },
    [
      'store.backup.to: expected either a repository or a volume, got neither. Write for example { repository: "s3:https://s3.example.com/bucket", password }.',
      'store.backup.every: expected 1s to 1h, got "100ms". Write for example 3s: so much is lost with the node.',
      "store.backup.keepDays: expected a whole number from 1 to 3650, got 0. Change the value.",
      "store.backup.memoryLimit: expected at least 128MiB, got 10MiB. Raise it.",
    ],
  ],
  [
    "a backup with a password in its address, and keys that are none",
    "Redis",
    {
      ...right.Redis,
      backup: { to: { repository: "rest:https://me:hunter2@host/", password: "", credentials: { key: "a\nb" } } },
    },
    [
      "store.backup.to.repository: expected a repository without a password in it, got one with a name and a password before an @. Give them as credentials: RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
      "store.backup.to.password: expected a password in one line, got an empty one. Set it again without, for example by `printf %s` in place of `echo`.",
      "store.backup.to.credentials.key: expected one line, got several. Give the key itself, without the line break of its file.",
      'store.backup.image: expected a text such as "example/holdfast-backup:1@sha256:…", got nothing. Add it.',
    ],
  ],
  [
    "a backup in a folder",
    "Redis",
    {
      ...right.Redis,
      backup: {
        to: { repository: "/srv/backup", volume: theVolume, password },
        image,
      },
    },
    [
      'store.backup.to.repository: expected s3:, rest: or sftp:, and then what restic takes, got "/srv/backup". Write for example s3:https://s3.example.com/bucket; a folder of the node is a `volume`.',
    ],
  ],
  [
    "credentials by names that restic does not read",
    "Redis",
    {
      ...right.Redis,
      backup: { to: { repository: "s3:https://host/b", password, credentials: { keyId: "a" } }, image },
    },
    [
      'store.backup.to: expected credentials by the names of restic\'s variables, got "keyId". Write for example { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key }.',
    ],
  ],
  [
    "a backup by SFTP without the server's host key",
    "Redis",
    {
      ...right.Redis,
      backup: { to: { repository: "sftp:me@host:/b", password, credentials: { SFTP_PRIVATE_KEY: "a\nb" } }, image },
    },
    [
      "store.backup.to: expected the credentials SFTP_PRIVATE_KEY and SFTP_KNOWN_HOSTS for a repository of sftp, got no SFTP_KNOWN_HOSTS. Give the text of the companion's private key, and the line of the server's host key: see docs/backup.md.",
    ],
  ],
  [
    "a backup of a cache, which has nothing to back up",
    "Redis",
    { image, password, memoryLimit: "100M", persistence: "cache", backup: { to: { password } } },
    [
      'store.backup: expected words, such as "restic, every night": a cache makes no backup, got an object. Change the value.',
    ],
  ],
  [
    "a backup without its kind",
    "StatefulService",
    { ...right.StatefulService, backup: { to: { repository: "s3:https://host/b", password }, image } },
    ['store.backup.kind: expected a text such as "log", got nothing. Add it.'],
  ],
  [
    "a backup of a file that is elsewhere",
    "StatefulService",
    {
      ...right.StatefulService,
      backup: {
        ...{ to: { repository: "s3:https://host/b", password }, image, kind: "file" },
        file: { path: "../other/app.db", maxAge: "often" },
      },
    },
    [
      'store.backup.file.maxAge: expected a duration such as 30s, 1m30s or 500ms, got "often". Write numbers with the units h, m, s or ms.',
      "store.backup.file.path: expected a path below the folder of the volume, of letters, digits, '.', '_', '-', '+' and '@', got \"../other/app.db\". Write for example backup/app.db.",
    ],
  ],
  [
    "a backup of a PostgreSQL whose folder leads elsewhere",
    "StatefulService",
    {
      ...right.StatefulService,
      backup: {
        ...{ to: { repository: "s3:https://host/b", password }, image, kind: "postgresql" },
        server: { password, folder: "../other" },
      },
    },
    [
      'store.backup.server.folder: expected a folder below that of the volume, without a slash at its ends, got "../other". Write where PGDATA is in the volume, for example pgdata.',
    ],
  ],
  [
    "arguments of docker.Service",
    "StatefulService",
    { ...right.StatefulService, replicas: 3, mode: "global" },
    [
      "store.replicas: expected no such argument, got 3. Leave it out: two tasks would write the same data, so there is one; `stopped: true` runs none.",
      'store.mode: expected no such argument, got "global". Leave it out: two tasks would write the same data, so there is one; `stopped: true` runs none.',
    ],
  ],
  [
    "a slip of the pen",
    "Redis",
    { ...right.Redis, memorylimit: "200M", tls: { cert: "x" } },
    [
      "store.tls.certificate: expected a text, got nothing. Add it.",
      "store.tls.key: expected a text, got nothing. Add it.",
      "store.tls.authority: expected a text, got nothing. Add it.",
      'store.tls.cert: expected no such argument, got "x". The arguments are certificate, key, authority.',
      'store.memorylimit: expected no such argument, got "200M". Did you mean memoryLimit?',
    ],
  ],
  [
    "an output where a value is needed",
    "Redis",
    { ...right.Redis, memoryLimit: pulumi.output("100M") },
    [
      'store.memoryLimit: expected a text such as "100M", got an output, which is known only during the deployment. Give the value itself, as config.require does: it decides what the component makes.',
    ],
  ],
  [
    "no health check, and lists that are none",
    "StatefulService",
    { ...right.StatefulService, healthCheck: undefined, command: "sh", environment: ["A=1"] },
    [
      "store.healthCheck: expected an object, such as { test, interval, timeout }, got nothing. Add it.",
      'store.command: expected a list, such as [ … ], got "sh". Change the value.',
      "store.environment: expected an object, such as { name: … }, got a list of 1. Change the value.",
    ],
  ],
  [
    "memory without its unit, and less than Swarm reserves",
    "StatefulService",
    { ...right.StatefulService, memoryLimit: "900", memoryReservation: "1M" },
    [
      "store.memoryLimit: expected at least 6MiB, got 900B. Did you mean 900M?",
      "store.memoryReservation: expected at least 4MiB, got 1MiB. Raise it.",
    ],
  ],
  [
    "a limit of which too little is reserved",
    "PostgreSQL",
    { ...right.PostgreSQL, memoryLimit: "8M" },
    ["store.memoryLimit: expected at least 16MiB, got 8MiB. Raise it."],
  ],
  [
    "a cache with a volume",
    "Redis",
    { ...right.Redis, persistence: "cache", firstStartUntil: "2026-11-23T12:00:00Z" },
    [
      "store.volume: expected no volume, because a cache keeps no data, got a resource. Leave it out, or choose a persistence that keeps data.",
      'store.firstStartUntil: expected no first start, because a cache keeps no data, got "2026-11-23T12:00:00Z". Leave it out, or choose a persistence that keeps data.',
    ],
  ],
  [
    "a directive that Redis does not know",
    "Redis",
    {
      ...right.Redis,
      settings: { timeuot: "60", appendonly: "no", hz: 20, "hide-user-data-from-log": "yes" },
      image: image.replace(":7@", ":7.2.4@"),
    },
    [
      'store.settings.timeuot: expected a directive that is known to leave the data alone, got "60". Did you mean timeout?',
      'store.settings.appendonly: expected no such setting, got "no". Choose a persistence profile instead.',
      'store.settings.hz: expected a text such as "20", got 20. Put it between quotation marks.',
      'store.settings.hide-user-data-from-log: expected a directive that Redis 7.2.4 knows, got "yes". Leave it out: Redis refuses to start on one that it does not know.',
    ],
  ],
  [
    "a password that cannot be typed, and one of another type",
    "Redis",
    { ...right.Redis, password: "secret\n", operationsPassword: 12345678 },
    [
      "store.password: expected a password in one line, got one with a line break, or another control character, in it. Set it again without, for example by `printf %s` in place of `echo`.",
      "store.operationsPassword: expected a text, got a value of another type. Put it between quotation marks.",
    ],
  ],
  [
    "a password that the start script cannot write",
    "PostgreSQL",
    { ...right.PostgreSQL, password: "it's a long password" },
    ["store.password: expected a password without quotes and backslashes, got one with them. Choose another."],
  ],
  [
    "a version of another image",
    "PostgreSQL",
    { ...right.PostgreSQL, majorVersion: 16 },
    [
      "store.majorVersion: expected 17, the version of the image, got 16. Write 17, or choose an image of PostgreSQL 16; data of another major version needs pg_upgrade.",
    ],
  ],
  [
    "a mount that gives up writes",
    "NetworkVolume",
    { ...right.NetworkVolume, mountOptions: "nfsvers=4.2,soft" },
    [
      'store.mountOptions: expected a mount that waits for its server and can be written, got "soft". A soft mount gives up a write that the server does not answer in time, which leaves the data incomplete: write "nfsvers=4.2,hard" for example.',
    ],
  ],
  [
    "a folder of nobody knows which node",
    "HostPath",
    { hostPath: "srv", on: { everyNode: false } },
    [
      'store.hostPath: expected an absolute path, without a slash at its end, got "srv". Write for example /srv/redis.',
      "store.on.everyNode: expected true, got false. Leave it out where the data is on one node.",
    ],
  ],
  [
    "null for a constraint, and a constraint that no node passes",
    "StatefulService",
    { ...right.StatefulService, constraints: [null, "disk==ssd"], stopped: "yes" },
    [
      'store.stopped: expected true or false, got "yes". Write it without quotation marks, or read it by config.getBoolean.',
      'store.constraints[0]: expected a text such as "node.labels.disk==ssd", got null. Give a value; what is optional can be left out.',
      'store.constraints[1]: expected what Swarm knows of a node, == or !=, and a value, got "disk==ssd". Write for example node.labels.disk==ssd or node.role==worker.',
    ],
  ],
  [
    "a label that says what the stack owns",
    "StatefulService",
    { ...right.StatefulService, labels: { team: "shop", "holdfast.volumes": "shop-orders" } },
    [
      "store.labels.holdfast.volumes: expected no such label, got one. Leave it out: the component says which volumes its tasks create.",
    ],
  ],
  [
    "a text for a list of services",
    "dataGate",
    { acceptDataLoss: "store" },
    ['dataGate.acceptDataLoss: expected a list, such as [ … ], got "store". Change the value.'],
  ],
];

describe("the arguments of a component", () => {
  for (const [component, args] of Object.entries(right))
    it(`that are right, ${component}`, async () => {
      // The keys of `right` are those of `makers`.
      assert.deepEqual(await linesOf(component as keyof typeof makers, args), []);
    });

  for (const [what, component, args, lines] of table)
    it(`that are wrong by ${what} get one line for each mistake`, async () => {
      const found = await linesOf(component, args);
      assert.deepEqual(found.toSorted(), lines.toSorted());
    });

  it("may be anything, and never bring out a stack trace or a secret", async () => {
    const components = Object.keys(right) as (keyof typeof makers)[];
    const wrong = fc.constantFrom<unknown>(
      undefined,
      null,
      true,
      0,
      -1,
      NaN,
      Infinity,
      10n,
      "",
      "x",
      "two words",
      [],
      ["x"],
      {},
      { x: 1 },
      Symbol("x"),
      () => "x",
      new Date(0),
      new Map(),
      pulumi.output("x"),
      Promise.resolve("x"),
    );
    const one = fc.constantFrom(...components).chain((component) =>
      fc.record({
        component: fc.constant(component),
        key: fc.constantFrom(...Object.keys(right[component]), "settings", "tls", "ports", "labels", "on", "x"),
        value: wrong,
      }),
    );
    await fc.assert(
      fc.asyncProperty(one, async ({ component, key, value }) => {
        for (const line of await linesOf(component, { ...right[component], [key]: value }))
          assert.match(line, /^(?:store|dataGate)[\w.[\]-]*: expected .+, got .+\. .+\.$/u);
        const shown = await linesOf(component, { ...right[component], [key]: value, password: ["hunter2"] });
        assert.ok(!shown.join().includes("hunter2"));
        await linesOf(component, value);
        await linesOf(component, right[component], value);
      }),
      { numRuns: 50 },
    );
  });

  it("that become known later are looked at then", async () => {
    const look = (value: pulumi.Input<string>) =>
      whenKnown(value, (known) => {
        requireDigest(known, "store.image");
      });
    assert.throws(() => look("redis:7"), /^Error: store\.image: /u);
    // The SDK's own types leave out what an output is made of.
    const settled = (value: pulumi.Input<string>) =>
      (pulumi.output(value) as unknown as { promise: () => Promise<string> }).promise();
    await assert.rejects(settled(look(pulumi.output("redis:7"))), /store\.image: expected an image/u);
    assert.equal(await settled(look(Promise.resolve(image))), image);
    assert.ok(await pulumi.isSecret(pulumi.output(look(pulumi.secret(image)))));
  });
});

describe("what is warned of, and not refused", () => {
  it("is a short password, once it is known, and a directive that a newer Redis may know", async () => {
    const warned = await warningsOf(() => {
      const volume = new components.LocalVolume("data", { pin: { hostname: "vm" } });
      const settings = { "events-per-io-thread": "4", "search-threads": "4" };
      const newer = image.replace("redis:7", "redis:8.2");
      new components.Redis("store", { ...common, image: newer, volume, settings, password: pulumi.secret("hunter2") });
    });
    assert.deepEqual(warned.toSorted(), [
      "store.password: expected at least 16 characters, got 7. Choose a longer one: nothing keeps those who reach the port from trying.",
      'store.settings.events-per-io-thread: expected a directive that Redis 8.2 knows, got "4". Leave it out: Redis refuses to start on one that it does not know.',
    ]);
  });

  it("is a port of two services that Swarm may put on one node; on certainly the same it is refused", async () => {
    const redis = (name: string, hostname: string, more: object = {}) => {
      const volume = new components.LocalVolume(`${name}-data`, { pin: { hostname } });
      new components.Redis(name, { ...common, volume, publishedPort: 10000, ...more });
    };
    const cache = () => {
      new components.Redis("cache", { ...common, persistence: "cache", publishedPort: 10000 });
    };
    const message =
      "second: port 10000: expected a port that no other service of the program publishes on the same node, got one that first publishes, too. Choose another port for one of them, or pin them to two nodes.";
    const warned = await warningsOf(() => {
      redis("first", "vm");
      redis("elsewhere", "other");
      redis("asleep", "vm", { stopped: true });
      assert.throws(
        () => {
          redis("second", "VM");
        },
        { message },
      );
      assert.throws(() => {
        redis("third", "third", { publishMode: "ingress" });
      }, /^Error: third: port 10000: /u);
      assert.deepEqual(warnings, []);
      cache();
    });
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? "", /^cache: port 10000: .* got one that first publishes, too\./u);
  });

  const common = { image, memoryLimit: "100M", password };
  let warnings: string[] = [];

  async function warningsOf(program: () => void): Promise<string[]> {
    warnings = [];
    const { warn } = pulumi.log;
    Object.assign(pulumi.log, { warn: (message: string) => warnings.push(message) });
    try {
      await recordProgram(program);
    } finally {
      Object.assign(pulumi.log, { warn });
    }
    return warnings;
  }
});
