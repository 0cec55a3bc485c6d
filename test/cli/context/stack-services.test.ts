import assert from "node:assert/strict";
import { chooseRedis, stackServices, type ServiceResource } from "../../../cli/context/stack-services.ts";

const urn = (name: string) => `urn:pulumi:dev::shop::${name}`;

/** A component, the service component within it where it is a preset, and the service. */
function component(kind: string, name: string, said: object, service: object = {}): ServiceResource[] {
  const preset = { urn: urn(name), type: `holdfast:index:${kind}`, parent: urn("stack"), outputs: { ...said } };
  const inner = { urn: urn(`${name}-inner`), type: "holdfast:index:StatefulService", parent: preset.urn, outputs: {} };
  const outputs = {
    name,
    mode: { replicated: { replicas: 1 } },
    taskSpec: {
      containerSpec: {
        mounts: [
          { type: "volume", source: `${name}-data` },
          { type: "tmpfs", source: "" },
        ],
      },
      resources: { limits: { memoryBytes: 64 } },
    },
    ...service,
  };
  return [
    preset,
    inner,
    { urn: urn(`${name}-service`), type: "docker:index/service:Service", parent: inner.urn, outputs },
  ];
}

const state = [
  { urn: urn("stack"), type: "pulumi:pulumi:Stack", parent: undefined, outputs: {} },
  ...component(
    "Redis",
    "sessions",
    { username: "application", password: "a secret", authority: "PEM" },
    { endpointSpec: { mode: "dnsrr", ports: [{ targetPort: 6379, publishedPort: 7000 }] } },
  ),
  ...component("Redis", "pages", { username: "application" }, { mode: { replicated: { replicas: 0 } } }),
  ...component("PostgreSQL", "orders", { username: "postgres", database: "shop" }),
  // A service that nothing of Holdfast made, and one that another engine has written in a way of its own.
  { urn: urn("plain"), type: "docker:index/service:Service", parent: urn("stack"), outputs: { name: "plain" } },
  { urn: urn("odd"), type: "docker:index/service:Service", parent: urn("sessions"), outputs: { name: 7 } },
];

describe("the services of a stack", () => {
  it("are not a second Redis where a Redis has a backup", () => {
    const backup = { labels: [{ label: "holdfast.backup.of", value: "sessions" }], name: "sessions-backup" };
    const companion = component("Redis", "sessions", { username: "application", password: "a secret" }, backup);
    const services = stackServices([...state, ...companion]);
    const found = services.find(({ name }) => name === "sessions-backup");
    assert.deepEqual([found?.kind, found?.username, found?.password], ["StatefulService", undefined, undefined]);
  });

  it("are those of its components, with what the state says of them", () => {
    assert.deepEqual(
      stackServices(state).map(({ name, kind, port, isStopped, password }) => [name, kind, port, isStopped, password]),
      [
        ["orders", "PostgreSQL", undefined, false, undefined],
        ["pages", "Redis", undefined, true, undefined],
        ["sessions", "Redis", 7000, false, "a secret"],
      ],
    );
    const [, , sessions] = stackServices(state);
    assert.deepEqual(
      [sessions?.volumes, sessions?.memoryLimitBytes, sessions?.authority],
      [["sessions-data"], 64, "PEM"],
    );
    assert.equal(stackServices(state)[0]?.database, "shop");
  });

  it("are chosen among by name where several run Redis", () => {
    const services = stackServices(state);
    assert.equal(chooseRedis(services, "pages", "dev").name, "pages");
    assert.equal(chooseRedis(services.slice(2), undefined, "dev").name, "sessions");
    const message =
      "--service: expected one of pages, sessions, got nothing. Name the service before the Redis command, as in `npx holdfast redis --service NAME get foo`.";
    assert.throws(() => chooseRedis(services, undefined, "dev"), { name: "InputError", message });
    assert.throws(() => chooseRedis(services, "orders", "dev"), /^InputError: --service: .* got "orders"/u);
    assert.throws(() => chooseRedis(services.slice(0, 1), undefined, "dev"), {
      message: "The stack dev has no Redis. Create it with `npx holdfast up`.",
    });
  });
});
