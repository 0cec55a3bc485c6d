import assert from "node:assert/strict";
import { StatefulService } from "../../components/service/stateful-service.ts";
import type { DataVolume } from "../../components/volumes/data-volume.ts";
import { ExistingVolume } from "../../components/volumes/existing-volume.ts";
import { HostPath } from "../../components/volumes/host-path.ts";
import { LocalVolume } from "../../components/volumes/local-volume.ts";
import { NetworkVolume } from "../../components/volumes/network-volume.ts";
import { everyNode } from "../../components/volumes/node-reach.ts";
import { nfsVolume } from "../../components/volumes/volume-spec.ts";
import { recordProgram, type RecordedResource } from "./program.ts";

const image = `example/store:1@sha256:${"0123456789abcdef".repeat(4)}`;
const pin = { hostname: "vm" };
const ownerLabels = [
  { label: "holdfast.project", value: "holdfast" },
  { label: "holdfast.stack", value: "test" },
];

function serviceOn(name: string, volume: DataVolume): StatefulService {
  const healthCheck = { test: ["CMD", "true"] };
  return new StatefulService(name, { image, data: [{ volume, path: "/data" }], memoryLimit: "100M", healthCheck });
}

async function recordVolume(
  makeVolume: () => DataVolume,
): Promise<{ volumes: RecordedResource[]; labels: unknown; taskSpec: TaskSpec }> {
  const resources = await recordProgram(() => serviceOn("store", makeVolume()));
  const service = resources.find(({ type }) => type === "docker:index/service:Service");
  return {
    labels: service?.inputs["labels"],
    volumes: resources.filter(({ type }) => type === "docker:index/volume:Volume"),
    // Recorded inputs are what serviceSpec made.
    taskSpec: service?.inputs["taskSpec"] as TaskSpec,
  };
}

interface TaskSpec {
  placement: { constraints: string[] };
  containerSpec: { mounts: Record<string, unknown>[] };
}

