/** `lab status`, whose nodes' engines answer badly: of a lab there is its record alone, and what is taken for its engines. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { labIdentity } from "../../lab/host/identity.ts";
import { ownerMark, ownerVariable } from "../../lab/host/owned-process.ts";
import { writeRecord } from "../../lab/host/record-file.ts";
import { labKind } from "../../lab/nodes/record.ts";
import { newFolder, type AttackCase } from "./case.ts";
import { damagedEngine, damages, type Damage } from "./damaged-engine.ts";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
const nodes = ["node-1", "node-2", "node-3"];

async function statusOf(damage: Damage): Promise<void> {
  const project = await newFolder();
  await using things = new AsyncDisposableStack();
  await writeFile(join(project, "Pulumi.yaml"), "name: attacked\nruntime: nodejs\n");
  const directory = join(project, ".holdfast/lab");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { id, runDirectory } = labIdentity(directory);
  await writeRecord(labKind, directory, {
    version: 2,
    id,
    addressIndex: 0,
    registryPort: 1,
    cacheDirectory: join(project, "cache"),
    nodeCount: nodes.length,
    managerCount: 1,
    heartbeatSeconds: 5,
    hasDisks: false,
    hasStorage: false,
    redisImage: `198.19.0.1:1/redis:7@sha256:${"0".repeat(64)}`,
  });
  // An engine is known by the name and the mark of its process.
  await symlink("/bin/sleep", join(project, "dockerd"));
  for (const node of nodes) {
    const process = spawn(join(project, "dockerd"), ["300"], {
      cwd: project,
      env: { [ownerVariable]: ownerMark(id, node) },
      stdio: "ignore",
    });
    things.defer(() => void process.kill("SIGKILL"));
    const socket = join(runDirectory, node, "docker.sock");
    await mkdir(dirname(socket), { recursive: true });
    things.use(await damagedEngine({ socket, damage, target: "every" }));
  }
  const { exitCode, timedOut, all } = await execa(process.execPath, [entry, "lab", "status"], {
    cwd: project,
    stdin: "ignore",
    all: true,
    reject: false,
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  assert.ok(!timedOut, `it hangs: ${all}`);
  assert.equal(exitCode, 0, all);
  assert.match(all, /^The lab in \S+: (?:degraded|stopped)$/mu);
  assert.doesNotMatch(all, /\n {4}at |is not a function|undefined/u);
}

export const damagedLab: readonly AttackCase[] = Object.keys(damages).map((damage) => ({
  group: "hanging engines",
  name: `lab status says what it can see where every node's engine ${damage}`,
  sample: damage === "answers with an empty object",
  // The keys of `damages` are these names.
  run: () => statusOf(damage as Damage),
}));
