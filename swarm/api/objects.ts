/**
 * What is read from the Docker Engine API (v1.41), as far as this project reads it: everything else that an engine says is
 * let through unseen. Names are the API's own (https://docs.docker.com/reference/api/engine/version/v1.41/).
 */
import { z } from "zod";
import { printableLines } from "../../text/escape.ts";
import { redactor, secretsOfContainer } from "./redaction.ts";

/** Words for people, which strangers have had a part in: fit for a terminal from here on. */
const words = z.string().transform(printableLines);

const text = z.string().nullish();
const number = z.number().nullish();
const flag = z.boolean().nullish();
const texts = z.array(z.string()).nullish();
const textMap = z.record(z.string(), z.string()).nullish();

const fileTarget = z.looseObject({ Name: z.string(), UID: text, GID: text, Mode: number });

const mount = z.looseObject({
  Type: z.string(),
  Source: text,
  Target: z.string(),
  ReadOnly: flag,
  BindOptions: z.looseObject({ Propagation: text }).nullish(),
  VolumeOptions: z
    .looseObject({
      NoCopy: flag,
      Labels: textMap,
      DriverConfig: z.looseObject({ Name: text, Options: textMap }).nullish(),
    })
    .nullish(),
  TmpfsOptions: z.looseObject({ SizeBytes: number, Mode: number }).nullish(),
});

const containerSpec = z.looseObject({
  Image: z.string(),
  Labels: textMap,
  Command: texts,
  Args: texts,
  Hostname: text,
  Env: texts,
  Dir: text,
  User: text,
  Groups: texts,
  Privileges: z
    .looseObject({
      CredentialSpec: z.looseObject({ File: text, Registry: text }).nullish(),
      SELinuxContext: z.looseObject({ Disable: flag, User: text, Role: text, Type: text, Level: text }).nullish(),
    })
    .nullish(),
  ReadOnly: flag,
  Mounts: z.array(mount).nullish(),
  StopSignal: text,
  /** Nanoseconds. */
  StopGracePeriod: number,
  /** Durations in nanoseconds. */
  Healthcheck: z
    .looseObject({ Test: texts, Interval: number, Timeout: number, StartPeriod: number, Retries: number })
    .nullish(),
  Hosts: texts,
  DNSConfig: z.looseObject({ Nameservers: texts, Search: texts, Options: texts }).nullish(),
  Secrets: z.array(z.looseObject({ SecretID: z.string(), SecretName: text, File: fileTarget.nullish() })).nullish(),
  Configs: z.array(z.looseObject({ ConfigID: z.string(), ConfigName: text, File: fileTarget.nullish() })).nullish(),
  Isolation: text,
  Sysctls: textMap,
  CapabilityAdd: texts,
  CapabilityDrop: texts,
  Init: flag,
});

const genericResource = z.looseObject({
  NamedResourceSpec: z.looseObject({ Kind: z.string(), Value: z.string() }).nullish(),
  DiscreteResourceSpec: z.looseObject({ Kind: z.string(), Value: z.number() }).nullish(),
});

const taskSpec = z.looseObject({
  /** Absent for tasks of plugins, which this project does not know. */
  ContainerSpec: containerSpec.nullish(),
  Resources: z
    .looseObject({
      Limits: z.looseObject({ NanoCPUs: number, MemoryBytes: number, Pids: number }).nullish(),
      Reservations: z
        .looseObject({ NanoCPUs: number, MemoryBytes: number, GenericResources: z.array(genericResource).nullish() })
        .nullish(),
    })
    .nullish(),
  /** Durations in nanoseconds. */
  RestartPolicy: z.looseObject({ Condition: text, Delay: number, MaxAttempts: number, Window: number }).nullish(),
  Placement: z
    .looseObject({
      Constraints: texts,
      Preferences: z
        .array(z.looseObject({ Spread: z.looseObject({ SpreadDescriptor: z.string() }).nullish() }))
        .nullish(),
      MaxReplicas: number,
      Platforms: z.array(z.looseObject({ Architecture: text, OS: text })).nullish(),
    })
    .nullish(),
  Networks: z.array(z.looseObject({ Target: z.string(), Aliases: texts, DriverOpts: textMap })).nullish(),
  LogDriver: z.looseObject({ Name: z.string(), Options: textMap }).nullish(),
  ForceUpdate: number,
  Runtime: text,
});

const updateConfig = z
  .looseObject({
    Parallelism: number,
    Delay: number,
    FailureAction: text,
    Monitor: number,
    MaxFailureRatio: number,
    Order: text,
  })
  .nullish();

const port = z.looseObject({
  Name: text,
  Protocol: text,
  TargetPort: number,
  PublishedPort: number,
  PublishMode: text,
});

const endpointSpec = z.looseObject({ Mode: text, Ports: z.array(port).nullish() });

const serviceSpec = z.looseObject({
  Name: z.string(),
  Labels: textMap,
  TaskTemplate: taskSpec,
  Mode: z.looseObject({
    Replicated: z.looseObject({ Replicas: number }).nullish(),
    Global: z.looseObject({}).nullish(),
  }),
  UpdateConfig: updateConfig,
  RollbackConfig: updateConfig,
  EndpointSpec: endpointSpec.nullish(),
});

