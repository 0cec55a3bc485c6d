/** Which services with data run, and how each is backed up. */
import { serviceLabels } from "../model/service/labels.ts";
import type { Service } from "../swarm/api/objects.ts";
import { isOfBackups } from "./backup/companion-task.ts";
import type { BackupState } from "./backup/overview.ts";
import type { SwarmRecord } from "./read-swarm.ts";

/** A service that writes a volume or a folder of its node. */
export interface ServiceState {
  readonly name: string;
  /** The nodes that its tasks run on. */
  readonly runsOn: readonly string[];
  /** Why it does not run as it should; undefined where it does, or where nobody wants it to. */
  readonly problem: string | undefined;
  /** How it is backed up, in words. */
  readonly backup: string;
  /** What is wrong with its backup; nothing when all is well, or where none is declared that can be asked. */
  readonly backupErrors: readonly string[];
}

/** The services of a swarm that write a volume or a folder, by name, without those that make backups. */
export function serviceStates(
  { nodes, services, tasks }: Pick<SwarmRecord, "nodes" | "services" | "tasks">,
  backups: readonly BackupState[],
): readonly ServiceState[] {
  // Swarm keeps saying of a dead node's task that it runs.
  const down = new Set(nodes.filter(({ state }) => state === "down").map(({ id }) => id));
  const live = tasks.filter(({ Status, NodeID }) => Status.State === "running" && !down.has(NodeID));
  return services
    .filter((service) => writesData(service) && !isOfBackups(service))
    .map((service): ServiceState => {
      const { Name, Labels, Mode } = service.Spec;
      const running = live.filter(({ ServiceID }) => ServiceID === service.ID);
      const wanted = Mode.Replicated?.Replicas ?? 1;
      const backup = backups.find((each) => each.service === Name);
      const words = Labels?.[serviceLabels.backup] ?? "";
      return {
        name: Name,
        runsOn: running.map(({ NodeID }) => nodes.find(({ id }) => id === NodeID)?.hostname ?? NodeID),
        problem: running.length < wanted ? `${running.length} of ${wanted} tasks run` : undefined,
        backup: backup?.words ?? (words === "" ? "none is declared" : `in words, which nothing checks: ${words}`),
        backupErrors: backup?.errors ?? [],
      };
    })
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

function writesData({ Spec }: Service): boolean {
  return (Spec.TaskTemplate.ContainerSpec?.Mounts ?? []).some(
    ({ Type, ReadOnly }) => ["volume", "bind", "cluster"].includes(Type) && ReadOnly !== true,
  );
}
