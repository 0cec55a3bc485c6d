import { stringify } from "yaml";
import type { LiveSwarm } from "../../model/inputs/live-swarm.ts";
import { pulumiTypes, type PulumiResource } from "../../model/inputs/pulumi-service.ts";
import { parseDuration } from "../../model/durations.ts";
import { parseSize } from "../../model/sizes.ts";

/** A value that is not known: an unset variable in a stack file, an output in a program. A live swarm has none. */
export const unknown: unique symbol = Symbol("unknown");
export type Maybe<T> = T | typeof unknown;

/** A service as a test describes it, in no input's own words. */
export interface Draft {
  name?: string;
  image?: Maybe<string>;
  command?: Maybe<string>[];
  args?: Maybe<string>[];
  environment?: Record<string, Maybe<string>>;
  directory?: string;
  mounts?: DraftMount[];
  constraints?: Maybe<string>[];
  mode?: Maybe<"replicated" | "global">;
  replicas?: Maybe<number>;
  maxReplicas?: number;
  updateOrder?: Maybe<string>;
  rollbackOrder?: Maybe<string>;
  health?: { test: Maybe<string>[]; interval?: Maybe<string>; retries?: number; startPeriod?: string };
  restart?: { condition?: Maybe<string>; attempts?: number; window?: string };
  memory?: Maybe<string>;
  reservation?: Maybe<string>;
  grace?: Maybe<string>;
  ports?: { target: number; published: number }[];
  labels?: Record<string, Maybe<string>>;
  configs?: { name: string; target: string; content: Maybe<string> }[];
}

export interface DraftMount {
  type?: Maybe<"volume" | "bind" | "tmpfs">;
  source?: Maybe<string>;
  target: Maybe<string>;
  readOnly?: Maybe<boolean>;
  options?: Record<string, Maybe<string>>;
  driver?: string;
}

/** A volume resource of a program, or a volume of a live engine. */
export interface DraftVolume {
  name: string;
  driver?: string;
  options?: Record<string, string>;
  protect?: boolean;
  retainOnDelete?: boolean;
}

/** A node of a live swarm. */
export interface DraftNode {
  hostname: string;
  id?: string;
  labels?: Record<string, string>;
  role?: "manager" | "worker";
  state?: "ready" | "down";
}

const unset = "${HOLDFAST_TEST_UNSET}";
const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value in a stack file, where a dollar is doubled and a variable that nobody sets stands for what is not known. */
function stackValue(value: unknown): unknown {
  if (value === unknown) return unset;
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(stackValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, stackValue(each)]),
  );
}

/** The drafts as a stack file. */
export function asStackFile(drafts: readonly Draft[]): string {
  const volumes: Record<string, unknown> = {};
  const configs: Record<string, unknown> = {};
  const services = drafts.map((draft) => {
    const mounts = (draft.mounts ?? []).map(({ options, driver, type = "volume", readOnly, ...mount }) => {
      // A volume with options has a key of its own for each place that gives it some.
      const key = `${String(mount.source)}-${Object.keys(volumes).length}`;
      if (options === undefined && driver === undefined) return { type, ...mount, read_only: readOnly };
      volumes[key] = stackValue({ name: mount.source, driver, driver_opts: options });
      return { type, ...mount, source: key, read_only: readOnly };
    });
    for (const { name, content } of draft.configs ?? [])
      configs[name] = stackValue(content === unknown ? { external: true } : { content });
    const service = {
      image: draft.image,
      entrypoint: draft.command,
      command: draft.args,
      environment: draft.environment,
      working_dir: draft.directory,
      volumes: mounts,
      configs: draft.configs?.map(({ name, target }) => ({ source: name, target })),
      healthcheck: draft.health && {
        test: draft.health.test,
        interval: draft.health.interval,
        retries: draft.health.retries,
        start_period: draft.health.startPeriod,
      },
      stop_grace_period: draft.grace,
      ports: draft.ports?.map(({ target, published }) => ({ target, published, mode: "host" })),
      deploy: {
        labels: draft.labels,
        mode: draft.mode,
        replicas: draft.replicas,
        placement: { constraints: draft.constraints, max_replicas_per_node: draft.maxReplicas },
        update_config: { order: draft.updateOrder },
        rollback_config: { order: draft.rollbackOrder },
        restart_policy: draft.restart && {
          condition: draft.restart.condition,
          max_attempts: draft.restart.attempts,
          window: draft.restart.window,
        },
        resources: { limits: { memory: draft.memory }, reservations: { memory: draft.reservation } },
      },
    };
    return [draft.name ?? "store", stackValue(service)] as const;
  });
  const named = services.map(([name, service], index) => [
    drafts.findIndex((each) => (each.name ?? "store") === name) === index ? name : `${name}-${index}`,
    service,
  ]);
  return stringify({ services: Object.fromEntries(named) as unknown, volumes, configs });
}

