import assert from "node:assert/strict";
import fc from "fast-check";
import { attach, type ServiceDefinition, serviceSpec } from "../../components/service-spec.ts";
import { readPulumiService } from "../../model/inputs/pulumi-service.ts";
import { pinOf } from "../../model/placement.ts";
import { isKnown } from "../../model/service-definition.ts";
import { longestGraceSeconds } from "../../model/stop-grace.ts";

const image = `redis:7@sha256:${"0123456789abcdef".repeat(4)}`;
const mebibyte = 1024 * 1024;
const volume = { type: "volume", source: "store", identity: "volume store", pin: { hostname: "vm" } } as const;

const plain: ServiceDefinition = {
  name: "store",
  image,
  data: [{ volume, path: "/data" }],
  fileTargets: [],
  memoryLimit: "100M",
  healthCheck: { test: ["CMD", "redis-cli", "ping"] },
};

describe("the spec of a service", () => {
  it("says everything that keeps the data, for all valid arguments", () => {
    fc.assert(
      fc.property(validDefinition(), (definition) => {
        const spec = attach(serviceSpec(definition, "store"), {
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

  it("names the argument of each mistake", () => {
    fc.assert(
      fc.property(validDefinition(), mistake(), (definition, { path, change }) => {
        assert.throws(() => serviceSpec(change(definition), "store"), { name: "InputError", path: `store.${path}` });
      }),
    );
  });

  it("changes the mark that replaces the task when, and only when, the endpoint changes", () => {
    const markOf = (definition: ServiceDefinition) => serviceSpec(definition, "store").taskSpec.forceUpdate;
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
    const { taskSpec } = serviceSpec({ ...plain, restartDelay: "60s", stopGrace: "50000ms" }, "store");
    assert.equal(taskSpec.containerSpec.stopGracePeriod, "50s");
    assert.deepEqual(taskSpec.restartPolicy, { condition: "any", delay: "1m", maxAttempts: 0, window: "0s" });
  });

  it("passes on the options of a volume that the mount creates", () => {
    const driverOptions = { type: "nfs", device: ":/srv", o: "addr=10.0.0.9,hard" };
    const nfs = { type: "volume", source: "shared-1", identity: "nfs", driverOptions } as const;
    const { taskSpec } = serviceSpec({ ...plain, data: [{ volume: nfs, path: "/data" }] }, "store");
    assert.deepEqual(taskSpec.containerSpec.mounts, [
      { type: "volume", source: "shared-1", target: "/data", volumeOptions: { driverName: "local", driverOptions } },
    ]);
    assert.deepEqual(taskSpec.placement, { constraints: [] });
  });
});

/** Arguments of which every one is right. */
function validDefinition(): fc.Arbitrary<ServiceDefinition> {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/u);
  const folder = fc.stringMatching(/^\/[a-z]{1,8}(?:\/[a-z]{1,8})?$/u);
  const seconds = (min: number, max: number) => fc.integer({ min, max }).map((count) => `${count}s`);
  const optional = fc.record(
    {
      memoryReservation: fc.integer({ min: 1, max: 32 }).map((count) => `${count}MiB`),
      cpuLimit: fc.double({ min: 0.01, max: 64, noNaN: true }),
      cpuReservation: fc.double({ min: 0.01, max: 64, noNaN: true }),
      command: fc.array(name, { minLength: 1, maxLength: 3 }),
      args: fc.array(name, { maxLength: 3 }),
      environment: fc.dictionary(name, name, { maxKeys: 1 }),
      user: fc.constantFrom("999:999", "redis"),
      dropCapabilities: fc.subarray(["ALL", "NET_RAW"]),
      readOnlyRoot: fc.boolean(),
      ports: fc
        .uniqueArray(fc.integer({ min: 1, max: 65535 }), { maxLength: 3 })
        .chain((published) =>
          fc
            .constantFrom("host" as const, "ingress" as const)
            .map((mode) => published.map((port) => ({ target: 6379, published: port, mode }))),
        ),
      constraints: fc.subarray(["node.role==worker"]),
      stopGrace: seconds(1, longestGraceSeconds),
      restartDelay: seconds(0, 120),
      stopped: fc.boolean(),
      labels: fc.dictionary(name, name, { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  );
  const paths = fc.uniqueArray(folder, { minLength: 1, maxLength: 4 });
  return fc
    .record({ name, optional, paths, limitMebibytes: fc.integer({ min: 32, max: 65536 }) })
    .map(({ name, optional, paths, limitMebibytes }): ServiceDefinition => ({
      ...plain,
      ...optional,
      name,
      memoryLimit: `${limitMebibytes * mebibyte}`,
      data: paths.map((path, index) => ({ volume: { ...volume, source: `store${index}` }, path })),
    }));
}

/** One mistake, and the argument that it is in. */
function mistake(): fc.Arbitrary<{ path: string; change: (definition: ServiceDefinition) => ServiceDefinition }> {
  return fc.constantFrom(
    { path: "name", change: (each) => ({ ...each, name: "not a name" }) },
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
        data: [...each.data, { volume: { ...volume, pin: { hostname: "other" } }, path: "/other/node" }],
      }),
    },
    { path: "data[0].path", change: (each) => ({ ...each, data: [{ volume, path: "data" }] }) },
    {
      path: "data[0].volume.pin.hostname",
      change: (each) => ({ ...each, data: [{ volume: { ...volume, pin: { hostname: "a b" } }, path: "/data" }] }),
    },
    { path: "scratch[0].path", change: (each) => ({ ...each, scratch: [{ path: "/" }] }) },
    { path: "scratch[0].size", change: (each) => ({ ...each, scratch: [{ path: "/scratch/x", size: "big" }] }) },
  );
}
