/** Repositories at an address, each with a real server: what a backup into them must survive. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, chmod, chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import { testCacheDirectory } from "../support/sandbox.ts";
import { Rig } from "./rig.ts";
import { assertRestores, errorOf, Writer } from "./scenarios.ts";
import { digestOf } from "./store.ts";

/** A server that has a repository, and what the companion must know of it. */
interface Remote {
  readonly repository: string;
  readonly credentials: Readonly<Record<string, string>>;
  /** Credentials that it does not take, and what the companion then says. */
  readonly wrong: readonly { readonly credentials: Readonly<Record<string, string>>; readonly says: RegExp }[];
  /** Whether it has its files still when it was killed. */
  readonly keeps: boolean;
  /** Starts it, and gives its process. */
  start(): Promise<ChildProcess>;
}

/** Makes the server's files in a folder of its own. */
type RemoteKind = (folder: string, port: number) => Promise<Remote>;

/** The user of the server: another one than that of the companion. */
const serverUser = 4243;

/** OpenSSH's server, with users and a folder at run time of its own. */
const sftp: RemoteKind = async (folder, port) => {
  const { environment } = await fillToolbox(testCacheDirectory, () => undefined, {
    name: "sftp-toolbox",
    packages: { "openssh-server": "sshd", "openssh-client": "ssh" },
    programs: ["ssh-keygen", "unshare"],
  });
  const own = join(folder, "files");
  await mkdir(own);
  for (const name of ["host", "key", "other"])
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)], { env: environment });
  const text = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  await writeFile(
    join(folder, "sshd_config"),
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${join(folder, "host")}\nPidFile none\nStrictModes no\nUsePAM no\n` +
      `AuthorizedKeysFile ${join(folder, "key.pub")}\nSubsystem sftp internal-sftp\n`,
  );
  // The server lets only users in that have a name and are not locked.
  const users = await readFile("/etc/passwd", "utf8");
  await writeFile(
    join(folder, "passwd"),
    `${users}keeper:NP:${serverUser}:${serverUser}::/:/bin/sh\nsshd:x:4244:4244::/run/sshd:/bin/false\n`,
  );
  await chmod(folder, 0o711);
  await chown(own, serverUser, serverUser);
  const base64 = (key: string): string => Buffer.from(key).toString("base64");
  const knows = (key: string): string => `[127.0.0.1]:${port} ${key}`;
  const credentials = {
    SFTP_PRIVATE_KEY: base64(await text("key")),
    SFTP_KNOWN_HOSTS: base64(knows(await text("host.pub"))),
  };
  const program = `mount --bind ${join(folder, "passwd")} /etc/passwd
    mount -t tmpfs none /run
    mkdir /run/sshd
    exec "$(command -v sshd)" -D -f ${join(folder, "sshd_config")}`;
  return {
    repository: `sftp://keeper@127.0.0.1:${port}/${own}/repository`,
    credentials,
    wrong: [
      {
        credentials: { ...credentials, SFTP_PRIVATE_KEY: base64(await text("other")) },
        says: /Permission denied \(publickey.*Give a private key without a passphrase as SFTP_PRIVATE_KEY/u,
      },
      {
        credentials: { ...credentials, SFTP_KNOWN_HOSTS: base64(knows(await text("other.pub"))) },
        says: /IDENTIFICATION HAS CHANGED.*Compare the line that `ssh-keyscan` prints/u,
      },
      {
        credentials: { ...credentials, SFTP_KNOWN_HOSTS: base64(`other.example ${await text("host.pub")}`) },
        says: /No ED25519 host key is known for .*Compare the line that `ssh-keyscan` prints/u,
      },
      {
        credentials: { SFTP_PRIVATE_KEY: credentials.SFTP_PRIVATE_KEY },
        says: /credential SFTP_KNOWN_HOSTS: expected the server's host key, got nothing/u,
      },
    ],
    keeps: true,
    start: () => started("unshare", ["--mount", "sh", "-c", program], environment, port),
  };
};

/** Amazon's protocol, by moto with its check of signatures. */
const s3: RemoteKind = async (folder, port) => {
  const venv = join(testCacheDirectory, "moto");
  const program = join(venv, "bin", "moto_server");
  if (!(await isThere(program))) {
    await execa("python3", ["-m", "venv", venv]);
    await execa(join(venv, "bin", "pip"), ["--quiet", "install", "moto[server,s3]"]);
  }
  const credentials = { AWS_ACCESS_KEY_ID: "one", AWS_SECRET_ACCESS_KEY: "a key" };
  return {
    repository: `s3:http://127.0.0.1:${port}/a-bucket/of/mine`,
    credentials,
    wrong: [{ credentials: {}, says: /no credentials found/u }],
    keeps: false,
    start: () =>
      started(program, ["-H", "127.0.0.1", "-p", String(port)], { PATH: process.env["PATH"] ?? "" }, port, folder),
  };
};