describe("a data volume", () => {
  it("that is local pins the service, and is created by the task's mount", async () => {
    const { volumes, labels, taskSpec } = await recordVolume(() => new LocalVolume("data", { pin }));
    assert.deepEqual(volumes, []);
    // The mount itself says nothing of it: a mount's other labels would replace the service.
    assert.deepEqual(labels, [...ownerLabels, { label: "holdfast.volumes", value: "data" }]);
    assert.deepEqual(taskSpec.placement.constraints, ["node.hostname==vm"]);
    assert.deepEqual(taskSpec.containerSpec.mounts, [{ type: "volume", source: "data", target: "/data" }]);
  });

  it("that is local and the provider's is a resource, protected and retained", async () => {
    const { volumes, taskSpec } = await recordVolume(
      () => new LocalVolume("data", { volumeName: "foobarstore", pin, createdBy: "provider" }),
    );
    assert.deepEqual(
      volumes.map(({ name, inputs, protect, retainOnDelete }) => ({ name, inputs, protect, retainOnDelete })),
      [
        {
          name: "data-volume",
          inputs: { name: "foobarstore", driver: "local", labels: ownerLabels },
          protect: true,
          retainOnDelete: true,
        },
      ],
    );
    assert.equal(taskSpec.containerSpec.mounts[0]?.["source"], "foobarstore");
  });

  it("on the network needs no pin, and changes its name with its options", async () => {
    const nfs = { server: "10.0.0.9", exportPath: "/srv/redis" };
    const { volumes, taskSpec } = await recordVolume(() => new NetworkVolume("shared", nfs));
    assert.deepEqual(volumes, []);
    assert.deepEqual(taskSpec.placement.constraints, ["node.platform.os==linux"]);
    const [mount] = taskSpec.containerSpec.mounts;
    assert.deepEqual(mount?.["volumeOptions"], {
      driverName: "local",
      driverOptions: { type: "nfs", device: ":/srv/redis", o: "addr=10.0.0.9,nfsvers=4.2,hard" },
    });
    const other = nfsVolume("shared", { ...nfs, mountOptions: "nfsvers=4.1,hard" }, "shared");
    assert.match(String(mount["source"]), /^shared-[0-9a-f]{8}$/u);
    assert.notEqual(mount["source"], other.source);
  });

  it("that is a path is bound, on its node or on every node", async () => {
    const onEvery = await recordVolume(() => new HostPath("data", { hostPath: "/mnt/gluster", on: everyNode }));
    assert.deepEqual(onEvery.taskSpec.containerSpec.mounts, [
      { type: "bind", source: "/mnt/gluster", target: "/data" },
    ]);
    assert.deepEqual(onEvery.taskSpec.placement.constraints, ["node.platform.os==linux"]);
    const onOne = await recordVolume(() => new HostPath("data", { hostPath: "/srv", on: { nodeId: "q628" } }));
    assert.deepEqual(onOne.taskSpec.placement.constraints, ["node.id==q628"]);
  });

  it("that exists is never created", async () => {
    const on = { label: { name: "store", value: "a" } };
    const { volumes, taskSpec } = await recordVolume(() => new ExistingVolume("old", { on }));
    assert.deepEqual(volumes, []);
    assert.deepEqual(taskSpec.placement.constraints, ["node.labels.store==a"]);
  });

  it("has one writer, by whatever object it is mounted", async () => {
    await recordProgram(() => {
      serviceOn("first", new LocalVolume("a", { volumeName: "same", pin }));
      assert.throws(() => serviceOn("second", new ExistingVolume("b", { volumeName: "same", on: pin })), {
        name: "Error",
        message:
          'second.data[0].volume: expected a volume that no other service writes, got volume same on node.hostname==vm, and "first" writes volume same on node.hostname==vm. Give each service its own volume, pin both by the same mark if they are on different nodes, or say on the volume why sharing is safe: shared: { reason: "…" }.',
      });
      serviceOn("third", new LocalVolume("c", { volumeName: "same", pin: { hostname: "other" } }));
    });
  });

  it("counts as the same where it is pinned by another kind of mark, which may be of the same node", async () => {
    await recordProgram(() => {
      serviceOn("first", new LocalVolume("a", { volumeName: "same", pin }));
      const pins = [{ nodeId: "q628" }, { label: { name: "store", value: "a" } }];
      for (const [index, other] of pins.entries()) {
        const volume = new LocalVolume(`b${index}`, { volumeName: "same", pin: other });
        assert.throws(() => serviceOn("second", volume), /^Error: second\.data\[0\]\.volume: /u);
      }
      const everywhere = new ExistingVolume("c", { volumeName: "same", on: everyNode });
      assert.throws(() => serviceOn("third", everywhere), /^Error: third\.data\[0\]\.volume: /u);
    });
  });

  it("has several writers where it says why", async () => {
    const resources = await recordProgram(() => {
      const volume = new LocalVolume("uploads", { pin, shared: { reason: "each writes a folder of its own" } });
      serviceOn("first", volume);
      serviceOn("second", volume);
    });
    assert.equal(resources.filter(({ type }) => type === "docker:index/service:Service").length, 2);
  });

  it("is forgotten with the program that used it", async () => {
    const program = () => recordProgram(() => serviceOn("store", new LocalVolume("data", { pin })));
    assert.deepEqual(await program(), await program());
  });

  it("names the argument of each mistake", async () => {
    await recordProgram(() => {
      const refused = (path: string, make: () => DataVolume) => {
        assert.throws(make, ({ message }: Error) => message.startsWith(`${path}: expected `));
      };
      refused("data.volumeName", () => new ExistingVolume("data", { volumeName: "a/b", on: pin }));
      refused("a/b.volumeName", () => new ExistingVolume("a/b", { on: pin }));
      refused("data.pin.hostname", () => new LocalVolume("data", { pin: { hostname: "" } }));
      refused("data.hostPath", () => new HostPath("data", { hostPath: "srv", on: everyNode }));
      const nfs = { server: "10.0.0.9", exportPath: "/srv", mountOptions: "hard" };
      refused("data.server", () => new NetworkVolume("data", { ...nfs, server: "a b" }));
      refused("data.exportPath", () => new NetworkVolume("data", { ...nfs, exportPath: "srv" }));
      for (const mountOptions of ["addr=1", "nfsvers=4.2,soft", "softerr", "hard,ro"])
        refused("data.mountOptions", () => new NetworkVolume("data", { ...nfs, mountOptions }));
    });
  });
});
