import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import Docker from "dockerode";

import type { EngineEvent } from "../../engine/model/events.ts";
import { destroyStack, previewStack, updateStack } from "../../engine/operations.ts";
import { readLocks, releaseLocks } from "../../engine/state/lock.ts";
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

/** One for each kind of operation. */
export const scenarios: readonly Scenario[] = [
  { name: "create", before: "gone", after: "base", operation: "update", withService: false },
  { name: "destroy", before: "base", after: "gone", operation: "destroy", withService: false },
  { name: "replace", before: "base", after: "changed", operation: "update", withService: false },
  { name: "refresh", before: "base", after: "base", operation: "refresh", withService: false },
  { name: "create a service", before: "gone", after: "base", operation: "update", withService: true },
  { name: "destroy a service", before: "base", after: "gone", operation: "destroy", withService: true },
  { name: "update a service", before: "base", after: "changed", operation: "update", withService: true },
  { name: "replace a service", before: "base", after: "renamed", operation: "update", withService: true },
];

/** The way back, where that is an operation of the same kind. */
export function reversed(scenario: Scenario): Scenario {
  const { before, after } = scenario;
  return before === "gone" || after === "gone" ? scenario : { ...scenario, before: after, after: before };
}

/** The points that an operation passes, with how often; found by running it without a fault. */
export type PassedPoints = ReadonlyMap<string, number>;

/** The engine that the faults happen on. */
export interface FaultEngine {
  dockerHost: string;
  image: string;
  /** Where the stacks' project folders are made. */
  directory: string;
}

/** What came of an operation. */
interface Outcome {
  succeeded: boolean;
  changes: Record<string, number>;
  errors: string[];
}

/** The operations that put a stack in order again; what is to be interrupted runs in a process of its own. */
const operations = { preview: previewStack, update: updateStack, destroy: destroyStack };

/** A stack of the fault program with a project folder of its own. */
export class FaultStack {
  readonly #engine: FaultEngine;
  readonly #docker: Docker;
  readonly #prefix = `fault-${randomBytes(3).toString("hex")}`;
  readonly #withService: boolean;
  readonly #directory: string;
  /** Where the stack is known to stand. */
  #at: Variant | undefined;

  private constructor(engine: FaultEngine, directory: string, withService: boolean) {
    this.#engine = engine;
    this.#docker = new Docker({ socketPath: socketOf(engine.dockerHost) });
    this.#directory = directory;
    this.#withService = withService;
  }

