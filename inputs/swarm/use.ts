import { z } from "zod";
import type { ServiceUse, SwarmUse, TaskUse } from "../../model/placement/feasibility.ts";
import { portKey } from "../../model/service/published-ports.ts";

const port = z.looseObject({
  PublishedPort: z.number().nullish(),
  PublishMode: z.string().nullish(),
  Protocol: z.string().nullish(),
});
const ports = z.looseObject({ Ports: z.array(port).nullish() }).nullish();

const serviceSchema = z.looseObject({
  ID: z.string(),
  Spec: z.looseObject({ Name: z.string(), EndpointSpec: ports }),
  Endpoint: ports,
});

const taskSchema = z.looseObject({
  ServiceID: z.string().optional(),
  NodeID: z.string().optional(),
  Spec: z
    .looseObject({
      Resources: z
        .looseObject({
          Reservations: z.looseObject({ MemoryBytes: z.number().nullish(), NanoCPUs: z.number().nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  Status: z.looseObject({ State: z.string(), PortStatus: ports }),
});

/** States in which a task counts for its node (swarmkit manager/scheduler/scheduler.go). */
const countedStates = new Set(["pending", "assigned", "accepted", "preparing", "ready", "starting", "running"]);

/**
 * What services hold of a swarm, from what `GET /services` and `GET /tasks` answer; what is in another form holds nothing.
 */
export function readSwarmUse(services: readonly unknown[], tasks: readonly unknown[]): SwarmUse {
  const read = tasks.flatMap((task) => taskSchema.safeParse(task).data ?? []);
  const counted = read.filter(({ NodeID, Status }) => NodeID && countedStates.has(Status.State));
  const byService = Map.groupBy(counted, ({ ServiceID }) => ServiceID);
  return {
    services: services.flatMap((service): ServiceUse[] => {
      const { data } = serviceSchema.safeParse(service);
      if (data === undefined) return [];
      const declared = data.Spec.EndpointSpec?.Ports ?? [];
      return [
        {
          name: data.Spec.Name,
          // Ports that Swarm has chosen appear only in the endpoint.
          routedPorts: keys(data.Endpoint?.Ports ?? declared, "ingress"),
          tasks: (byService.get(data.ID) ?? []).map((task) => taskUse(task, declared)),
        },
      ];
    }),
  };
}

function taskUse({ NodeID = "", Spec, Status }: z.infer<typeof taskSchema>, declared: Ports): TaskUse {
  const { MemoryBytes, NanoCPUs } = Spec?.Resources?.Reservations ?? {};
  const actual = Status.PortStatus?.Ports ?? [];
  return {
    nodeId: NodeID,
    memoryBytes: MemoryBytes ?? 0,
    nanoCpus: NanoCPUs ?? 0,
    // A starting task has none yet; one that Swarm has kept may differ from its service.
    hostPorts: [...new Set(keys(actual.length > 0 ? actual : declared, "host"))],
  };
}

type Ports = readonly z.infer<typeof port>[];

function keys(all: Ports, mode: "host" | "ingress"): readonly string[] {
  return all.flatMap(({ PublishedPort, PublishMode, Protocol }) =>
    PublishedPort && (PublishMode || "ingress") === mode ? [portKey(PublishedPort, Protocol)] : [],
  );
}
