import {
  backupConfigurationVariable,
  nodeVariable,
  type BackupConfiguration,
  type DrillConfiguration,
} from "../../backup/protocol.ts";
import { pinConstraint } from "../../model/placement/pin.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { formatSize, parseSize } from "../../text/byte-size.ts";
import { parseDuration } from "../../text/duration.ts";
import { InputError } from "../../text/input-error.ts";
import { volumeSpec } from "../volumes/data-volume.ts";
import type { ServiceBackupArgs } from "./backup.ts";
import type { DataMount, StatefulServiceArgs } from "./stateful-service.ts";

/** A restore on a schedule, whose result is kept beside the backup as a proof. */
export interface DrillArgs {
  /** From one drill to the next. @default "24h" */
  every?: string;
  /** Whether it is done on another node than that of the data, which takes a second node; `false` proves the backup, but not that another node can restore it. @default true where the data is pinned to a node */
  elsewhere?: boolean;
}

/** As {@link DrillArgs} says. */
const defaults = { every: "24h" };

/** How often a backup is drilled. */
export function drillInterval({ every = defaults.every }: DrillArgs): string {
  return every;
}

/** Where the state is restored into; the image has this folder, whose owner a new volume takes over. */
const restorePath = "/restore";

/** A service whose backup is drilled. */
export interface Drilled {
  readonly serviceName: string;
  readonly memoryLimit: string;
  readonly backup: ServiceBackupArgs;
  /** The mount with the data. */
  readonly data: DataMount;
  /** What the companion is told, and the service that it is. */
  readonly configuration: Omit<BackupConfiguration, "secrets" | "status">;
  readonly companion: StatefulServiceArgs;
}

/**
 * The arguments of the service that drills a backup: the companion's, without the data, with room for a restored state and memory for a
 * server that loads it. Undefined where no drill is declared.
 *
 * @throws InputError where the repository is a volume, or the node of the data is not known and another one is wanted
 */
export function drillArgs(
  { serviceName, memoryLimit, backup, data, configuration, companion }: Drilled,
  path: string,
): StatefulServiceArgs | undefined {
  if (backup.drill === undefined || backup.drill === false) return undefined;
  const { every, elsewhere } = { ...defaults, ...backup.drill };
  if (backup.to.volume !== undefined)
    throw new InputError({
      path,
      expected: "a repository at an address, which every node reaches",
      got: "one in a volume",
      fix: "Use a repository of s3, rest or sftp, or leave the drill out and run `holdfast backup verify` from time to time",
    });
  const otherNodes = constraintElsewhere(data, elsewhere, path);
  const drill: DrillConfiguration = {
    everySeconds: parseDuration(every, `${path}.every`) / 1000,
    level: otherNodes === undefined ? "load" : "drill",
  };
  const { constraints: _1, healthCheck, labels: _2, ...same } = companion;
  return {
    ...same,
    serviceName: `${serviceName}-drill`,
    memoryLimit: formatSize(parseSize(memoryLimit, path) + parseSize(companion.memoryLimit, path)),
    data: [],
    args: ["drill", "--scratch", restorePath],
    environment: {
      [backupConfigurationVariable]: JSON.stringify({ ...configuration, drill }),
      [nodeVariable]: "{{.Node.Hostname}}",
    },
    scratch: [{ path: "/tmp" }, { path: restorePath, volume: `${serviceName}-drill` }],
    healthCheck,
    labels: { [serviceLabels.image]: "holdfast-backup", [serviceLabels.drillOf]: serviceName },
    ...(otherNodes !== undefined && { constraints: [otherNodes] }),
  };
}

function constraintElsewhere({ volume }: DataMount, elsewhere: boolean | undefined, path: string): string | undefined {
  const { pin } = volumeSpec(volume);
  if (pin !== undefined) return elsewhere === false ? undefined : pinConstraint(pin, path).replace("==", "!=");
  if (elsewhere !== true) return undefined;
  throw new InputError({
    path: `${path}.elsewhere`,
    expected: "a service whose data is pinned to a node",
    got: "one whose data may be on any",
    fix: "Leave it out",
  });
}
