import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** An operation of the embedded engine that stands still in the middle: a hook of its program is being called. */
export interface WaitingOperation extends AsyncDisposable {
  readonly pid: number;
  readonly directory: string;
  /** Lets it go on, and answers its exit code and what it printed. */
  finish(): Promise<{ code: number | null; output: string }>;
}

const root = join(import.meta.dirname, "../..");

const program = `
import * as pulumi from "@pulumi/pulumi";
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const hook = new pulumi.ResourceHook("stands-still", async () => {
  writeFileSync("reached", "");
  while (!existsSync("go-on")) await sleep(50);
}, { onDryRun: true });
new pulumi.ComponentResource("attack:index:Thing", "thing", {}, { hooks: { beforeCreate: [hook] } });
export const password = pulumi.secret("hunter2");
`;

const operate = (operation: string): string => `
  const { ${operation} } = await import(${JSON.stringify(join(root, "engine/operations.ts"))});
  const { succeeded } = await ${operation}(
    { projectDirectory: process.cwd(), stackName: "dev" },
    {
      policyPacks: [{ directory: ${JSON.stringify(join(root, "policies"))} }],
      onEvent: ({ diagnosticEvent }) => { if (diagnosticEvent?.severity !== "debug") console.log(diagnosticEvent?.message ?? "") },
    },
  );
  process.exitCode = succeeded ? 0 : 1;
`;

/** Starts an operation, with Holdfast's own policy pack, and waits until its hook is called. */
export async function startWaitingOperation(operation: "previewStack" | "updateStack"): Promise<WaitingOperation> {
  const directory = await mkdtemp(join(tmpdir(), "attacked-"));
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  for (const [name, text] of Object.entries({
    "package.json": '{ "type": "module" }',
    "Pulumi.yaml": "name: attacked\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
    "index.ts": program,
  }))
    await writeFile(join(directory, name), text);
  const child = spawn(process.execPath, ["--input-type=module", "-e", operate(operation)], {
    cwd: directory,
    env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "test" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  for (let tries = 0; !(await isThere(join(directory, "reached"))); tries += 1) {
    if (child.exitCode !== null || tries > 600) throw new Error(`the operation never came to its hook: ${output}`);
    await sleep(50);
  }
  return {
    pid: pidOf(child),
    directory,
    async finish() {
      await writeFile(join(directory, "go-on"), "");
      return { code: await ended, output };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the operation was not started");
  return pid;
}

async function isThere(path: string): Promise<boolean> {
  return (await readFile(path).catch(() => undefined)) !== undefined;
}