/** `GET /services/{id}`. */
export const serviceSchema = z.looseObject({
  ID: z.string(),
  CreatedAt: text,
  Version: z.looseObject({ Index: z.number() }),
  Spec: serviceSpec,
  PreviousSpec: serviceSpec.nullish(),
  Endpoint: z.looseObject({ Spec: endpointSpec.nullish(), Ports: z.array(port).nullish() }).nullish(),
  UpdateStatus: z.looseObject({ State: text, Message: words.nullish() }).nullish(),
});

/** What Swarm's scheduler says begins so, and holds nothing of the task's own. */
const schedulersWords = "no suitable node";

/** `GET /tasks`; in what Swarm says of a task, what its container alone may know is masked: a command, say, that was not found. */
export const taskSchema = z
  .looseObject({
    ID: z.string(),
    CreatedAt: z.string(),
    /** Empty for a container outside of any service that is attached to an overlay network. */
    ServiceID: z.string().default(""),
    /** 0 for a task of a global service. */
    Slot: z.number().default(0),
    NodeID: z.string().default(""),
    Spec: taskSpec,
    DesiredState: z.string(),
    Status: z.looseObject({
      State: z.string(),
      Message: words.default(""),
      Err: words.default(""),
      ContainerStatus: z.looseObject({ ContainerID: z.string().default(""), ExitCode: number }).nullish(),
      PortStatus: z.looseObject({ Ports: z.array(port).nullish() }).nullish(),
    }),
  })
  .transform((task) => {
    const { Err } = task.Status;
    if (Err === "" || Err.startsWith(schedulersWords)) return task;
    const redact = redactor(secretsOfContainer(task.Spec.ContainerSpec ?? {}));
    return { ...task, Status: { ...task.Status, Err: redact(Err) } };
  });

/** `GET /containers/{id}/json`. */
export const containerSchema = z.looseObject({
  Id: z.string(),
  State: z.looseObject({
    OOMKilled: z.boolean().default(false),
    ExitCode: z.number().default(0),
    Health: z
      .looseObject({
        Status: z.string(),
        FailingStreak: z.number().default(0),
        Log: z.array(z.looseObject({ ExitCode: z.number(), Output: z.string() })).nullish(),
      })
      .nullish(),
  }),
});

/** `GET /containers/json`. */
export const containerSummarySchema = z.looseObject({
  Id: z.string(),
  Names: z.array(z.string()),
  Image: z.string(),
  State: z.string(),
  Labels: textMap,
  Mounts: z.array(z.looseObject({ Type: z.string(), Name: text, Destination: z.string() })).nullish(),
  Ports: z.array(z.looseObject({ PublicPort: number, Type: text })).nullish(),
});

/** `GET /networks/{id}`. */
export const networkSchema = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Scope: z.string(),
  Attachable: z.boolean(),
  Ingress: z.boolean(),
  Internal: z.boolean(),
  EnableIPv6: z.boolean(),
  IPAM: z.looseObject({
    Driver: z.string(),
    Options: textMap,
    Config: z
      .array(z.looseObject({ Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: textMap }))
      .nullish(),
  }),
  Options: textMap,
  Labels: textMap,
  Containers: z
    .record(
      z.string(),
      z.looseObject({ Name: text, EndpointID: text, MacAddress: text, IPv4Address: text, IPv6Address: text }),
    )
    .nullish(),
});

/** `GET /volumes/{name}`. */
export const volumeSchema = z.looseObject({
  Name: z.string(),
  Driver: z.string(),
  Mountpoint: z.string(),
  Options: textMap,
  Labels: textMap,
});

/** `GET /secrets/{id}`; an engine never gives a secret's data back. */
export const secretSchema = z.looseObject({
  ID: z.string(),
  Spec: z.looseObject({ Name: z.string(), Labels: textMap }),
});

/** `GET /configs/{id}`; the data in base64. */
export const configSchema = z.looseObject({
  ID: z.string(),
  Spec: z.looseObject({ Name: z.string(), Labels: textMap, Data: z.string().nullish() }),
});

/** `GET /distribution/{image}/json`: what the image's registry says of it. */
export const distributionSchema = z.looseObject({
  Descriptor: z.looseObject({ digest: z.string() }),
  Platforms: z.array(z.looseObject({ architecture: text, os: text })).nullish(),
});

/** What dockerode answers to the creation of a service, network, secret or config: an object that carries its id. */
export const handleSchema = z.looseObject({ id: z.string() });

/** A service of the swarm. */
export type Service = z.infer<typeof serviceSchema>;
/** What was declared of a service; the same form is sent to create or update one. */
export type ServiceSpec = z.infer<typeof serviceSpec>;
/** What was declared of a service's tasks, or of one task when it was made. */
export type TaskSpec = z.infer<typeof taskSpec>;
/** What was declared of a task's container. */
export type ContainerSpec = z.infer<typeof containerSpec>;
/** A mount of a task's container. */
export type ContainerMount = z.infer<typeof mount>;
/** A published port. */
export type Port = z.infer<typeof port>;
/** A task: one attempt to run one replica. */
export type Task = z.infer<typeof taskSchema>;
/** A container as a list has it. */
export type ContainerSummary = z.infer<typeof containerSummarySchema>;
/** A container of the connected engine. */
export type Container = z.infer<typeof containerSchema>;
/** A network. */
export type Network = z.infer<typeof networkSchema>;
/** A volume of the connected engine. */
export type Volume = z.infer<typeof volumeSchema>;
