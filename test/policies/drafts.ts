import { stringify } from "yaml";
import { pulumiTypes, type PulumiResource } from "../../inputs/pulumi/service.ts";
import type { LiveSwarm } from "../../inputs/swarm/definitions.ts";
import { parseSize } from "../../text/byte-size.ts";
import { parseDuration } from "../../text/duration.ts";

/** A value that is not known: an unset variable in a stack file, an output in a program. A live swarm has none. */
export const unknown: unique symbol = Symbol("unknown");
export type Maybe<T> = T | typeof unknown;

/** A service as a test describes it, in no input's own words. */
export interface Draft {
  name?: string;
  image?: Maybe<string>;
  command?: Maybe<string>[];
  args?: Maybe<string>[];
  environment?: Maybe<Record<string, Maybe<string>>>;
  hostname?: string;
  directory?: string;
  mounts?: DraftMount[];
  constraints?: Maybe<string>[];
  mode?: Maybe<"replicated" | "global" | "replicated-job" | "global-job">;
  replicas?: Maybe<number>;
  maxReplicas?: number;
  updateOrder?: Maybe<string>;
  rollbackOrder?: Maybe<string>;
  health?: Maybe<DraftHealthCheck>;
  restart?: Maybe<{ condition?: Maybe<string>; attempts?: Maybe<number>; window?: string }>;
  memory?: Maybe<string>;
  reservation?: Maybe<string>;
  grace?: Maybe<string>;
  ports?: Maybe<{ target: number; published?: number }[]>;
  labels?: Record<string, Maybe<string>>;
  configs?: { name: string; target: string; content: Maybe<string> }[];
}

export interface DraftMount {
  type?: Maybe<"volume" | "bind" | "tmpfs">;
  source?: Maybe<string>;
  target: Maybe<string>;
  readOnly?: Maybe<boolean>;
  /** Where all of the options are unknown, a program alone can say so. */
  options?: Maybe<Record<string, Maybe<string>>>;
  driver?: string;
}

export interface DraftHealthCheck {
  test: Maybe<Maybe<string>[]>;
  interval?: Maybe<string>;
  retries?: Maybe<number>;
  startPeriod?: Maybe<string>;
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

/** Rewrites a value unless it is not known or left out. */
function mapKnown<T, U>(value: Maybe<T> | undefined, rewrite: (value: T) => U): Maybe<U> | undefined {
  return value === unknown ? unknown : value === undefined ? undefined : rewrite(value);
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
      hostname: draft.hostname,
      working_dir: draft.directory,
      volumes: mounts,
      configs: draft.configs?.map(({ name, target }) => ({ source: name, target })),
      healthcheck: mapKnown(draft.health, ({ startPeriod, ...health }) => ({ ...health, start_period: startPeriod })),
      stop_grace_period: draft.grace,
      ports: mapKnown(draft.ports, (ports) => ports.map((port) => ({ ...port, mode: "host" }))),
      deploy: {
        labels: draft.labels,
        mode: draft.mode,
        replicas: draft.replicas,
        placement: { constraints: draft.constraints, max_replicas_per_node: draft.maxReplicas },
        update_config: { order: draft.updateOrder },
        rollback_config: { order: draft.rollbackOrder },
        restart_policy: mapKnown(draft.restart, ({ attempts, ...restart }) => ({ ...restart, max_attempts: attempts })),
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
        hostname: draft.hostname,
        dir: draft.directory,
        mounts: draft.mounts?.map(({ type = "volume", options, driver, ...mount }) => ({
          type,
          ...mount,
          volumeOptions:
            options === undefined && driver === undefined
              ? undefined
              : mapKnown(options ?? {}, (driverOptions) => ({ driverName: driver, driverOptions })),
        })),
        configs: draft.configs?.map(({ name, target }) => ({ configId: unknown, configName: name, fileName: target })),
        healthcheck: mapKnown(draft.health, ({ test, ...health }) => ({ ...health, tests: test })),
        stopGracePeriod: draft.grace,
      },
      placement: draft.constraints && { constraints: draft.constraints, maxReplicas: draft.maxReplicas },
      resources: {
        limits: draft.memory === undefined ? undefined : { memoryBytes: bytes(draft.memory) },
        reservation: draft.reservation === undefined ? undefined : { memoryBytes: bytes(draft.reservation) },
      },
      restartPolicy: mapKnown(draft.restart, ({ attempts, ...restart }) => ({ ...restart, maxAttempts: attempts })),
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
      ports: mapKnown(draft.ports, (ports) =>
        ports.map(({ target, published }) => ({ targetPort: target, publishedPort: published })),
      ),
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

/** An image that a live engine has. */
export interface DraftImage {
  name: string;
  volumes: readonly string[];
  hasHealthCheck?: boolean;
}

/** The drafts as the Engine API shows them. */
export function asLiveSwarm(
  drafts: readonly Draft[],
  volumes: readonly DraftVolume[] = [],
  nodes?: readonly DraftNode[],
  images: readonly DraftImage[] = [],
): LiveSwarm {
  return {
    services: drafts.map(liveService),
    images: images.map(({ name, volumes: paths, hasHealthCheck }) => ({
      RepoTags: [name],
      Config: {
        Volumes: Object.fromEntries(paths.map((path) => [path, {}])),
        ...(hasHealthCheck === true && { Healthcheck: { Test: ["CMD", "true"] } }),
      },
    })),
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
          Env: mapKnown(draft.environment, (environment) =>
            Object.entries(environment).map(([name, value]) => `${name}=${String(value)}`),
          ),
          Hostname: draft.hostname,
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
          Healthcheck: mapKnown(draft.health, ({ test, interval, retries, startPeriod }) => ({
            Test: test,
            Interval: nanoseconds(interval),
            Retries: retries,
            StartPeriod: nanoseconds(startPeriod),
          })),
          StopGracePeriod: nanoseconds(draft.grace),
        },
        Resources: {
          Limits: { MemoryBytes: bytes(draft.memory) },
          Reservations: { MemoryBytes: bytes(draft.reservation) },
        },
        RestartPolicy: mapKnown(draft.restart, ({ condition, attempts, window }) => ({
          Condition: condition,
          MaxAttempts: attempts,
          Window: nanoseconds(window),
        })),
        Placement: { Constraints: draft.constraints, MaxReplicas: draft.maxReplicas },
      },
      Mode: draft.mode === "global" ? { Global: {} } : { Replicated: { Replicas: draft.replicas ?? 1 } },
      UpdateConfig: { Order: draft.updateOrder },
      RollbackConfig: { Order: draft.rollbackOrder },
      EndpointSpec: {
        Ports: mapKnown(draft.ports, (ports) =>
          ports.map(({ target, published }) => ({ TargetPort: target, PublishedPort: published, PublishMode: "host" })),
        ),
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
