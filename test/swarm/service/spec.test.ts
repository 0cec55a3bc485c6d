import assert from "node:assert/strict";
import fc from "fast-check";
import { serviceSchema, type ServiceSpec } from "../../../swarm/api/objects.ts";
import { serviceAttributes } from "../../../swarm/service/attributes.ts";
import { servicePropertiesSchema, type ServiceProperties } from "../../../swarm/service/properties.ts";
import { inOrderOf, isMadeFrom } from "../../../swarm/service/spec-comparison.ts";
import { serviceSpec } from "../../../swarm/service/spec.ts";
import { InputError } from "../../../text/input-error.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,11}$/);
const words = fc.array(word, { maxLength: 3 });
const textMap = fc.dictionary(word, word, { maxKeys: 3 });
const count = fc.nat(2 ** 30);
/** Durations as the provider writes them. */
const duration = fc.constantFrom("0s", "500ms", "1.5s", "30s", "1m", "1m30s", "2h", "1h0m5s");
const labels = fc.uniqueArray(fc.record({ label: word, value: word }), {
  maxLength: 3,
  selector: ({ label }) => label,
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const fileTarget = { fileName: word, fileUid: word, fileGid: word, fileMode: fc.nat(0o777) };
const keyValue = fc.tuple(word, word).map(([key, value]) => `${key}=${value}`);

const updateConfig = fc.record({
  parallelism: count,
  delay: duration,
  failureAction: fc.constantFrom("pause", "continue", "rollback"),
  monitor: duration,
  maxFailureRatio: fc.constantFrom("0.0", "0.1", "1.0"),
  order: fc.constantFrom("stop-first", "start-first"),
});

/** A service with every property that the provider's schema can express and Docker gives back. */
const service: fc.Arbitrary<ServiceProperties> = fc.record({
  name: word,
  labels,
  taskSpec: fc.record({
    containerSpec: fc.record({
      image: fc.tuple(word, word).map(([name, tag]) => `${name}:${tag}`),
      labels,
      commands: words,
      args: words,
      hostname: word,
      env: textMap,
      dir: word,
      user: word,
      groups: words,
      privileges: maybe(
        fc.record({
          credentialSpec: maybe(fc.record({ file: word, registry: fc.constant("") })),
          seLinuxContext: maybe(fc.record({ disable: fc.boolean(), user: word, role: word, type: word, level: word })),
        }),
      ),
      readOnly: fc.boolean(),
      mounts: fc.array(
        fc.record({
          target: word,
          source: word,
          type: fc.constantFrom("bind", "volume", "tmpfs"),
          readOnly: fc.boolean(),
          bindOptions: maybe(fc.record({ propagation: fc.constantFrom("rprivate", "shared") })),
          volumeOptions: maybe(fc.record({ noCopy: fc.boolean(), labels, driverName: word, driverOptions: textMap })),
          tmpfsOptions: maybe(fc.record({ sizeBytes: count, mode: fc.nat(0o777) })),
        }),
        { maxLength: 3 },
      ),
      stopSignal: word,
      stopGracePeriod: duration,
      healthcheck: fc.record({
        tests: words,
        interval: duration,
        timeout: duration,
        startPeriod: duration,
        retries: count,
      }),
      hosts: fc.array(fc.record({ ip: word, host: word }), { maxLength: 2 }),
      dnsConfig: fc.record({ nameservers: words, searches: words, options: words }),
      secrets: fc.array(fc.record({ secretId: word, secretName: word, ...fileTarget }), { maxLength: 2 }),
      configs: fc.array(fc.record({ configId: word, configName: word, ...fileTarget }), { maxLength: 2 }),
      isolation: fc.constantFrom("default", "process"),
      sysctl: textMap,
      capAdds: words,
      capDrops: words,
      init: fc.boolean(),
    }),
    resources: fc.record({
      limits: maybe(fc.record({ nanoCpus: count, memoryBytes: count })),
      reservation: maybe(
        fc.record({
          nanoCpus: count,
          memoryBytes: count,
          genericResources: maybe(
            fc.record({
              namedResourcesSpecs: fc.array(keyValue, { minLength: 1, maxLength: 2 }),
              discreteResourcesSpecs: fc.array(
                fc.tuple(word, fc.nat(9)).map(([kind, value]) => `${kind}=${value}`),
                { maxLength: 2 },
              ),
            }),
          ),
        }),
      ),
    }),
    restartPolicy: fc.record({
      condition: fc.constantFrom("none", "on-failure", "any"),
      delay: duration,
      maxAttempts: count,
      window: duration,
    }),
    placement: fc.record({
      constraints: words,
      prefs: words,
      maxReplicas: count,
      platforms: fc.array(fc.record({ architecture: word, os: word }), { maxLength: 2 }),
    }),
    forceUpdate: count,
    runtime: fc.constantFrom("", "container"),
    networksAdvanceds: fc.array(
      fc.record({
        id: word,
        name: fc.constant(""),
        aliases: words,
        driverOpts: fc.uniqueArray(keyValue, { maxLength: 2, selector: (option) => option.split("=")[0] }),
      }),
      { maxLength: 2 },
    ),
    logDriver: maybe(fc.record({ name: word, options: textMap })),
  }),
  mode: fc.oneof(
    fc.record({ global: fc.constant(true), replicated: fc.constant(undefined) }),
    fc.record({ global: fc.constant(false), replicated: fc.record({ replicas: count }) }),
  ),
  updateConfig: maybe(updateConfig),
  rollbackConfig: maybe(updateConfig),
  endpointSpec: fc.record({
    mode: fc.constantFrom("vip", "dnsrr"),
    ports: fc.array(
      fc.record({
        name: word,
        protocol: fc.constantFrom("tcp", "udp"),
        targetPort: fc.nat(65535),
        publishedPort: fc.nat(65535),
        publishMode: fc.constantFrom("host", "ingress"),
      }),
      { maxLength: 2 },
    ),
  }),
  convergeConfig: fc.constant(undefined),
  auth: fc.constant(undefined),
});

/** What Docker would show of a service right after it was sent. */
const shown = (spec: ServiceSpec) =>
  serviceSchema.parse({ ID: "id", Version: { Index: 1 }, Spec: JSON.parse(JSON.stringify(spec)) as unknown });

/** Without what is undefined, and without the prototypes that a generator plays with. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const least = (containerSpec: object = {}, taskSpec: object = {}) =>
  servicePropertiesSchema.parse({
    name: "web",
    taskSpec: { containerSpec: { image: "nginx", ...containerSpec }, ...taskSpec },
  });

describe("the service that is sent to Docker", () => {
  it("keeps every property on the way there and back", () => {
    fc.assert(
      fc.property(service, (declared) => {
        const attributes = serviceAttributes(shown(serviceSpec(declared)));
        assert.deepEqual(asJson(servicePropertiesSchema.parse(attributes)), asJson(declared));
      }),
    );
  });

  it("sends zeros where the provider does: no grace period is SIGKILL at once", () => {
    assert.deepEqual(serviceSpec(least()), {
      Name: "web",
      TaskTemplate: {
        ContainerSpec: { Image: "nginx:latest", StopGracePeriod: 0, Healthcheck: {}, DNSConfig: {}, Init: false },
        Resources: {},
        RestartPolicy: {},
        Placement: {},
        ForceUpdate: 0,
      },
      Mode: {},
      EndpointSpec: {},
    });
  });

  for (const [image, sent] of [
    ["docker.io/library/redis", "redis:latest"],
    ["docker.io/team/redis:7", "team/redis:7"],
    ["localhost:5000/redis", "localhost:5000/redis:latest"],
    ["redis@sha256:00", "redis@sha256:00"],
  ] as const) {
    it(`has the image ${image} as Docker's own client names it: ${sent}`, () => {
      assert.equal(serviceSpec(least({ image })).TaskTemplate.ContainerSpec?.Image, sent);
    });
  }

  it("refuses a network without id and name", () => {
    assert.throws(() => serviceSpec(least({}, { networksAdvanceds: [{ aliases: ["a"] }] })), InputError);
  });

  it("refuses a duration that Docker cannot read", () => {
    assert.throws(
      () => serviceSpec(least({ stopGracePeriod: "soon" })),
      /taskSpec\.containerSpec\.stopGracePeriod: expected/,
    );
  });

  it("refuses a generic resource without a count", () => {
    const resources = { reservation: { genericResources: { discreteResourcesSpecs: ["gpu=many"] } } };
    assert.throws(() => serviceSpec(least({}, { resources })), /expected <kind>=<whole number>, got "gpu=many"/);
  });
});

describe("a service that Docker shows", () => {
  it("is the one that was sent, whatever defaults Docker has filled in", () => {
    fc.assert(
      fc.property(service, (declared) => {
        const spec = serviceSpec(declared);
        const found = shown(spec).Spec;
        assert.ok(isMadeFrom({ ...found, Labels: { ...found.Labels, "com.docker.stack": "x" } }, spec));
      }),
    );
  });

  it("may have the image by digest and the network by id", () => {
    const sent = serviceSpec(least({ image: "redis" }, { networksAdvanceds: [{ name: "front" }] }));
    const found = serviceSpec(least({ image: "redis:latest@sha256:00" }, { networksAdvanceds: [{ id: "n1" }] }));
    assert.ok(isMadeFrom(found, sent));
  });

  for (const [what, other] of [
    ["another image", least({ image: "redis" })],
    ["other arguments", least({ args: ["-v"] })],
    ["a mount less", least({ mounts: [] })],
  ] as const) {
    it(`is another one with ${what}`, () => {
      const mounts = [{ type: "volume", source: "a", target: "/a" }];
      assert.ok(!isMadeFrom(serviceSpec(other), serviceSpec(least({ mounts, args: ["-x"] }))));
    });
  }
});

describe("an update's order", () => {
  it("is that of the service as it is, with what is new at the end: another order would restart the tasks", () => {
    const mount = (target: string) => ({ type: "volume", source: "s", target });
    const env = (...names: string[]) => Object.fromEntries(names.map((name) => [name, "1"]));
    const current = serviceSpec(least({ mounts: [mount("/b"), mount("/a")], env: env("B", "A") }));
    const next = serviceSpec(least({ mounts: [mount("/new"), mount("/a"), mount("/b")], env: env("A", "B", "C") }));
    const container = inOrderOf(current, next).TaskTemplate.ContainerSpec;
    assert.deepEqual(
      container?.Mounts?.map(({ Target }) => Target),
      ["/b", "/a", "/new"],
    );
    assert.deepEqual(container.Env, ["B=1", "A=1", "C=1"]);
  });
});
