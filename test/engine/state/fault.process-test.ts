import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { faultPoints } from "../../support/faults.ts";
import { readState } from "../../../engine/state/file-backend.ts";
import { StateProject } from "./state-project.ts";
import { updateStack } from "./update-stack.ts";

interface Outcome {
  signal: string | undefined;
  created: string[];
  stderr: string;
}

/** Runs an update in a process of its own, with a fault. */
async function update(project: StateProject, names: string[], fault = ""): Promise<Outcome> {
  const env = { PATH: process.env["PATH"], HOLDFAST_FAULT: fault };
  const script = fileURLToPath(import.meta.resolve("./update-process.ts"));
  const run = promisify(execFile)(process.execPath, [script, project.directory, ...names], { env });
  const outcome = await run.catch((error: unknown) => error as Partial<Record<string, unknown>>); // execFile's own error
  const text = (name: "stdout" | "stderr"): string => (typeof outcome[name] === "string" ? outcome[name] : "");
  return {
    signal: "signal" in outcome && typeof outcome.signal === "string" ? outcome.signal : undefined,
    created: [...text("stdout").matchAll(/created (\w+)/g)].map(([, name]) => name ?? ""),
    stderr: text("stderr"),
  };
}

/** What the state on the disk says, after checking that it can be opened at all. */
async function stored(project: StateProject): Promise<{ resources: string[]; pending: string[] }> {
  const stack = await project.stack({});
  const deployment = (await readState(stack.files))?.deployment;
  return {
    resources: deployment?.resources?.map(({ id }) => id ?? "") ?? [],
    pending: deployment?.pending_operations?.map(({ resource: { inputs } }) => String(inputs?.["name"])) ?? [],
  };
}

function filesIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name, parentPath }) => join(parentPath, name))
    : [];
}

/** Nothing half-written is left, and each file's attributes are its own. */
function checkFiles(project: StateProject): void {
  for (const path of filesIn(project.directory)) {
    assert.doesNotMatch(path, /\.tmp$/);
    if (!path.endsWith(".attrs")) continue;
    const { md5 } = JSON.parse(project.read(path.slice(project.directory.length))) as { md5: string }; // as we write it
    const file = project.read(path.slice(project.directory.length, -".attrs".length));
    assert.equal(md5, createHash("md5").update(file).digest("base64"), path);
  }
}

/** One point of each kind of moment; all of them with `HOLDFAST_EVERY_FAULT=1`, which takes a minute. */
const tried = faultPoints.filter(
  (point) =>
    process.env["HOLDFAST_EVERY_FAULT"] === "1" ||
    ["lock.linked", "state.temp-written", "state.kept", "state.renamed", "history.renamed"].includes(point),
);

describe("an update that is killed", function () {
  this.timeout(120_000);

  async function killAt(point: string): Promise<void> {
    using project = new StateProject("empty");
    const names = /^(passphrase|settings)\./.test(point) ? ["a", "secret"] : ["a", "b"];
    await updateStack(project.directory, ["a"]);
    if (point.startsWith("meta.")) rmSync(project.file(".pulumi/meta.yaml"));
    // The state is written before and after each operation; the second time it is in the middle.
    const killed = await update(project, names, /^(state|attributes)\./.test(point) ? `${point}:2` : point);
    assert.equal(killed.signal, "SIGKILL", `${point} was not passed: ${killed.stderr}`);

    const { resources, pending } = await stored(project);
    // Whatever it said it had created is there; what it had begun is there or pending.
    for (const name of ["a", ...killed.created]) assert.ok(resources.includes(name), `${point}: ${name} is lost`);
    if (/^state\.(begin|temp|synced|linked|kept)/.test(point)) assert.deepEqual([resources, pending], [["a"], ["b"]]);
    if (/^state\.(renamed|folder)/.test(point)) assert.deepEqual([resources, pending], [["a", "b"], []]);

    const released = await (await project.stack({})).releaseLocks();
    if (released.length > 0) assert.equal(released[0]?.gone, true);
    else assert.match(point, /^lock\.(begin|written|released)$/);
    await agePassedMinute(project);
    await updateStack(project.directory, names);
    assert.deepEqual(await stored(project), { resources: names, pending: [] });
    checkFiles(project);
  }

  it(`at any of ${String(tried.length)} points leaves a state from which the next goes on`, async () => {
    // Two at a time, for most of it is waiting for a process to start.
    const points = tried.values();
    const worker = async (): Promise<void> => {
      for (const point of points) await killAt(point);
    };
    await Promise.all([worker(), worker()]);
  });

  it("by a full disk says so, and leaves the old state", async () => {
    using project = new StateProject("empty");
    await updateStack(project.directory, ["a"]);
    const before = project.read(".pulumi/stacks/shop/dev.json");
    const full = await update(project, ["a", "b"], "state.temp-opened:enospc");
    assert.match(full.stderr, /dev\.json: expected a file that can be written, got ENOSPC/);
    assert.equal(project.read(".pulumi/stacks/shop/dev.json"), before);
    assert.deepEqual(await (await project.stack({})).releaseLocks(), [], "the lock was given back");
    await updateStack(project.directory, ["a", "b"]);
    assert.deepEqual((await stored(project)).resources, ["a", "b"]);
    checkFiles(project);
  });
});

/** Makes left-over files look as if they had lain there for a while. */
async function agePassedMinute(project: StateProject): Promise<void> {
  const past = new Date(Date.now() - 120_000);
  for (const path of filesIn(project.directory)) if (path.endsWith(".tmp")) await utimes(path, past, past);
}
