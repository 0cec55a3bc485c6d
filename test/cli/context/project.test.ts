import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOfEarlierSandbox } from "../../../cli/commands/stack/up/first-configuration.ts";
import { engineOfFolder } from "../../../cli/context/find-swarm.ts";
import { labDirectory, sandboxDirectory } from "../../../cli/context/project.ts";

describe("the sandbox of a folder", () => {
  let top: string;
  let program: string;
  before(async () => {
    top = await mkdtemp(join(tmpdir(), "holdfast-folders-"));
    program = join(top, "programs", "shop");
    await mkdir(program, { recursive: true });
  });
  after(() => rm(top, { recursive: true }));

  it("is its own while there is none above, else the nearest one", async () => {
    assert.equal(sandboxDirectory({ projectDirectory: program }), join(program, ".holdfast", "sandbox"));
    await mkdir(join(top, ".holdfast", "sandbox"), { recursive: true });
    assert.equal(sandboxDirectory({ projectDirectory: program }), join(top, ".holdfast", "sandbox"));
    assert.equal(labDirectory({ projectDirectory: program }), join(program, ".holdfast", "lab"));
    await mkdir(join(program, ".holdfast", "sandbox"), { recursive: true });
    assert.equal(sandboxDirectory({ projectDirectory: program }), join(program, ".holdfast", "sandbox"));
  });

  it("is not one that cannot be looked at, as in another user's checkout", async () => {
    const closed = join(top, "closed");
    await mkdir(closed);
    // Root may look into every folder, and at no link that leads to itself.
    await symlink(".holdfast", join(closed, ".holdfast"));
    const nearest = join(top, ".holdfast", "sandbox");
    await mkdir(nearest, { recursive: true });
    assert.equal(sandboxDirectory({ projectDirectory: closed }), nearest);
  });

  it("is not asked where DOCKER_HOST names an engine", async () => {
    const before = process.env["DOCKER_HOST"];
    process.env["DOCKER_HOST"] = "unix:///run/other.sock";
    try {
      assert.equal((await engineOfFolder(program)).host, "unix:///run/other.sock");
    } finally {
      if (before === undefined) delete process.env["DOCKER_HOST"];
      else process.env["DOCKER_HOST"] = before;
    }
  });
});

describe("an image of a sandbox", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

  it("is told from one that a person has set, which is never replaced", () => {
    for (const name of ["127.0.0.1:5000/redis:7.0.15", "198.19.3.1:5000/redis:7.0.15"])
      assert.ok(isOfEarlierSandbox(`${name}@${digest}`, undefined), name);
    for (const name of ["redis:7", "127.0.0.1:5000/redis", "127.0.0.1:5000/team/redis:7", "198.20.0.1:5000/redis:7"])
      assert.ok(!isOfEarlierSandbox(`${name}@${digest}`, undefined), name);
  });

  it("is of an earlier one unless the present one's registry is said to have it", () => {
    const image = `127.0.0.1:5000/redis:7.0.15@${digest}`;
    assert.ok(isOfEarlierSandbox(image, "127.0.0.1:5001"));
    assert.ok(isOfEarlierSandbox(image, "127.0.0.1:500"));
    assert.ok(!isOfEarlierSandbox(image, "127.0.0.1:5000"));
  });
});
