import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findSettingMistake } from "../../components/redis/configuration.ts";
import {
  creationVariable,
  firstStartVariable,
  volumeLockFile,
  serviceVariable,
  startScript,
  storeMarker,
} from "../../model/service/start-guard.ts";
import type { AttackCase } from "./case.ts";

const store = "shop/prod/redis";

/** A volume, and servers that start on it as a service's start script does. */
class Volume {
  readonly folder = mkdtempSync(join(tmpdir(), "two-writers-"));
  readonly #shell: string;
  readonly #servers: ChildProcess[] = [];

  constructor(shell: string) {
    this.#shell = shell;
  }

  /** Runs a start script to its end; true where the server was started. */
  starts(service: string, { identity = store, variables = {} } = {}): boolean {
    const script = startScript({ identity, dataPaths: [this.folder] });
    const { stdout } = spawnSync(this.#shell, ["-c", script, "start", "echo", "served"], {
      encoding: "utf8",
      env: { ...process.env, [serviceVariable]: service, ...variables },
    });
    return stdout.includes("served");
  }

  firstStart(): void {
    this.starts("", { variables: { [firstStartVariable]: store } });
  }

  create(): boolean {
    return this.starts("", { variables: { [creationVariable]: store } });
  }

  /** Starts a server that stays; gives its process as soon as it serves. */
  async serve(service: string): Promise<ChildProcess> {
    const { server, served } = this.begin(service);
    await served;
    return server;
  }

  /** Runs a start script to which the last service's comes first; says whether a server came of it. */
  begin(service: string): { server: ChildProcess; served: Promise<boolean> } {
    const script = startScript({ identity: store, dataPaths: [this.folder] });
    const server = spawn(this.#shell, ["-c", script, "start", "sh", "-c", "echo served; exec sleep 60"], {
      env: { ...process.env, [serviceVariable]: service },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#servers.push(server);
    const said = once(server.stdout, "data").then(() => true);
    return { server, served: Promise.race([said, once(server, "exit").then(() => false)]) };
  }

  remove(): void {
    for (const server of this.#servers) server.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  server.kill(signal);
  await once(server, "exit");
}

/** What is tried with a store whose service is `own`; the attack is successful where the server of another one starts. */
const attempts: readonly (readonly [name: string, attack: (volume: Volume) => Promise<void>])[] = [
  [
    "another service of the same store while the server runs",
    async (volume) => {
      await volume.serve("own");
      assert.equal(volume.starts("other"), false);
    },
  ],
  [
    "the same service twice",
    async (volume) => {
      await volume.serve("own");
      assert.equal(volume.starts("own"), false);
    },
  ],
  [
    "a server from before services were noted, while one runs",
    async (volume) => {
      await volume.serve("own");
      assert.equal(volume.starts(""), false);
    },
  ],
  ...(["SIGKILL", "SIGTERM"] as const).map(
    (signal) =>
      [
        `another service in the moments after ${signal}, and the own one is not kept out`,
        async (volume: Volume) => {
          await end(await volume.serve("own"), signal);
          const other = volume.begin("other");
          await sleep(2000);
          await volume.serve("own");
          assert.equal(await other.served, false);
        },
      ] as const,
  ),
  [
    "another store's service, which leaves the claim as it is",
    async (volume) => {
      await end(await volume.serve("own"), "SIGTERM");
      assert.equal(volume.starts("other", { identity: "shop/test/redis" }), false);
      assert.equal(volume.starts("own"), true);
      assert.match(readFileSync(join(volume.folder, volumeLockFile), "utf8"), /^service own$/mu);
    },
  ],
  [
    "a second first start, which makes nobody else the owner",
    async (volume) => {
      await end(await volume.serve("own"), "SIGTERM");
      volume.firstStart();
      assert.match(readFileSync(join(volume.folder, volumeLockFile), "utf8"), /^service own$/mu);
    },
  ],
  [
    "an emptied volume a moment after the first start",
    async (volume) => {
      await end(await volume.serve("own"), "SIGTERM");
      for (let time = 0; time < 5; time++) {
        rmSync(join(volume.folder, storeMarker), { force: true });
        assert.equal(volume.starts("own"), false);
      }
    },
  ],
  [
    "a creation with nothing asked for, on an empty volume",
    (volume) => {
      rmSync(join(volume.folder, storeMarker));
      volume.create();
      assert.equal(volume.starts("own"), false);
      return Promise.resolve();
    },
  ],
  [
    "a lock file with words of somebody else's in it",
    async (volume) => {
      for (const text of ["", "\n\n", "service\n", "service $(touch x) `id`\nfile *\n", "\0\0", "x".repeat(100_000)]) {
        writeFileSync(join(volume.folder, ".holdfast-lock"), text);
        const { server, served } = volume.begin("own");
        assert.equal(await served, true, JSON.stringify(text.slice(0, 40)));
        assert.equal(volume.starts("other"), false, JSON.stringify(text.slice(0, 40)));
        await end(server, "SIGKILL");
      }
    },
  ],
];

/** Lines of redis.conf that decide about the data, who may do what, or what the server reaches. */
const harmful =
  `appendonly appendfsync appenddirname appendfilename save dir dbfilename replicaof slaveof REPLICAOF masterauth
  masteruser primaryauth replica-read-only replica-serve-stale-data repl-diskless-load slave-read-only min-replicas-to-write
  cluster-enabled cluster-config-file sentinel pidfile logfile syslog-enabled unixsocket unixsocketperm include loadmodule
  daemonize supervised bind bind-source-addr port tls-port tls-cert-file tls-key-file tls-key-file-pass tls-ca-cert-file
  tls-ca-cert-dir tls-dh-params-file tls-client-cert-file tls-auth-clients tls-replication enable-debug-command
  enable-module-command enable-protected-configs rdb-del-sync-files rdbchecksum rdb-key-save-delay aof-load-truncated
  aof-disable-auto-gc aof-use-rdb-preamble no-appendfsync-on-rewrite stop-writes-on-bgsave-error shutdown-on-sigterm
  shutdown-on-sigint shutdown-timeout key-load-delay maxmemory maxmemory-policy aclfile requirepass user protected-mode
  rename-command acl-pubsub-default databases ignore-warnings ts-retention-policy search-ext-load search-friso-ini socket-mark-id use-exit-on-panic watchdog-period
  what-nobody-knows-yet`
    .trim()
    .split(/\s+/u);

/** Two servers on one data, and one server that is told to empty its own. */
export const cases: readonly AttackCase[] = [
  ...["dash", "bash"].flatMap((shell) =>
    attempts.map(([name, attack]): AttackCase => ({
      group: "two writers",
      name: `${name}, in ${shell}`,
      sample: shell === "dash" && (name.includes("while the server runs") || name.includes("emptied")),
      run: async () => {
        const volume = new Volume(shell);
        try {
          volume.firstStart();
          await attack(volume);
        } finally {
          volume.remove();
        }
      },
    })),
  ),
  ...harmful.map((name): AttackCase => ({
    group: "settings",
    name: `{ "${name}": … } of a Redis`,
    sample: true,
    run: () => {
      assert.ok(findSettingMistake(name, "yes", "settings") !== undefined);
      return Promise.resolve();
    },
  })),
];
