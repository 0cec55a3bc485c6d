import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import Docker from "dockerode";

import { releaseAllLocks } from "../../engine/state/lock.ts";
import { openStack } from "../../engine/state/stack.ts";
import { cuttingProxy } from "../support/cutting-proxy.ts";

/** Something that goes wrong in the middle of an operation. */
export type Fault =
  | { kind: "killed"; point: string; nth: number }
  | { kind: "disk full"; point: string; nth: number }
  | { kind: "request lost" | "answer lost"; nth: number };

/** What a fault interrupts: the way from one variant of the program to another; `gone` stands for nothing at all. */
export interface Scenario {
  name: string;
  before: Variant;
  after: Variant;
  operation: "update" | "destroy" | "refresh";
  withService: boolean;
}

type Variant = "gone" | "base" | "changed" | "renamed";

/** One way for each kind of operation. */
export const scenarios: readonly Scenario[] = [
  { name: "create", before: "gone", after: "base", operation: "update", withService: false },
  { name: "replace", before: "base", after: "changed", operation: "update", withService: false },
  { name: "destroy", before: "base", after: "gone", operation: "destroy", withService: false },
  { name: "refresh", before: "base", after: "base", operation: "refresh", withService: false },
  { name: "create a service", before: "gone", after: "base", operation: "update", withService: true },
  { name: "update a service", before: "base", after: "changed", operation: "update", withService: true },
  { name: "replace a service", before: "base", after: "renamed", operation: "update", withService: true },
  { name: "destroy a service", before: "base", after: "gone", operation: "destroy", withService: true },
];

/** The points that an operation passes, with how often; found by running it without a fault. */
export type PassedPoints = ReadonlyMap<string, number>;

/** The engine that the faults happen on. */
export interface FaultEngine {
  dockerHost: string;
  image: string;
}

/** What came of an operation in a process of its own. */
interface Outcome {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  changes: Record<string, number>;
  errors: string[];
}

/** A stack of the fault program with a project folder of its own. */
export class FaultStack {
  readonly #engine: FaultEngine;
  readonly #docker: Docker;
  readonly #prefix = `fault-${randomBytes(3).toString("hex")}`;
  readonly #withService: boolean;
  readonly #directory: string;

  private constructor(engine: FaultEngine, directory: string, withService: boolean) {
    this.#engine = engine;
    this.#docker = new Docker({ socketPath: socketOf(engine.dockerHost) });
    this.#directory = directory;
    this.#withService = withService;
  }

