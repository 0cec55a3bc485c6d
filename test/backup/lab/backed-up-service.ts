/** A Redis on a lab whose log is followed into a repository that all nodes reach, and the command line for it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { execa } from "execa";
import { backupConfigurationVariable } from "../../../backup/protocol.ts";
import { readRecord } from "../../../lab/host/record-file.ts";
import { pushBackupImage } from "../../../lab/images/backup.ts";
import type { Lab } from "../../../lab/lab.ts";
import { labAddresses, namespaceName } from "../../../lab/nodes/network.ts";
import { labKind } from "../../../lab/nodes/record.ts";
import { findBackupTasks } from "../../../live/backup/companion-task.ts";
import { handleSchema, type Service } from "../../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../../swarm/api/reads.ts";
import { engineOf, LabService, nodeOf, removeLeftovers, until } from "../../support/lab-service.ts";
import { ArgumentsWatch, containerTexts, managerTexts, placesOf, type ReadText } from "../../support/secret-scan.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";

const serverPort = 8200;

/** Where the service listens on its node. */
export const shopPort = 10_090;

/** How long a companion takes to start: its image is new to its node. */
export const companionStartMs = 120_000;

/** Of its repository. */
const password = "correct horse battery";

/** What the command line answered. */
export interface Answer {
  readonly exitCode: number | undefined;
  readonly document: Readonly<Record<string, never>>;
  readonly stderr: string;
}

const entry = fileURLToPath(new URL("../../../cli/holdfast.ts", import.meta.url));

/** A server of the repository in the network of a node. */
class RepositoryServer {
  readonly #start: () => ReturnType<typeof startServer>;
  #running: ReturnType<typeof startServer>;

  constructor(namespace: string, folder: string, address: string) {
    this.#start = () => startServer(namespace, folder, address);
    this.#running = this.#start();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#running = this.#start();
  }

  async stop(): Promise<void> {
    this.#running.stdin.end();
    await this.#running;
  }
}

function startServer(namespace: string, folder: string, address: string) {
  const program = fileURLToPath(new URL("../../support/restic-server.ts", import.meta.url));
  const words = [process.execPath, program, folder, address, String(serverPort)];
  return execa("nsenter", [`--net=/run/netns/${namespace}`, ...words], { stdin: "pipe", reject: false });
}

/** The service `shop` on `node-2`, and `shop-backup` beside it. */
export class BackedUpService {
  readonly shop: LabService;
  readonly #lab: Lab;
  /** Where the repository is. */
  readonly folder: string;
  readonly #servers: ReadonlyMap<string, RepositoryServer>;
  /** What the commands have said. */
  readonly #said: ReadText[] = [];
  /** Volumes that are removed at the end. */
  readonly made = new Set(["shop-data"]);

  private constructor(lab: Lab, folder: string, servers: ReadonlyMap<string, RepositoryServer>, shop: LabService) {
    this.#lab = lab;
    this.folder = folder;
    this.#servers = servers;
    this.shop = shop;
  }

