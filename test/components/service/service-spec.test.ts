import assert from "node:assert/strict";
import fc from "fast-check";
import { attach, type ServiceInput, dockerServiceArgs } from "../../../components/service/service-spec.ts";
import { StatefulService, type StatefulServiceArgs } from "../../../components/service/stateful-service.ts";
import type { DataVolume } from "../../../components/volumes/data-volume.ts";
import { LocalVolume } from "../../../components/volumes/local-volume.ts";
import { readPulumiService } from "../../../inputs/pulumi/service.ts";
import { pinOf } from "../../../model/placement/constraints.ts";
import { isKnown } from "../../../model/service/definition.ts";
import { longestGraceSeconds } from "../../../model/service/stop-grace.ts";
import { plainDefinition as plain, validDefinition } from "../definitions.ts";
import { recordProgram } from "../program.ts";

const image = `example/store:1@sha256:${"0123456789abcdef".repeat(4)}`;

describe("the spec of a service", () => {
  it("says everything that keeps the data, for all valid arguments", () => {
    fc.assert(
      fc.property(validDefinition(), (definition) => {
        const spec = attach(dockerServiceArgs(definition, "store"), {
          networkIds: ["net"],
          secretFiles: [],
          configFiles: [],
        });
        const service = readPulumiService(
          {
            urn: "urn:store",
            type: "docker:index/service:Service",
            inputs: spec,
            protect: false,
            retainOnDelete: false,
          },
          new Map(),
        );

        assert.match(pinOf(service.constraints).kind, /^names a/u);
        assert.equal(service.mode, "replicated");
        assert.ok(service.replicas === 0 || service.replicas === 1);
        assert.equal(service.updateOrder, "stop-first");
        assert.ok(isKnown(service.stopGraceSeconds) && service.stopGraceSeconds !== undefined);
        assert.ok(service.stopGraceSeconds > 0 && service.stopGraceSeconds <= longestGraceSeconds);
        assert.deepEqual(isKnown(service.restart) && [service.restart?.condition, service.restart?.maxAttempts], [
          "any",
          0,
        ]);
        assert.ok(isKnown(service.limits.memoryBytes) && (service.limits.memoryBytes ?? 0) > 0);
        assert.ok(isKnown(service.healthCheck) && service.healthCheck !== undefined);
        assert.ok(isKnown(service.mounts));
        for (const { path } of definition.data) {
          const mount = service.mounts.find(({ target }) => target === path);
          assert.ok(mount !== undefined && mount.source !== "" && mount.readOnly !== true, path);
        }
        assert.ok(isKnown(service.ports));
        const isRouted = service.ports.some(({ publishMode }) => publishMode === "ingress");
        assert.equal(service.endpointMode, isRouted ? "vip" : "dnsrr");
      }),
    );
  });

  it("names the argument of each mistake", async () => {
    await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
      const elsewhere = new LocalVolume("elsewhere", { pin: { hostname: "other" } });
      fc.assert(
        fc.property(validDefinition(), mistake(volume, elsewhere), (definition, { path, change }) => {
          const { name: serviceName, files: _, data, ...settings } = definition;
          const mounts = data.map((mount) => ({ volume, path: mount.path }));
          const args = { ...settings, serviceName, data: mounts, image };
          assert.throws(
            () => new StatefulService("store", change(args)),
            ({ message }: Error) => message.startsWith(`store.${path}: expected `),
          );
        }),
      );
    });
  });

  it("changes the mark that replaces the task when, and only when, the endpoint changes", () => {
    const markOf = (definition: ServiceInput) => dockerServiceArgs(definition, "store").taskSpec.forceUpdate;
    const ports = [{ target: 6379, published: 10000 }];
    const here = markOf({ ...plain, ports });
    assert.notEqual(markOf({ ...plain, ports: [{ target: 6379, published: 10001 }] }), here);
    assert.notEqual(markOf({ ...plain, ports: [{ target: 6379, published: 10000, mode: "ingress" }] }), here);
    assert.notEqual(markOf(plain), here);
    assert.equal(markOf({ ...plain, ports: [{ target: 6379, published: 10000, mode: "host" }] }), here);
    assert.equal(markOf({ ...plain, ports, memoryLimit: "200M", stopped: true, labels: { a: "b" } }), here);
    fc.assert(
      fc.property(validDefinition(), (definition) => {
        const mark = markOf(definition);
        assert.ok(typeof mark === "number" && Number.isInteger(mark) && mark >= 0 && mark < 2 ** 31);
      }),
    );
  });

  it("writes durations as the provider reads them back", () => {
    const { taskSpec } = dockerServiceArgs({ ...plain, restartDelay: "60s", stopGrace: "50000ms" }, "store");
    assert.equal(taskSpec.containerSpec.stopGracePeriod, "50s");
    assert.deepEqual(taskSpec.restartPolicy, { condition: "any", delay: "1m", maxAttempts: 0, window: "0s" });
  });

  it("is waited for as long as its health check lets it load, and ten minutes at least", () => {
    const timeoutOf = (check: object) => {
      const { convergeConfig } = dockerServiceArgs(
        { ...plain, healthCheck: { ...plain.healthCheck, ...check } },
        "store",
      );
      // The provider's type lets it be an output; it never is one here.
      return (convergeConfig as { timeout: string }).timeout;
    };
    assert.equal(timeoutOf({}), "10m");
    assert.equal(timeoutOf({ startPeriod: "1h", retries: 10, interval: "10s", timeout: "5s" }), "1h8m25s");
  });

  it("passes on the options of a volume that the mount creates", () => {
    const driverOptions = { type: "nfs", device: ":/srv", o: "addr=10.0.0.9,hard" };
    const nfs = { type: "volume", source: "shared-1", identity: "nfs", driverOptions } as const;
    const { taskSpec } = dockerServiceArgs({ ...plain, data: [{ volume: nfs, path: "/data" }] }, "store");
    assert.deepEqual(taskSpec.containerSpec.mounts, [
      { type: "volume", source: "shared-1", target: "/data", volumeOptions: { driverName: "local", driverOptions } },
    ]);
    assert.deepEqual(taskSpec.placement, { constraints: ["node.platform.os==linux"] });
  });
});