/** A value in a program: what is not known is Pulumi's mark of it. */
function programValue(value: unknown): unknown {
  if (value === unknown) return unknownString;
  if (Array.isArray(value)) return value.map(programValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, programValue(each)]),
  );
}

const pairs = (record: Record<string, unknown> | undefined): unknown =>
  record && Object.entries(record).map(([label, value]) => ({ label, value }));

const bytes = (size: Maybe<string> | undefined): unknown => (typeof size === "string" ? parseSize(size, "size") : size);

/** The drafts as resources of a program, configs and volumes before the services that use them. */
export function asResources(drafts: readonly Draft[], volumes: readonly DraftVolume[] = []): readonly PulumiResource[] {
  const urn = (type: string, name: string): string => `urn:pulumi:dev::test::${type}::${name}`;
  const none = { protect: false, retainOnDelete: false };
  const configs = drafts.flatMap(({ configs: files }) => files ?? []);
  return [
    ...configs.map(({ name, content }) => ({
      urn: urn(pulumiTypes.config, name),
      type: pulumiTypes.config,
      inputs: programValue({
        name,
        data: typeof content === "string" ? Buffer.from(content).toString("base64") : content,
      }),
      ...none,
    })),
    ...volumes.map(({ name, driver, options, protect = false, retainOnDelete = false }) => ({
      urn: urn(pulumiTypes.volume, name),
      type: pulumiTypes.volume,
      inputs: programValue({ name, driver, driverOpts: options }),
      protect,
      retainOnDelete,
    })),
    ...drafts.map((draft, index) => ({
      urn: urn(pulumiTypes.service, `${draft.name ?? "store"}-${index}`),
      type: pulumiTypes.service,
      inputs: programValue(serviceInputs(draft)),
      ...none,
    })),
  ];
}

function serviceInputs(draft: Draft): unknown {
  return {
    name: draft.name ?? "store",
    labels: pairs(draft.labels),
    taskSpec: {
      containerSpec: {
        image: draft.image,
        commands: draft.command,
        args: draft.args,
        env: draft.environment,
        dir: draft.directory,
        mounts: draft.mounts?.map(({ type = "volume", options, driver, ...mount }) => ({
          type,
          ...mount,
          volumeOptions:
            options === undefined && driver === undefined ? undefined : { driverName: driver, driverOptions: options },
        })),
        configs: draft.configs?.map(({ name, target }) => ({ configId: unknown, configName: name, fileName: target })),
        healthcheck: draft.health && {
          tests: draft.health.test,
          interval: draft.health.interval,
          retries: draft.health.retries,
          startPeriod: draft.health.startPeriod,
        },
        stopGracePeriod: draft.grace,
      },
      placement: draft.constraints && { constraints: draft.constraints, maxReplicas: draft.maxReplicas },
      resources: {
        limits: draft.memory === undefined ? undefined : { memoryBytes: bytes(draft.memory) },
        reservation: draft.reservation === undefined ? undefined : { memoryBytes: bytes(draft.reservation) },
      },
      restartPolicy: draft.restart && {
        condition: draft.restart.condition,
        maxAttempts: draft.restart.attempts,
        window: draft.restart.window,
      },
    },
    mode:
      draft.mode === "global"
        ? { global: true }
        : draft.mode === unknown
          ? unknown
          : { replicated: { replicas: draft.replicas ?? 1 } },
    updateConfig: draft.updateOrder && { order: draft.updateOrder },
    rollbackConfig: draft.rollbackOrder && { order: draft.rollbackOrder },
    endpointSpec: draft.ports && {
      ports: draft.ports.map(({ target, published }) => ({ targetPort: target, publishedPort: published })),
    },
  };
}