  /** Makes both, and waits until the companion is healthy. */
  static async create(lab: Lab): Promise<BackedUpService> {
    const docker = engineOf(nodeOf(lab, 1));
    const record = readRecord(labKind, lab.directory);
    assert.ok(record);
    const folder = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
    const [gateway = ""] = labAddresses(record.addressIndex).bridgeAddress.split("/");
    // Every node has the repository at the same address: containers reach nothing beyond their node.
    const servers = new Map(
      lab.nodes.map(({ name }) => [name, new RepositoryServer(namespaceName(record.id, name), folder, gateway)]),
    );
    const image = await pushBackupImage(lab, testCacheDirectory);
    const shop = await LabService.create(lab, {
      name: "shop",
      port: shopPort,
      args: ["--appendonly", "yes", "--aof-timestamp-enabled", "yes"],
      mounts: [{ Type: "volume", Source: "shop-data", Target: "/data" }],
      constraints: ["node.hostname==node-2"],
    });
    const secret = handleSchema.parse(
      await docker.createSecret({
        Name: "shop-repository",
        Data: Buffer.from(password).toString("base64"),
      }),
    );
    const file = { Name: "repository-password", UID: "999", GID: "999", Mode: 0o400 };
    const configuration = {
      ...{ store: "shop/test/redis", data: "/data", kind: "log", everySeconds: 1 },
      repository: `rest:http://${gateway}:${serverPort}/shop`,
    };
    await docker.createService({
      Name: "shop-backup",
      Labels: { "holdfast.backup.of": "shop" },
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Args: ["follow"],
          Env: [`${backupConfigurationVariable}=${JSON.stringify(configuration)}`],
          User: "999:999",
          ReadOnly: true,
          CapabilityDrop: ["ALL"],
          Mounts: [
            { Type: "volume", Source: "shop-data", Target: "/data", ReadOnly: true },
            { Type: "tmpfs", Target: "/tmp" },
          ],
          Secrets: [{ SecretID: secret.id, SecretName: "shop-repository", File: file }],
          HealthCheck: {
            Test: ["CMD", "node", "/opt/holdfast/backup/main.ts", "health"],
            ...{ Interval: 5e9, Timeout: 10e9, Retries: 3, StartPeriod: 60e9 },
          },
        },
        Placement: { Constraints: ["node.hostname==node-2"] },
        RestartPolicy: { Condition: "any", Delay: 5e8 },
      },
      Mode: { Replicated: { Replicas: 1 } },
    } as object);
    const made = new BackedUpService(lab, folder, servers, shop);
    await until(
      async () => (await listTasks(docker, (await made.companion()).ID)).at(-1)?.Status.State === "running",
      "the companion runs and is healthy",
      companionStartMs,
    );
    return made;
  }

  get docker(): Docker {
    return engineOf(nodeOf(this.#lab, 1));
  }

  /** The companion's service. */
  async companion(): Promise<Service> {
    const service = await inspectService(this.docker, "shop-backup");
    assert.ok(service);
    return service;
  }

  /** The tasks of restores that are there. */
  async restores() {
    return (await findBackupTasks(this.docker, "shop")).filter(({ order }) => order["command"] === "restore");
  }

  /** Lets a person make a mistake, and gives the last second before it; all of it is in the repository then. */
  async flushAll(): Promise<string> {
    const at = Math.floor(Date.now() / 1000);
    await sleep(1100);
    await this.shop.redis("FLUSHALL");
    await this.shop.redis("SET", "later", "lost with the mistake");
    const delivered = await this.run("backup", "now", "shop");
    assert.equal(delivered.exitCode, 0, delivered.stderr);
    return new Date(at * 1000).toISOString();
  }

  /** Starts a command that answers in JSON. */
  command(...words: string[]) {
    return this.start(...words, "--json");
  }

  /** Starts a command. */
  start(...words: string[]) {
    return execa(process.execPath, [entry, ...words, "--engine", nodeOf(this.#lab, 1).dockerHost], {
      cwd: this.folder,
      reject: false,
    });
  }

  /** Runs a command to its end. */
  async run(...words: string[]): Promise<Answer> {
    const { stdout, stderr, exitCode } = await this.command(...words);
    this.#said.push({ where: `holdfast ${words.join(" ")}`, text: `${stdout}\n${stderr}` });
    return { exitCode, document: this.note(stdout), stderr };
  }

  /** Reads what a command has answered, and takes note of the volume that it has restored into. */
  note(stdout: string): Answer["document"] {
    const document = JSON.parse(stdout || "{}") as Record<string, never>;
    const { plan } = document as { plan?: { volume: string } };
    if (plan) this.made.add(plan.volume);
    return document;
  }

  /**
   * Where the repository's password is in clear while a command runs: in what the manager and the engines say, in logs, arguments, and all
   * that the commands have said so far.
   */
  async leaksDuring(...words: string[]): Promise<readonly string[]> {
    const watched = new ArgumentsWatch();
    const texts: ReadText[] = [];
    const over = new AbortController();
    const ended = this.run(...words).finally(() => {
      over.abort();
    });
    do {
      texts.push(...(await managerTexts(this.docker)));
      for (const node of this.#lab.nodes) texts.push(...(await containerTexts(engineOf(node))));
    } while (!over.signal.aborted);
    const { exitCode, stderr } = await ended;
    assert.equal(exitCode, 0, stderr);
    const places = placesOf([password], [...texts, ...(await watched.stop()), ...this.#said]);
    return [...new Set(places)];
  }

  /** Starts the server of the repository again on a node that has booted: it has another network. */
  async serveOn(node: string): Promise<void> {
    await this.#servers.get(node)?.restart();
  }

  /** Removes all of it from a lab that is whole. */
  async remove(): Promise<void> {
    await removeLeftovers(this.#lab, ["shop", "shop-backup"], [...this.made]);
    await this.docker
      .getSecret("shop-repository")
      .remove()
      .catch(() => undefined);
    for (const server of this.#servers.values()) await server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
