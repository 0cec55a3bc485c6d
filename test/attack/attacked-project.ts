/** A project to be attacked: its state is written by the engine's own code, its program makes components alone, so that no swarm is needed. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceState } from "../../engine/model/resource-state.ts";
import { updateStack } from "../../engine/operations.ts";
import type { HeldLock } from "../../engine/state/lock.ts";
import { StackState, type UpdateRecord } from "../../engine/state/stack-state.ts";
import { openStack, type Stack } from "../../engine/state/stack.ts";
import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { resource } from "../support/resource.ts";

const root = join(import.meta.dirname, "../..");

/** The record of an update that has nothing to tell. */
const record: UpdateRecord = {
  kind: "update",
  message: "",
  startTime: 0,
  result: "succeeded",
  resourceChanges: {},
};

/** Some resources that belong to the stack `dev` of the project `shop`. */
export function someResources(count: number): ResourceState[] {
  return Array.from({ length: count }, (_, index) =>
    resource(`r${index}`, {
      id: `volume-${index}`,
      inputs: { name: `volume-${index}`, labels: [{ label: "port", value: String(10_000 + index) }] },
      outputs: {
        name: `volume-${index}`,
        driver: "local",
        mountpoint: `/var/lib/docker/volumes/volume-${index}/_data`,
      },
    }),
  );
}

/** What came of an operation on the program. */
export interface Attempt {
  readonly succeeded: boolean;
  readonly errors: readonly string[];
}

/** A project `shop` in a folder of its own, gone when it is disposed of, with what is mounted in it. */
export class AttackedProject implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "holdfast-attacked-"));
  readonly #mounts: string[] = [];

  constructor() {
    this.write(
      "Pulumi.yaml",
      "name: shop\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
    );
    this.write("package.json", '{ "type": "module" }');
    symlinkSync(join(root, "node_modules"), this.file("node_modules"));
  }

  file(path: string): string {
    return join(this.directory, path);
  }

  read(path: string): string {
    return readFileSync(this.file(path), "utf8");
  }

  write(path: string, content: string | Buffer): void {
    writeFileSync(this.file(path), content);
  }

  names(folder: string): string[] {
    return readdirSync(this.file(folder)).sort();
  }

  stack(stackName = "dev"): Promise<Stack> {
    return openStack({ projectDirectory: this.directory, stackName }, { PULUMI_CONFIG_PASSPHRASE: "x" });
  }

  /** Opens the state as a plan does. */
  async open(lock: boolean | HeldLock = false): Promise<ResourceState[]> {
    await using state = await StackState.open(await this.stack(), { lock });
    return state.loaded.resources;
  }

  /** Writes a state, as an update does, with its copies. */
  async save(resources: readonly ResourceState[], result: UpdateRecord["result"] = "succeeded"): Promise<void> {
    await using state = await StackState.open(await this.stack(), { lock: true });
    await state.save(resources);
    await state.finish({ ...record, result });
  }

  /** A program that makes some components, with a line of its own between two of them. */
  program(between = ""): void {
    this.write(
      "index.ts",
      `import * as pulumi from "@pulumi/pulumi";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
const made = (name: string) => {
  const component = new pulumi.ComponentResource("attack:index:Thing", name);
  return new Promise((resolve) => pulumi.output(component.urn).apply(resolve));
};
writeFileSync("has-run", "");
await made("one");
if (!pulumi.runtime.isDryRun()) { ${between} }
await made("two");
`,
    );
  }

  /** Carries the program out. */
  async up(): Promise<Attempt> {
    const errors: string[] = [];
    const { succeeded } = await updateStack(
      { projectDirectory: this.directory, stackName: "dev" },
      {
        environment: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "x" },
        onEvent: ({ diagnosticEvent }) => {
          if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
        },
      },
    );
    return { succeeded, errors };
  }

  /** Mounts a small file system in the project, such as of `size=1m`. */
  mountSmall(path: string, options: string): void {
    mkdirSync(this.file(path), { recursive: true });
    this.#mount(["-t", "tmpfs", "-o", options, "tmpfs", this.file(path)], path);
  }

  /** Makes a folder of the project one that root cannot write to either. */
  makeReadOnly(path: string): void {
    mkdirSync(this.file(path), { recursive: true });
    this.#mount(["--bind", this.file(path), this.file(path)], path);
    execFileSync("mount", ["-o", "remount,bind,ro", this.file(path)]);
  }

  makeWritable(path: string): void {
    execFileSync("mount", ["-o", "remount,bind,rw", this.file(path)]);
  }

  #mount(words: string[], path: string): void {
    execFileSync("mount", words);
    this.#mounts.push(this.file(path));
  }

  [Symbol.dispose](): void {
    for (const path of this.#mounts.reverse()) execFileSync("umount", ["-l", path]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Whether something is refused as a mistake should be: by one line that says what to do. */
export async function refusal(work: () => Promise<unknown>): Promise<InputError | SituationError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError || error instanceof SituationError))
      throw new Error(`not in the usual form: ${String(error)}`, { cause: error });
    assert.doesNotMatch(error.message, /[\n\r]/u, "a message of several lines");
    assert.ok(error.message.length < 1000, `a message of ${error.message.length} characters`);
    return error;
  }
}

/** Makes sure that something is refused by one line that says what to do. */
export async function mustRefuse(work: () => Promise<unknown>, words: RegExp = /./u): Promise<void> {
  const refused = await refusal(work);
  assert.ok(refused, "it was taken");
  assert.match(refused.message, words);
}