  static async create(engine: FaultEngine, withService: boolean): Promise<FaultStack> {
    const directory = await mkdtemp(join(engine.directory, "stack-"));
    await cp(join(import.meta.dirname, "program"), directory, { recursive: true });
    await symlink(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
    return new FaultStack(engine, directory, withService);
  }

  /** How often each point is passed in a scenario. Leaves the stack where the scenario ends. */
  async passedPoints(scenario: Scenario): Promise<PassedPoints> {
    // What only the very first run of a stack passes, its encryption salt, can't be passed again.
    await this.#bringTo("base");
    await this.#bringTo(scenario.before);
    this.#at = undefined;
    return this.#interruptible(scenario, {});
  }

  /**
   * Lets one fault happen and then does what a person would: release the lock, run it again.
   *
   * @returns what is wrong afterwards, a line each; empty when the stack survived
   */
  async survive(scenario: Scenario, fault: Fault): Promise<string[]> {
    await this.#bringTo(scenario.before);
    this.#at = undefined;
    const keepsData = scenario.before !== "gone" && scenario.after !== "gone";
    if (keepsData) await writeFile(await this.#canaryPath(), "still here");
    if (!(await this.#happened(scenario, fault))) {
      // Writes that fall together become one, so the last time may have come before.
      const earlier = { ...fault, nth: fault.nth - 1 };
      return earlier.nth > 0 ? this.survive(scenario, earlier) : ["the fault did not happen"];
    }
    const stack = await openStack({ projectDirectory: this.#directory, stackName: "dev" }, this.#environment());
    await releaseLocks(await readLocks(stack.files.locks));
    const operation = scenario.operation === "destroy" ? "destroy" : "update";
    const again = await this.#run(operation, scenario.after);
    if (!again.succeeded) return [`the next ${operation} failed: ${again.errors.join("; ")}`];
    const settled = operation === "destroy" ? again : await this.#run("preview", scenario.after);
    const planned = Object.keys(settled.changes).filter((change) => change !== "same");
    const wrong = [
      ...(operation === "update" && planned.length > 0 ? [`the next preview still plans ${planned.join(", ")}`] : []),
      ...(await this.#wrongInventory(scenario.after)),
      ...(keepsData && !existsSync(await this.#canaryPath()) ? ["the data is gone"] : []),
    ];
    if (wrong.length === 0) this.#at = scenario.after;
    return wrong;
  }

  /** Removes everything that the stack made. */
  async remove(): Promise<void> {
    await this.#run("destroy", "base").catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Brings the stack to where a scenario starts. Throws when that does not work. */
  async #bringTo(variant: Variant): Promise<void> {
    if (this.#at === variant) return;
    const { succeeded, errors } = await this.#run(variant === "gone" ? "destroy" : "update", variant);
    if (!succeeded) throw new Error(`the way to ${variant} failed: ${errors.join("; ")}`);
    this.#at = variant;
  }

  async #run(operation: keyof typeof operations, variant: Variant): Promise<Outcome> {
    await this.#declare(variant);
    const errors: string[] = [];
    const onEvent = ({ diagnosticEvent }: EngineEvent): void => {
      if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
    };
    const location = { projectDirectory: this.#directory, stackName: "dev" };
    const options = { onEvent, environment: this.#environment(), dockerHost: this.#engine.dockerHost };
    const { succeeded, changes } = await operations[operation](location, options);
    return { succeeded, changes, errors };
  }

  /** Writes down which variant the program is to declare. */
  async #declare(variant: Variant): Promise<void> {
    const config = {
      prefix: this.#prefix,
      variant: variant === "gone" ? "base" : variant,
      ...(this.#withService && { image: this.#engine.image }),
    };
    const lines = Object.entries(config).map(([key, value]) => `  faults:${key}: ${value}\n`);
    const settings = join(this.#directory, "Pulumi.dev.yaml");
    const salt = /^encryptionsalt: .*\n/m.exec(await readFile(settings, "utf8").catch(() => ""))?.[0] ?? "";
    await writeFile(settings, `${salt}config:\n${lines.join("")}`);
  }

  /** Runs a scenario's operation in a process of its own; answers with the points that it passed. */
  async #interruptible({ operation, after }: Scenario, environment: NodeJS.ProcessEnv): Promise<PassedPoints> {
    await this.#declare(after);
    const log = join(this.#directory, "points");
    await writeFile(log, "");
    const child = spawn(process.execPath, [join(import.meta.dirname, "worker.ts"), operation, this.#directory], {
      env: { ...this.#environment(), HOLDFAST_FAULT_LOG: log, ...environment },
      stdio: "ignore",
    });
    await once(child, "close");
    const points = (await readFile(log, "utf8")).split("\n").filter((point) => point !== "");
    return new Map([...Map.groupBy(points, (point) => point)].map(([point, all]) => [point, all.length]));
  }

  /** Runs a scenario with a fault; answers whether it came to the fault. */
  async #happened(scenario: Scenario, fault: Fault): Promise<boolean> {
    if (fault.kind === "killed" || fault.kind === "disk full") {
      const full = fault.kind === "disk full" ? ":enospc" : "";
      const passed = await this.#interruptible(scenario, { HOLDFAST_FAULT: `${fault.point}:${fault.nth}${full}` });
      return (passed.get(fault.point) ?? 0) >= fault.nth;
    }
    const proxy = await cuttingProxy(socketOf(this.#engine.dockerHost), join(this.#directory, "cut.sock"));
    proxy.cut(fault.kind === "request lost" ? "request" : "answer", /^(?:POST|PUT|DELETE) /, fault.nth);
    try {
      await this.#interruptible(scenario, { DOCKER_HOST: proxy.host });
      return !proxy.isWaiting();
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