/** One mistake, and the argument that it is in. */
function mistake(
  volume: DataVolume,
  elsewhere: DataVolume,
): fc.Arbitrary<{ path: string; change: (args: StatefulServiceArgs) => StatefulServiceArgs }> {
  const content = "a";
  return fc.constantFrom(
    { path: "serviceName", change: (each) => ({ ...each, serviceName: "not a name" }) },
    { path: "memoryLimit", change: (each) => ({ ...each, memoryLimit: "much" }) },
    { path: "memoryReservation", change: (each) => ({ ...each, memoryReservation: "9T" }) },
    { path: "cpuLimit", change: (each) => ({ ...each, cpuLimit: 0 }) },
    { path: "cpuReservation", change: (each) => ({ ...each, cpuReservation: Number.NaN }) },
    { path: "stopGrace", change: (each) => ({ ...each, stopGrace: "0s" }) },
    { path: "stopGrace", change: (each) => ({ ...each, stopGrace: "61s" }) },
    { path: "restartDelay", change: (each) => ({ ...each, restartDelay: "soon" }) },
    { path: "healthCheck.test", change: (each) => ({ ...each, healthCheck: { test: ["NONE"] } }) },
    { path: "healthCheck.retries", change: (each) => ({ ...each, healthCheck: { ...each.healthCheck, retries: 0 } }) },
    {
      path: "healthCheck.interval",
      change: (each) => ({ ...each, healthCheck: { ...each.healthCheck, interval: "2" } }),
    },
    { path: "ports[0].published", change: (each) => ({ ...each, ports: [{ target: 1, published: 0 }] }) },
    { path: "ports[0].target", change: (each) => ({ ...each, ports: [{ target: 65536, published: 1 }] }) },
    {
      path: "ports[1].published",
      change: (each) => ({
        ...each,
        ports: [
          { target: 1, published: 1 },
          { target: 2, published: 1 },
        ],
      }),
    },
    { path: "data", change: (each) => ({ ...each, data: [] }) },
    { path: "data", change: (each) => ({ ...each, data: [...each.data, ...each.data] }) },
    {
      path: "data",
      change: (each) => ({
        ...each,
        data: [...each.data, { volume: elsewhere, path: "/other/node" }],
      }),
    },
    { path: "data[0].path", change: (each) => ({ ...each, data: [{ volume, path: "data" }] }) },
    { path: "secretFiles.key.path", change: (each) => ({ ...each, secretFiles: { key: { path: "key", content } } }) },
    {
      path: "configFiles.conf.mode",
      change: (each) => ({ ...each, configFiles: { conf: { path: "/etc/conf.d/conf", mode: 0o1000, content } } }),
    },
    {
      path: "secretFiles.key.ownerId",
      change: (each) => ({ ...each, secretFiles: { key: { path: "/run/keys/key", ownerId: "redis", content } } }),
    },
    { path: "scratch[0].path", change: (each) => ({ ...each, scratch: [{ path: "/" }] }) },
    { path: "scratch[0].size", change: (each) => ({ ...each, scratch: [{ path: "/scratch/x", size: "big" }] }) },
  );
}