/** Resources as `pulumi stack export` writes them. */
export function asState(resources: readonly PulumiResource[]): string {
  return JSON.stringify({ version: 3, deployment: { resources } });
}

/** Two lists of resources as a plan of `pulumi preview --json`. */
export function asPlan(before: readonly PulumiResource[], after: readonly PulumiResource[]): string {
  const old = new Map(before.map((resource) => [resource.urn, resource]));
  const steps = after.map((newState) => {
    const oldState = old.get(newState.urn);
    return { op: oldState === undefined ? "create" : "update", urn: newState.urn, oldState, newState };
  });
  return JSON.stringify({ steps });
}

/** The drafts as the Engine API shows them. */
export function asLiveSwarm(
  drafts: readonly Draft[],
  volumes: readonly DraftVolume[] = [],
  nodes?: readonly DraftNode[],
): LiveSwarm {
  return {
    services: drafts.map(liveService),
    configs: drafts.flatMap(({ configs }) =>
      (configs ?? []).map(({ name, content }) => ({
        ID: name,
        Spec: { Data: Buffer.from(String(content)).toString("base64") },
      })),
    ),
    volumes: volumes.map(({ name, driver = "local", options = null }) => ({
      Name: name,
      Driver: driver,
      Options: options,
      Labels: null,
    })),
    ...(nodes && { nodes: nodes.map(liveNode) }),
  };
}

function liveService(draft: Draft, index: number): unknown {
  const nanoseconds = (text: Maybe<string> | undefined): unknown =>
    typeof text === "string" ? parseDuration(text, "duration") * 1e6 : undefined;
  return {
    ID: `id-${index}`,
    Spec: {
      Name: draft.name ?? "store",
      Labels: draft.labels,
      TaskTemplate: {
        ContainerSpec: {
          Image: draft.image,
          Command: draft.command,
          Args: draft.args,
          Env:
            draft.environment && Object.entries(draft.environment).map(([name, value]) => `${name}=${String(value)}`),
          Dir: draft.directory,
          Mounts: draft.mounts?.map(({ type = "volume", source, target, readOnly, options, driver }) => ({
            Type: type,
            Source: source,
            Target: target,
            ReadOnly: readOnly,
            ...((options !== undefined || driver !== undefined) && {
              VolumeOptions: { DriverConfig: { Name: driver, Options: options } },
            }),
          })),
          Configs: draft.configs?.map(({ name, target }) => ({
            ConfigID: name,
            ConfigName: name,
            File: { Name: target },
          })),
          Healthcheck: draft.health && {
            Test: draft.health.test,
            Interval: nanoseconds(draft.health.interval),
            Retries: draft.health.retries,
            StartPeriod: nanoseconds(draft.health.startPeriod),
          },
          StopGracePeriod: nanoseconds(draft.grace),
        },
        Resources: {
          Limits: { MemoryBytes: bytes(draft.memory) },
          Reservations: { MemoryBytes: bytes(draft.reservation) },
        },
        RestartPolicy: draft.restart && {
          Condition: draft.restart.condition,
          MaxAttempts: draft.restart.attempts,
          Window: nanoseconds(draft.restart.window),
        },
        Placement: { Constraints: draft.constraints, MaxReplicas: draft.maxReplicas },
      },
      Mode: draft.mode === "global" ? { Global: {} } : { Replicated: { Replicas: draft.replicas ?? 1 } },
      UpdateConfig: { Order: draft.updateOrder },
      RollbackConfig: { Order: draft.rollbackOrder },
      EndpointSpec: {
        Ports: draft.ports?.map(({ target, published }) => ({
          TargetPort: target,
          PublishedPort: published,
          PublishMode: "host",
        })),
      },
    },
  };
}

function liveNode({
  hostname,
  id = `id-${hostname}`,
  labels = {},
  role = "worker",
  state = "ready",
}: DraftNode): unknown {
  return {
    ID: id,
    Spec: { Role: role, Availability: "active", Labels: labels },
    Description: { Hostname: hostname, Platform: { Architecture: "x86_64", OS: "linux" }, Engine: { Labels: {} } },
    Status: { State: state, Addr: "10.0.0.1" },
  };
}

/** Whether a draft has anything in it that is not known. */
export function hasUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
