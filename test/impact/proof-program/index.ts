/**
 * One stateful service in many variants: the base, and changes to it that the setting "changes" names (joined by "+"). Every
 * name in Docker begins with the setting "prefix", so that several stacks of it can stand side by side.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

const settings = new pulumi.Config();
const changes = settings.require("changes").split("+");
const prefix = settings.require("prefix");
const node = settings.require("node");
const otherNode = settings.get("otherNode") ?? "elsewhere";
const image = settings.require("image");
const port = settings.requireNumber("port");
const is = (...names: string[]): boolean => names.some((name) => changes.includes(name));
const mebibyte = 1024 * 1024;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

class Box extends pulumi.ComponentResource {
  constructor(name: string) {
    super("proof:index:Box", name);
    this.registerOutputs();
  }
}

const parent = is("no-parent") ? {} : { parent: new Box("box") };

const network = is("network-removed")
  ? undefined
  : new docker.Network(
      "net",
      {
        name: `${prefix}-${is("network-renamed") ? "net2" : "net"}`,
        driver: "overlay",
        ...(is("network-attachable") && { attachable: true }),
      },
      parent,
    );

const volume = is("volume-removed")
  ? undefined
  : new docker.Volume(
      is("volume-logical-renamed") ? "store" : "data",
      {
        name: `${prefix}-${is("volume-renamed") ? "data2" : "data"}`,
        driver: "local",
        ...(is("volume-driver-opts") && { driverOpts: { type: "tmpfs", device: "tmpfs", o: "size=16m" } }),
        labels: [{ label: "owner", value: is("volume-labels") ? "team-b" : "team-a" }],
      },
      { ...parent, protect: is("volume-protected"), retainOnDelete: is("volume-retained") },
    );

const secret = new docker.Secret(
  "password",
  { data: base64(is("secret-rotated") ? "two" : "one"), ...(is("secret-named") && { name: `${prefix}-password` }) },
  parent,
);
const config = new docker.ServiceConfig(
  "conf",
  { data: base64(is("config-rotated") ? "save 60 1\n" : "save 900 1\n") },
  parent,
);

type Mount = docker.types.input.ServiceTaskSpecContainerSpecMount;

function dataMount(): Mount {
  const target = is("mount-target") ? "/var/lib/redis" : "/data";
  if (is("mount-tmpfs")) return { target, type: "tmpfs" };
  if (is("mount-bind")) return { target, type: "bind", source: "/srv" };
  return {
    target,
    type: "volume",
    source: is("mount-anonymous") ? "" : is("mount-renamed") ? `${prefix}-other` : (volume?.name ?? `${prefix}-data`),
    ...(is("mount-read-only") && { readOnly: true }),
    ...(is("mount-driver-opts") && {
      volumeOptions: { driverName: "local", driverOptions: { type: "nfs", device: ":/x", o: "addr=10.0.0.9" } },
    }),
    ...(is("mount-labels") && { volumeOptions: { labels: [{ label: "x", value: "y" }] } }),
    ...(is("mount-nocopy") && { volumeOptions: { noCopy: true } }),
  };
}

const command = [
  "redis-server",
  ...["--protected-mode", "no"],
  ...(is("appendonly") ? ["--appendonly", "yes"] : []),
  ...(is("save-nothing") ? ["--save", ""] : []),
  ...(is("dir-argument") ? ["--dir", "/var/lib/redis"] : []),
  ...(is("dbfilename") ? ["--dbfilename", "other.rdb"] : []),
];

if (!is("service-removed")) {
  new docker.Service(
    is("service-logical-renamed") ? "cache" : "redis",
    {
      name: `${prefix}-${is("service-renamed", "service-renamed-create-first") ? "redis2" : "redis"}`,
      labels: [{ label: "team", value: is("service-labels") ? "b" : "a" }],
      taskSpec: {
        containerSpec: {
          image,
          args: command,
          ...(is("command") && { commands: ["/no/such/program"] }),
          ...(is("env") && { env: { A: "1" } }),
          ...(is("user") && { user: "1000:1000" }),
          ...(is("dir") && { dir: "/tmp" }),
          ...(is("container-labels") && { labels: [{ label: "c", value: "d" }] }),
          ...(is("hosts") && { hosts: [{ host: "a", ip: "10.0.0.1" }] }),
          ...(is("sysctl") && { sysctl: { "net.core.somaxconn": "1024" } }),
          ...(is("read-only-root") && { readOnly: true }),
          ...(is("stop-signal") && { stopSignal: "SIGINT" }),
          stopGracePeriod: is("stop-grace") ? "50s" : "30s",
          mounts: is("mount-removed")
            ? []
            : is("mount-added")
              ? [dataMount(), { target: "/extra", type: "volume", source: `${prefix}-extra` }]
              : [dataMount()],
          ...(!is("healthcheck-removed") && {
            healthcheck: {
              tests: ["CMD", "redis-cli", "ping"],
              interval: is("healthcheck") ? "2s" : "1s",
              timeout: "1s",
              retries: 3,
              startPeriod: "1s",
            },
          }),
          secrets: [{ secretId: secret.id, secretName: secret.name, fileName: "/run/secrets/redis" }],
          configs: [{ configId: config.id, configName: config.name, fileName: "/etc/redis.conf" }],
        },
        ...(!is("pin-removed") && {
          placement: {
            constraints: is("pin-changed")
              ? ["node.hostname==elsewhere"]
              : is("pin-moved")
                ? [`node.hostname==${otherNode}`]
                : is("pin-widened")
                  ? ["node.hostname!=elsewhere"]
                  : [`node.hostname==${node}`, ...(is("pin-added") ? ["node.role==manager"] : [])],
          },
        }),
        ...(!is("resources-removed") && {
          resources: {
            limits: {
              memoryBytes: (is("memory-limit") ? 200 : 100) * mebibyte,
              ...(is("cpu-limit") && { nanoCpus: 500_000_000 }),
            },
            ...(is("memory-reservation") && { reservation: { memoryBytes: 50 * mebibyte } }),
          },
        }),
        restartPolicy: {
          condition: is("restart-policy") ? "on-failure" : "any",
          delay: "1s",
          maxAttempts: 0,
          window: "0s",
        },
        networksAdvanceds: network ? [{ id: network.id, ...(is("network-aliases") && { aliases: ["store"] }) }] : [],
        forceUpdate: is("force-update") ? 1 : 0,
        ...(is("log-driver") && { logDriver: { name: "json-file", options: { "max-size": "10m" } } }),
      },
      mode: is("mode-global")
        ? { global: true }
        : { replicated: { replicas: is("replicas-two") ? 2 : is("replicas-zero") ? 0 : 1 } },
      updateConfig: {
        order: is("update-start-first") ? "start-first" : "stop-first",
        parallelism: 1,
        delay: "0s",
        failureAction: "pause",
        monitor: "2s",
        maxFailureRatio: "0.0",
      },
      ...(is("rollback-config") && { rollbackConfig: { order: "stop-first" } }),
      endpointSpec: {
        mode: is("endpoint-dnsrr") ? "dnsrr" : "vip",
        ports: is("port-removed")
          ? []
          : [
              {
                targetPort: 6379,
                publishedPort: is("port-changed") ? port + 1000 : port,
                publishMode: "host",
                protocol: "tcp",
              },
            ],
      },
      ...(!is("mode-global") && { convergeConfig: { delay: "1s", timeout: is("converge") ? "50s" : "40s" } }),
    },
    {
      ...parent,
      ...(is("service-renamed-create-first") && { deleteBeforeReplace: false }),
      aliases: is("service-aliased") ? [{ name: "old" }] : [],
    },
  );
}