  static async create(engine: FaultEngine, withService: boolean): Promise<FaultStack> {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-fault-"));
    await cp(join(import.meta.dirname, "program"), directory, { recursive: true });
    await symlink(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
    return new FaultStack(engine, directory, withService);
  }

  /** Brings the stack to where a scenario starts. Throws when that does not work. */
  async reset(variant: Variant): Promise<void> {
    const outcome = await this.run(variant === "gone" ? "destroy" : "update", variant);
    if (outcome.exitCode !== 0) throw new Error(`reset to ${variant} failed: ${JSON.stringify(outcome)}`);
    if (variant !== "gone") await writeFile(await this.#canaryPath(), "still here");
  }

  /** How often each point is passed on the way to a variant; the way is gone. */
  async passedPoints(scenario: Scenario): Promise<PassedPoints> {
    const log = join(this.#directory, "points");
    // What only the very first run of a stack passes, its encryption salt, can't be passed again.
    await this.reset("base");
    await this.reset(scenario.before);
    await this.run(scenario.operation, scenario.after, { HOLDFAST_FAULT_LOG: log });
    const points = (await readFile(log, "utf8")).trimEnd().split("\n");
    await rm(log);
    return new Map(
      Object.entries(Object.groupBy(points, (point) => point)).map(([point, all]) => [point, all?.length ?? 0]),
    );
  }

  /**
   * Lets one fault happen and then does what a person would: release the lock, run it again.
   *
   * @returns what is wrong afterwards, a line each; empty when the stack survived
   */
  async survive(scenario: Scenario, fault: Fault): Promise<string[]> {
    await this.reset(scenario.before);
    const hit = await this.#interrupted(scenario, fault);
    if (hit.exitCode === 0 && fault.kind === "killed") return [`the fault did not happen: ${JSON.stringify(hit)}`];
    const stack = await openStack({ projectDirectory: this.#directory, stackName: "dev" }, this.#environment());
    await releaseAllLocks(stack.files.locks);
    const operation = scenario.operation === "destroy" ? "destroy" : "update";
    const again = await this.run(operation, scenario.after);
    if (again.exitCode !== 0) return [`the next ${operation} failed: ${again.errors.join("; ")}`];
    const settled = operation === "destroy" ? again : await this.run("preview", scenario.after);
    const planned = Object.keys(settled.changes).filter((change) => change !== "same");
    return [
      ...(operation === "update" && planned.length > 0 ? [`the next preview still plans ${planned.join(", ")}`] : []),
      ...(await this.#wrongInventory(scenario.after)),
      ...(scenario.before !== "gone" && scenario.after !== "gone" && !existsSync(await this.#canaryPath())
        ? ["the data is gone"]
        : []),
    ];
  }

  /** Removes everything that the stack made. */
  async remove(): Promise<void> {
    await this.run("destroy", "base").catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async run(operation: string, variant: Variant, environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const config = {
      prefix: this.#prefix,
      variant: variant === "gone" ? "base" : variant,
      ...(this.#withService && { image: this.#engine.image }),
    };
    const lines = Object.entries(config).map(([key, value]) => `  faults:${key}: ${value}\n`);
    const settings = join(this.#directory, "Pulumi.dev.yaml");
    const salt = /^encryptionsalt: .*\n/m.exec(await readFile(settings, "utf8").catch(() => ""))?.[0] ?? "";
    await writeFile(settings, `${salt}config:\n${lines.join("")}`);
    return runWorker(operation, this.#directory, { ...this.#environment(), ...environment });
  }

  async #interrupted(scenario: Scenario, fault: Fault): Promise<Outcome> {
    if (fault.kind === "killed" || fault.kind === "disk full") {
      const full = fault.kind === "disk full" ? ":enospc" : "";
      return this.run(scenario.operation, scenario.after, { HOLDFAST_FAULT: `${fault.point}:${fault.nth}${full}` });
    }
    const proxy = await cuttingProxy(socketOf(this.#engine.dockerHost), join(this.#directory, "cut.sock"));
    proxy.cut(fault.kind === "request lost" ? "request" : "answer", /^(?:POST|PUT|DELETE) /, fault.nth);
    try {
      return await this.run(scenario.operation, scenario.after, { DOCKER_HOST: proxy.host });
    } finally {
      proxy.close();
      await rm(join(this.#directory, "cut.sock"), { force: true });
    }
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...process.env, DOCKER_HOST: this.#engine.dockerHost, PULUMI_CONFIG_PASSPHRASE: "fault" };
  }

  async #canaryPath(): Promise<string> {
    const { Mountpoint } = await this.#docker.getVolume(`${this.#prefix}-data`).inspect();
    return join(Mountpoint, "canary");
  }

  /** Nothing doubled, nothing orphaned: exactly one of each kind, or none. */
  async #wrongInventory(variant: Variant): Promise<string[]> {
    const ours = (names: (string | undefined)[]): number =>
      names.filter((name) => name?.startsWith(this.#prefix)).length;
    const [networks, volumes, secrets, configs, services] = await Promise.all([
      this.#docker.listNetworks(),
      this.#docker.listVolumes(),
      this.#docker.listSecrets(),
      this.#docker.listConfigs(),
      this.#docker.listServices(),
    ]);
    const there = {
      networks: ours(networks.map(({ Name }) => Name)),
      volumes: ours(volumes.Volumes.map(({ Name }) => Name)),
      secrets: ours(secrets.map(({ Spec }) => Spec?.Name)),
      configs: ours(configs.map(({ Spec }) => Spec?.Name)),
      services: ours(services.map(({ Spec }) => Spec?.Name)),
    };
    const each = variant === "gone" ? 0 : 1;
    const expected = {
      networks: each,
      volumes: each,
      secrets: each,
      configs: each,
      services: this.#withService ? each : 0,
    };
    return isDeepStrictEqual(there, expected)
      ? []
      : [`expected ${JSON.stringify(expected)}, found ${JSON.stringify(there)}`];
  }
}

function socketOf(dockerHost: string): string {
  return dockerHost.replace(/^unix:\/\//, "");
}

function runWorker(operation: string, directory: string, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "worker.ts"), operation, directory], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.resume();
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      // The worker prints one line of JSON, unless it was killed before.
      const { changes = {}, errors = [] } = JSON.parse(output.trimEnd().split("\n").at(-1) || "{}") as Partial<Outcome>;
      resolve({ exitCode, signal, changes, errors });
    });
  });
}
