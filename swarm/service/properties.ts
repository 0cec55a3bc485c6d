/**
 * The properties of a `docker:index/service:Service`, as the provider's plan gives them: what is left out, null or not
 * yet known reads as Terraform's zero value ("", 0, false, nothing), because that is what the provider sends to Docker
 * (kreuzwerker/terraform-provider-docker, internal/provider/resource_docker_service_structures.go, `create…`).
 */
import { z } from "zod";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const number = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const textMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const texts = listOf(z.string());
/** A nested block; absent is not the same as empty. */
const block = <T extends z.ZodRawShape>(shape: T) =>
  z
    .object(shape)
    .nullish()
    .transform((value) => value ?? undefined);

const labels = listOf(z.object({ label: z.string(), value: z.string() }));

const mount = z.object({
  target: z.string(),
  source: text,
  type: z.string(),
  readOnly: flag,
  bindOptions: block({ propagation: text }),
  volumeOptions: block({ noCopy: flag, labels, driverName: text, driverOptions: textMap }),
  tmpfsOptions: block({ sizeBytes: number, mode: number }),
});

const fileTarget = { fileName: z.string(), fileUid: text, fileGid: text, fileMode: number };

const containerSpec = z.object({
  image: z.string(),
  labels,
  commands: texts,
  args: texts,
  hostname: text,
  env: textMap,
  dir: text,
  user: text,
  groups: texts,
  privileges: block({
    credentialSpec: block({ file: text, registry: text }),
    seLinuxContext: block({ disable: flag, user: text, role: text, type: text, level: text }),
  }),
  readOnly: flag,
  mounts: listOf(mount),
  stopSignal: text,
  stopGracePeriod: text,
  healthcheck: block({ tests: texts, interval: text, timeout: text, startPeriod: text, retries: number }),
  hosts: listOf(z.object({ ip: z.string(), host: z.string() })),
  dnsConfig: block({ nameservers: texts, searches: texts, options: texts }),
  secrets: listOf(z.object({ secretId: z.string(), secretName: text, ...fileTarget })),
  configs: listOf(z.object({ configId: z.string(), configName: text, ...fileTarget })),
  isolation: text,
  sysctl: textMap,
  capAdds: texts,
  capDrops: texts,
  init: flag,
});

const updateConfig = block({
  parallelism: number,
  delay: text,
  failureAction: text,
  monitor: text,
  maxFailureRatio: text,
  order: text,
});

/** Validates the planned properties of a service. */
export const servicePropertiesSchema = z.object({
  name: z.string(),
  labels,
  taskSpec: z.object({
    containerSpec,
    resources: block({
      limits: block({ nanoCpus: number, memoryBytes: number }),
      reservation: block({
        nanoCpus: number,
        memoryBytes: number,
        genericResources: block({ namedResourcesSpecs: texts, discreteResourcesSpecs: texts }),
      }),
    }),
    restartPolicy: block({ condition: text, delay: text, maxAttempts: number, window: text }),
    placement: block({
      constraints: texts,
      prefs: texts,
      maxReplicas: number,
      platforms: listOf(z.object({ architecture: z.string(), os: z.string() })),
    }),
    forceUpdate: number,
    runtime: text,
    networksAdvanceds: listOf(z.object({ id: text, name: text, aliases: texts, driverOpts: texts })),
    logDriver: block({ name: z.string(), options: textMap }),
  }),
  mode: block({ global: flag, replicated: block({ replicas: number }) }),
  updateConfig,
  rollbackConfig: updateConfig,
  endpointSpec: block({
    mode: text,
    ports: listOf(
      z.object({ name: text, protocol: text, targetPort: number, publishedPort: number, publishMode: text }),
    ),
  }),
  convergeConfig: block({ delay: text, timeout: text }),
  auth: block({ serverAddress: z.string(), username: text, password: text }),
});

/** A service as the program and the provider's plan declare it. */
export type ServiceProperties = z.infer<typeof servicePropertiesSchema>;
/** Its containers. */
export type ContainerProperties = ServiceProperties["taskSpec"]["containerSpec"];
/** How it is updated or rolled back. */
export type UpdateProperties = NonNullable<ServiceProperties["updateConfig"]>;
