import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type BackupArgs,
  BackupKind,
  everyNode,
  ExistingVolume,
  HostPath,
  type KeepingRedisArgs,
  LocalVolume,
  NetworkVolume,
  Redis,
  type ServiceBackupArgs,
  StatefulService,
  type StatefulServiceArgs,
} from "../../../components/index.ts";
import { backupConfigurationSchema } from "../../../backup/protocol.ts";
import { recordProgram, type RecordedResource } from "../program.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const pin = { hostname: "vm" };
const image = `example/holdfast-backup:1@${digest}`;
const password = "correct horse battery";
const to = { repository: "s3:https://s3.example.com/bucket", password: "battery staple horse" };

function recordRedis(more: Omit<Partial<KeepingRedisArgs>, "volume"> = {}): Promise<RecordedResource[]> {
  return recordProgram(() => {
    const volume = new LocalVolume("data", { pin });
    new Redis("store", { image: `redis:7@${digest}`, memoryLimit: "100M", password, volume, ...more });
  });
}

describe("a declared backup", () => {
  it("makes a companion that reads the data, and can do nothing else", async () => {
    const resources = await recordRedis({
      backup: { to, image },
      serviceName: "stateful",
      constraints: ["node.labels.disk==ssd"],
    });
    const made = resources.filter(({ name }) => name.startsWith("store-backup"));
    assert.deepEqual(made.map(({ name, parent }) => [name, parent]).sort(), [
      ["store-backup", "store"],
      ["store-backup-canary", "store-backup"],
      ["store-backup-password", "store-backup"],
      ["store-backup-service", "store-backup"],
    ]);
    const { name, labels, taskSpec, endpointSpec, mode } = inputsOf(resources, "store-backup-service");
    assert.deepEqual(
      { name, labels, mode, ports: endpointSpec.ports },
      {
        name: "stateful-backup",
        labels: [
          { label: "holdfast.image", value: "holdfast-backup" },
          { label: "holdfast.backup.of", value: "stateful" },
          { label: "holdfast.project", value: "holdfast" },
          { label: "holdfast.stack", value: "test" },
        ],
        mode: { replicated: { replicas: 1 } },
        ports: [],
      },
    );
    const { secrets, healthcheck, ...container } = taskSpec.containerSpec;
    assert.deepEqual(container, {
      image,
      args: ["follow"],
      env: {
        HOLDFAST_BACKUP:
          '{"store":"holdfast/test/store","data":"/data","kind":"log","repository":"s3:https://s3.example.com/bucket","everySeconds":2,"keepDays":7,"lateAfterSeconds":60,"canary":{"host":"tasks.stateful","port":6379,"username":"backup"}}',
      },
      user: "999:999",
      capDrops: ["ALL"],
      readOnly: true,
      mounts: [
        { type: "volume", source: "data", target: "/data", readOnly: true },
        { type: "tmpfs", target: "/tmp" },
      ],
      configs: [],
      stopSignal: "SIGTERM",
      stopGracePeriod: "55s",
    });
    assert.deepEqual(healthcheck?.tests, ["CMD", "node", "/opt/holdfast/backup/main.ts", "health"]);
    assert.deepEqual(
      secrets?.map(({ fileName, fileUid, fileMode }) => [fileName, fileUid, fileMode]),
      [
        ["/run/secrets/repository-password", "999", 0o400],
        ["/run/secrets/canary-password", "999", 0o400],
      ],
    );
    assert.deepEqual(taskSpec.placement, { constraints: ["node.hostname==vm", "node.labels.disk==ssd"] });
    assert.deepEqual(taskSpec.networksAdvanceds, inputsOf(resources, "store-service").taskSpec.networksAdvanceds);
    // It knows a password that is derived from the application's, which opens the canary alone.
    const derived = contentOf(resources, "store-backup-canary");
    assert.match(derived, /^[0-9a-f]{64}$/u);
    const hash = createHash("sha256").update(derived).digest("hex");
    assert.ok(
      contentOf(resources, "store-users").includes(`user backup on #${hash} ~holdfast:canary -@all +set +get\n`),
    );
  });

  it("knows no password of the Redis where there is no canary, and joins no network", async () => {
    for (const [more, persistence] of [
      [{ canary: false }, "durable"],
      [{}, "snapshot"],
    ] as const) {
      const resources = await recordRedis({ backup: { to, image, ...more }, persistence });
      const { taskSpec } = inputsOf(resources, "store-backup-service");
      assert.deepEqual(taskSpec.networksAdvanceds, []);
      assert.doesNotMatch(taskSpec.containerSpec.env?.["HOLDFAST_BACKUP"] ?? "", /canary/u);
      assert.equal(taskSpec.containerSpec.secrets?.length, 1);
      assert.doesNotMatch(contentOf(resources, "store-users"), /user backup/u);
    }
  });

  it("checks the server's certificate by the authority that is given", async () => {
    const tls = { certificate: "certificate", key: "key", authority: "authority" };
    const resources = await recordRedis({ backup: { to, image }, tls });
    const { containerSpec } = inputsOf(resources, "store-backup-service").taskSpec;
    assert.match(containerSpec.env?.["HOLDFAST_BACKUP"] ?? "", /"authority":"\/etc\/holdfast\/ca.crt"/u);
    assert.equal(contentOf(resources, "store-backup-authority"), "authority");
  });

  it("is told to the policies by a label of the service, and makes the log tell the time", async () => {
    const label = async (more: Omit<Partial<KeepingRedisArgs>, "volume">) => {
      const resources = await recordRedis(more);
      const { labels } = inputsOf(resources, "store-service");
      return [
        labels.find(({ label }) => label === "holdfast.backup")?.value,
        contentOf(resources, "store-configuration").includes("\naof-timestamp-enabled yes\n"),
      ];
    };
    assert.deepEqual(await label({ backup: "restic, every night" }), ["restic, every night", false]);
    assert.deepEqual(await label({ backup: { to, image, every: "10s" } }), [
      "restic, every 10s, to s3:https://s3.example.com/bucket",
      true,
    ]);
    assert.deepEqual(await label({ backup: { to, image }, persistence: "snapshot" }), [
      "restic, after each save, within 2s, to s3:https://s3.example.com/bucket",
      false,
    ]);
    assert.deepEqual(await label({}), [undefined, false]);
  });

  it("says in a label how old a proved state may be, where the program does", async () => {
    const said = async (more: Partial<BackupArgs>) => {
      const { labels } = inputsOf(await recordRedis({ backup: { to, image, ...more } }), "store-service");
      return labels.find(({ label }) => label === "holdfast.backup.verified-within")?.value;
    };
    assert.equal(await said({ verifiedWithin: "24h" }), "24h");
    assert.equal(await said({}), undefined);
  });

  it("may go to a volume that the node reaches, which the companion alone writes", async () => {
    const volumes = {
      local: () => new LocalVolume("repository", { pin }),
      network: () => new NetworkVolume("repository", { server: "10.0.0.9", exportPath: "/srv" }),
      folder: () => new HostPath("repository", { hostPath: "/mnt/repository", on: everyNode }),
    };
    for (const [kind, make] of Object.entries(volumes)) {
      const resources = await recordProgram(() => {
        const volume = new LocalVolume("data", { pin });
        const backup = { to: { volume: make(), password: to.password }, image };
        new Redis("store", { image: `redis:7@${digest}`, memoryLimit: "100M", password, volume, backup });
      });
      const { taskSpec, labels } = inputsOf(resources, "store-backup-service");
      const mount = taskSpec.containerSpec.mounts?.find(({ target }) => target === "/repository");
      assert.equal(mount?.readOnly, undefined, kind);
      assert.match(taskSpec.containerSpec.env?.["HOLDFAST_BACKUP"] ?? "", /"repository":"\/repository"/u);
      // What the service itself makes is not the companion's too.
      const made = labels.find(({ label }) => label === "holdfast.volumes")?.value;
      assert.equal(made, kind === "local" ? "repository" : undefined);
      assert.match(
        inputsOf(resources, "store-service").labels.find(({ label }) => label === "holdfast.backup")?.value ?? "",
        { local: /to the volume repository$/u, network: /to the nfs 10/u, folder: /to the .*\/mnt\/repository$/u }[
          kind
        ] ?? /never/u,
      );
    }
  });

  it("shows password and keys nowhere but in secrets", async () => {
    const credentials = { AWS_ACCESS_KEY_ID: "an id of a key", AWS_SECRET_ACCESS_KEY: "a secret of a key" };
    const resources = await recordRedis({ backup: { to: { ...to, credentials }, image } });
    assert.equal(contentOf(resources, "store-backup-password"), to.password);
    assert.equal(
      contentOf(resources, "store-backup-credentials"),
      "AWS_ACCESS_KEY_ID=an id of a key\nAWS_SECRET_ACCESS_KEY=a secret of a key\n",
    );
    const others = JSON.stringify(resources.filter(({ type }) => type !== "docker:index/secret:Secret"));
    for (const secret of [to.password, ...Object.values(credentials)]) {
      assert.ok(!others.includes(secret) && !others.includes(Buffer.from(secret).toString("base64").slice(0, 12)));
    }
  });

  it("gives ssh its files in the secret, and the user a name", async () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nthe key\n-----END OPENSSH PRIVATE KEY-----\n";
    const credentials = { SFTP_PRIVATE_KEY: key, SFTP_KNOWN_HOSTS: "backup.example.com ssh-ed25519 AAAA" };
    const address = { ...to, repository: "sftp:keeper@backup.example.com:/srv/store" };
    const resources = await recordRedis({ backup: { to: { ...address, credentials }, image } });
    const [first, second, ...others] = contentOf(resources, "store-backup-credentials").split("\n");
    assert.equal(first, `SFTP_PRIVATE_KEY=${Buffer.from(key).toString("base64")}`);
    assert.match(second ?? "", /^SFTP_KNOWN_HOSTS=[A-Za-z0-9+/]+=*$/u);
    assert.deepEqual(others, [""]);
    assert.equal(
      contentOf(resources, "store-backup-passwd"),
      "root:x:0:0::/:/bin/sh\nholdfast:x:999:999::/tmp:/bin/sh\n",
    );
    assert.deepEqual(
      inputsOf(resources, "store-backup-service").taskSpec.containerSpec.configs?.map(({ fileName }) => fileName),
      ["/etc/passwd"],
    );
  });

  it("stops with the service, and takes a transform of its own", async () => {
    const resources = await recordRedis({
      backup: { to, image },
      stopped: true,
      transform: { backup: { labels: [{ label: "team", value: "data" }] } },
    });
    const { mode, labels } = inputsOf(resources, "store-backup-service");
    assert.deepEqual(mode, { replicated: { replicas: 0 } });
    assert.ok(labels.some(({ label }) => label === "team"));
    assert.ok(inputsOf(resources, "store-service").labels.every(({ label }) => label !== "team"));
  });

  it("is drilled by a service of its own on any other node, without the data and with room for the server", async () => {
    const backup = { to, image, drill: { every: "12h" } };
    const resources = await recordRedis({ backup, serviceName: "stateful", constraints: ["node.labels.disk==ssd"] });
    const { name, labels, mode, endpointSpec, taskSpec } = inputsOf(resources, "store-drill-service");
    assert.deepEqual(
      { name, mode, ports: endpointSpec.ports, labels: labels.slice(0, 2) },
      {
        name: "stateful-drill",
        mode: { replicated: { replicas: 1 } },
        ports: [],
        labels: [
          { label: "holdfast.image", value: "holdfast-backup" },
          { label: "holdfast.backup.drill-of", value: "stateful" },
        ],
      },
    );
    assert.deepEqual(taskSpec.placement, { constraints: ["node.hostname!=vm"] });
    assert.deepEqual(taskSpec.networksAdvanceds, []);
    assert.equal(taskSpec.resources.limits.memoryBytes, (100 + 384) * 1024 ** 2);
    const { mounts, env, args, secrets } = taskSpec.containerSpec;
    assert.deepEqual(mounts, [
      { type: "tmpfs", target: "/tmp" },
      { type: "volume", source: "stateful-drill", target: "/restore" },
    ]);
    assert.deepEqual(args, ["drill", "--scratch", "/restore"]);
    assert.equal(env?.["HOLDFAST_NODE"], "{{.Node.Hostname}}");
    const told = backupConfigurationSchema.parse(JSON.parse(env["HOLDFAST_BACKUP"] ?? ""));
    assert.deepEqual(told.drill, { everySeconds: 43_200, level: "drill" });
    assert.equal(secrets?.[0]?.fileName, "/run/secrets/repository-password");
  });

  it("is drilled on the data's node only where that is said, which counts as loaded and not as a drill", async () => {
    const resources = await recordRedis({ backup: { to, image, drill: { elsewhere: false } } });
    const { taskSpec } = inputsOf(resources, "store-drill-service");
    assert.deepEqual(taskSpec.placement, { constraints: ["node.platform.os==linux"] });
    const told = backupConfigurationSchema.parse(JSON.parse(taskSpec.containerSpec.env?.["HOLDFAST_BACKUP"] ?? ""));
    assert.deepEqual(told.drill, { everySeconds: 86_400, level: "load" });
    const companionLabels = inputsOf(resources, "store-backup-service").labels.map(({ label, value }) => [
      label,
      value,
    ]);
    assert.ok(companionLabels.some(([label, value]) => label === "holdfast.backup.drill" && value === "24h"));
    const without = await recordRedis({ backup: { to, image, drill: false } });
    assert.ok(without.every(({ name }) => !name.includes("drill")));
  });

  it("of any image is that of a file which the service writes", async () => {
    const file = { path: "backup/app.db", maxAge: "25h", restoreAs: "app.db" };
    const resources = await recordProgram(() => {
      new StatefulService("store", {
        image: `example/store:1@${digest}`,
        data: [{ volume: new LocalVolume("data", { pin }), path: "/data" }],
        memoryLimit: "100M",
        healthCheck: { test: ["CMD", "true"] },
        user: "1000:1000",
        backup: { to, image, kind: BackupKind.file, file },
      });
    });
    const { containerSpec } = inputsOf(resources, "store-backup-service").taskSpec;
    const { kind, file: told } = JSON.parse(containerSpec.env?.["HOLDFAST_BACKUP"] ?? "{}") as Record<string, unknown>;
    assert.deepEqual([kind, told], ["file", { path: "backup/app.db", restoreAs: "app.db", maxAgeSeconds: 90_000 }]);
    assert.equal(containerSpec.user, "1000:1000");
    assert.equal(
      inputsOf(resources, "store-service").labels.find(({ label }) => label === "holdfast.backup")?.value,
      "restic, backup/app.db when it is written, at least every 25h, to s3:https://s3.example.com/bucket",
    );
  });

  it("says where a copy of the password is, and refuses the password itself there", async () => {
    const passwordCopy = "the team's password manager";
    const resources = await recordRedis({ backup: { to: { ...to, passwordCopy }, image } });
    const { labels } = inputsOf(resources, "store-backup-service");
    assert.equal(labels.find(({ label }) => label === "holdfast.backup.password-copy")?.value, passwordCopy);
    await assert.rejects(
      recordRedis({ backup: { to: { ...to, passwordCopy: `it is ${to.password}` }, image } }),
      (error: Error) => /store\.backup\.to\.passwordCopy/u.test(error.message) && !error.message.includes(to.password),
    );
  });

  it("is refused where the companion would not know the files, or not reach them", async () => {
    const service = (more: Partial<StatefulServiceArgs>, backup: Partial<ServiceBackupArgs> = {}) => {
      const volume = new LocalVolume("data", { pin });
      new StatefulService("store", {
        image: `valkey/valkey:8@${digest}`,
        data: [{ volume, path: "/data" }],
        memoryLimit: "100M",
        healthCheck: { test: ["CMD", "true"] },
        backup: { to, image, kind: BackupKind.log, ...backup },
        ...more,
      });
    };
    const volume = () => new ExistingVolume("other", { on: { hostname: "node-2" } });
    const password = to.password;
    const refusals: Record<string, () => unknown> = {
      'store.backup: expected BackupKind.file or words, for a service that is not known to be Redis, Valkey or PostgreSQL, whose files the backup knows, got BackupKind.log. Let the service write a file for its backup, or name what the image is: labels: { "holdfast.image": "redis" }.':
        () => {
          service({ image: `example/store:1@${digest}` });
        },
      'store.backup.kind: expected another kind, or words, for a service that is not known to be a PostgreSQL, got "postgresql". Say in words how it is backed up, or name what the image is: labels: { "holdfast.image": "postgres" }.':
        () => {
          service({}, { kind: BackupKind.postgresql, server: { password, folder: "pgdata" } });
        },
      'store.backup.server: expected how the backup signs in to its PostgreSQL, got nothing. Write { password, folder: "pgdata" }, or use the component PostgreSQL, which does.':
        () => {
          service({}, { kind: BackupKind.postgresql });
        },
      'store.backup.file: expected which file the service writes for its backup, got nothing. Write { path: "backup/app.db", maxAge: "25h" }.':
        () => {
          service({}, { kind: BackupKind.file });
        },
      "store.backup.file: expected nothing, for any kind but BackupKind.file, got something. Leave it out.": () => {
        service({}, { file: { path: "app.db", maxAge: "25h" } });
      },
      "store.user: expected the number of the user that the service runs as: the backup reads its file as that user, and restores it, got nothing. Write for example 1000:1000, or 0:0 for root; `id` in the service's container says it.":
        () => {
          service({}, { kind: BackupKind.file, file: { path: "app.db", maxAge: "25h" } });
        },
      "store.backup.kind: expected a server whose log has several files: Redis 7 or Valkey, got Redis 6. Choose BackupKind.snapshot, which backs dump.rdb up, or a newer version.":
        () => {
          service({ image: `redis:6.2@${digest}` });
        },
      "store.backup: expected words, where there is not one volume with data, got a repository, and no volume. Say in words how they are backed up.":
        () => {
          service({ data: [], scratch: [{ path: "/data" }] });
        },
      "store.backup.to.volume: expected a volume that the node of the data reaches, got one that is only where node.hostname==node-2. Use a NetworkVolume or, in place of a volume, a repository of s3, rest or sftp; a volume of the same node, by the same mark, is lost with it.":
        () => {
          service({}, { to: { volume: volume(), password } });
        },
      "store.backup.lateAfter: expected at least three times as long as from one delivery to the next: 30s, got 20s. Raise it, or deliver more often.":
        () => {
          service({}, { every: "10s", lateAfter: "20s" });
        },
    };
    refusals[
      "store.backup.drill: expected a repository at an address, which every node reaches, got one in a volume. Use a repository of s3, rest or sftp, or leave the drill out and run `holdfast backup verify` from time to time."
    ] = () => {
      const repository = new LocalVolume("repository", { pin });
      service({}, { to: { volume: repository, password }, drill: {} });
    };
    refusals[
      "store.transform.backup: expected a transform of a resource that the component makes, got one of none: no backup with a repository is declared. Leave it out."
    ] = () => {
      const volume = new LocalVolume("data", { pin });
      const given = { image: `redis:7@${digest}`, memoryLimit: "100M", password: to.password, volume };
      new Redis("store", { ...given, backup: "restic", transform: { backup: {} } });
    };
    for (const [message, build] of Object.entries(refusals)) {
      await recordProgram(() => {
        assert.throws(build, { message });
      });
    }
    await recordProgram(() => {
      service({});
    });
    await recordProgram(() => {
      service({ image: `redis:6.2@${digest}` }, { kind: BackupKind.snapshot });
    });
  });
});

interface ServiceInputs {
  name: string;
  labels: { label: string; value: string }[];
  mode: unknown;
  endpointSpec: { ports: unknown };
  taskSpec: {
    placement: unknown;
    networksAdvanceds: unknown;
    resources: { limits: { memoryBytes: number } };
    containerSpec: {
      args?: string[];
      user?: string;
      env?: Record<string, string>;
      mounts?: { target: string; readOnly?: boolean }[];
      secrets?: { fileName: string; fileUid: string; fileMode: number }[];
      configs?: { fileName: string }[];
      healthcheck?: { tests: string[] };
    };
  };
}

function inputsOf(resources: RecordedResource[], name: string): ServiceInputs {
  // The component's own arguments, as they went over the wire.
  return resources.find((each) => each.name === name)?.inputs as unknown as ServiceInputs;
}

function contentOf(resources: RecordedResource[], name: string): string {
  const data = resources.find((each) => each.name === name)?.inputs["data"];
  // Secrets are wrapped on the wire.
  const text = typeof data === "string" ? data : (data as { value: string }).value;
  return Buffer.from(text, "base64").toString();
}