/** Restic's own protocol, by rclone. */
const rest: RemoteKind = async (folder, port) => {
  const { environment } = await fillToolbox(testCacheDirectory, () => undefined, {
    name: "rclone-toolbox",
    packages: { rclone: "rclone" },
    programs: [],
  });
  const words = ["serve", "restic", "--addr", `127.0.0.1:${port}`, "--user", "one", "--pass", "hunter2", folder];
  return {
    repository: `rest:http://127.0.0.1:${port}/mine`,
    credentials: { RESTIC_REST_USERNAME: "one", RESTIC_REST_PASSWORD: "hunter2" },
    wrong: [
      {
        credentials: { RESTIC_REST_USERNAME: "one", RESTIC_REST_PASSWORD: "another" },
        says: /401 Unauthorized.*Check the credentials/u,
      },
    ],
    keeps: true,
    start: () => started("rclone", words, { ...environment, HOME: folder }, port),
  };
};

/** The kinds of servers that are tried. */
export const remotes = { sftp, s3, rest } as const;

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Starts a server, and waits until it listens. */
async function started(
  program: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  port: number,
  cwd?: string,
): Promise<ChildProcess> {
  const child = spawn(program, words, { env: environment, stdio: "ignore", cwd });
  for (let left = 200; left > 0 && child.exitCode === null; left--) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => {
        resolve(false);
      });
    });
    if (isOpen) return child;
    await sleep(100);
  }
  throw new Error(`${program} does not listen at ${port}`);
}

async function writeCredentials(folder: string, credentials: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(credentials).map(([variable, value]) => `${variable}=${value}\n`);
  await writeFile(join(folder, "repository-credentials"), lines.join(""));
}

/** How long the server is away, and how soon a delivery is late. */
const [awayMs, lateAfterSeconds] = [60_000, 15];

/** The credentials that a server does not take, one after the other, and what the program says of them. */
async function refusesWrong({ wrong }: Remote, rig: Rig): Promise<void> {
  for (const [index, { credentials, says }] of wrong.entries()) {
    const secrets = join(rig.folder, `wrong-${index}`);
    await cp(join(rig.folder, "secrets"), secrets, { recursive: true });
    await writeCredentials(secrets, credentials);
    const ran = await rig.run(["list"], { secrets });
    assert.notEqual(ran.exitCode, 0);
    assert.match(errorOf(ran), says);
  }
}

/** Runs a server of a kind, for the time of a trial. */
async function withServer(
  kind: RemoteKind,
  trial: (remote: Remote, rig: Rig, server: { stop(): Promise<void>; start(): Promise<ChildProcess> }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-remote-"));
  let server: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  };
  try {
    const remote = await kind(folder, await freePort());
    const start = async (): Promise<ChildProcess> => (server = await remote.start());
    await using rig = await Rig.create({ repository: remote.repository, lateAfterSeconds });
    await writeCredentials(join(rig.folder, "secrets"), remote.credentials);
    await trial(remote, rig, { stop, start });
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a key, a host and a repository are taken by the server of SFTP, and no others. */
export async function opensBySftp(): Promise<void> {
  await withServer(remotes.sftp, async (remote, rig, server) => {
    await server.start();
    const none = await rig.run(["list"]);
    assert.match(errorOf(none), /^There is no repository sftp:/u);
    await refusesWrong(remote, rig);
  });
}

/**
 * The first delivery, wrong credentials, a restart of the companion, a server that is away for a minute, one that takes connections and never
 * answers, and a restore after all that.
 */
export async function reaches(kind: RemoteKind): Promise<void> {
  await withServer(kind, async (remote, rig, server) => {
    let process = await server.start();
    const { redis } = await rig.startRedis();
    const writer = new Writer(redis, 100);
    let companion = rig.follow();
    await rig.delivered(companion, 60);
    await refusesWrong(remote, rig);
    assert.equal(await companion.stop(), 0);
    companion = rig.follow();
    await rig.delivered(companion, 60);
    assert.match(companion.said(), /Going on with|Continuing/u);

    if (remote.keeps) {
      await server.stop();
      await sleep(awayMs);
      const late = await rig.run(["health"]);
      assert.match(errorOf(late), /Nothing has been delivered for \d+ s: The repository .*(?:refused|closed)/u);
      process = await server.start();
      await rig.delivered(companion, 60);
    }

    process.kill("SIGSTOP");
    const began = Date.now();
    const silent = await rig.run(["list"]);
    assert.notEqual(silent.exitCode, 0);
    assert.match(errorOf(silent), /^The repository .*(?:time|Connection)/u);
    assert.ok(Date.now() - began < 120_000, `${Date.now() - began} ms`);
    assert.match(errorOf(await rig.run(["health"])), /Nothing has been delivered for \d+ s/u);
    process.kill("SIGCONT");
    await rig.delivered(companion, 120);
    assert.equal((await rig.run(["health"])).exitCode, 0);

    await writer.stop();
    await rig.delivered(companion, 60);
    const digest = await digestOf(redis);
    assert.equal(await companion.stop(), 0);
    await assertRestores(rig, digest);
  });
}
