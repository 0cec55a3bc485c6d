import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labIdentity } from "../../../lab/host/identity.ts";
import { findOwnedProcesses } from "../../../lab/host/owned-process.ts";
import { startLab, stopLab, type Lab } from "../../../lab/lab.ts";
import { killNode, startNode } from "../../../lab/nodes/node.ts";
import { LabService } from "../../support/lab-service.ts";
import { labStartMs } from "../../support/lab.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";

describe("a volume on a network file system", function () {
  this.timeout(labStartMs);
  this.slow(30_000);
  let home: string;
  let directory: string;
  let lab: Lab;

  before(async function () {
    if (!existsSync("/dev/fuse")) this.skip();
    home = await mkdtemp(join(tmpdir(), "holdfast-storage-"));
    directory = join(home, "lab");
    lab = await startLab({ directory, cacheDirectory: testCacheDirectory, heartbeatSeconds: 2, storage: true });
  });
  after(async () => {
    if (!existsSync("/dev/fuse")) return;
    await stopLab(directory);
    await rm(home, { recursive: true });
  });

  it("has the key on the node where the task starts again after its own was killed, and there again later", async () => {
    const service = await LabService.create(lab, {
      name: "keeper",
      port: 10_006,
      args: ["--appendonly", "yes", "--appendfsync", "always"],
      mounts: [
        {
          Type: "volume",
          Source: "kept",
          Target: "/data",
          VolumeOptions: {
            NoCopy: true,
            Labels: {},
            DriverConfig: {
              Name: "local",
              Options: { type: "none", o: "bind", device: lab.storageDirectory ?? "" },
            },
          },
        },
      ],
      constraints: ["node.role==worker"],
    });
    await service.redis("set", "foo", "bar");
    const loseNode = async () => {
      const lost = await service.node();
      await killNode(directory, lost.name);
      await service.untilElsewhere(lost);
      return lost;
    };
    const first = await loseNode();
    assert.equal(await service.redis("get", "foo"), "bar");
    await service.redis("set", "foo", "baz");
    await startNode(directory, first.name);
    const second = await loseNode();
    assert.notEqual(second.name, first.name);
    assert.equal(await service.redis("get", "foo"), "baz");
    // Nothing of it is on the machine itself: it came over the network.
    assert.deepEqual(await readdir(lab.storageDirectory ?? ""), []);
  });

  it("leaves no trace with the lab", async () => {
    const { id, directory: path } = labIdentity(directory);
    await stopLab(directory);
    assert.deepEqual(await findOwnedProcesses(id), []);
    assert.equal(existsSync(path), false);
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
    assert.deepEqual(
      commands.filter((command) => command.includes("mfs") && command.includes(path)),
      [],
    );
  });
});
