/** Backups as metrics, in the text format of Prometheus. */
import { proofLevels } from "../../backup/protocol.ts";
import { backupErrors, isUnproved, type BackupCondition } from "./condition.ts";

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Its samples; undefined is left out. */
  readonly samples: (condition: BackupCondition) => readonly Sample[];
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | boolean | undefined;
}

/**
 * The metrics of backups: one sample for each of them, and of proofs one for each level. Times are those of Unix, so that an age
 * keeps growing where nobody asks any more.
 */
export function backupMetrics(conditions: readonly BackupCondition[], nowSeconds: number): string {
  const metrics: readonly Metric[] = [
    {
      name: "holdfast_backup_ok",
      help: "Whether nothing is known to be wrong with the backup.",
      samples: (condition) => [{ value: backupErrors(condition, nowSeconds).length === 0 }],
    },
    {
      name: "holdfast_backup_late",
      help: "Whether the companion does not deliver in time.",
      samples: ({ late }) => [{ value: late !== undefined }],
    },
    {
      name: "holdfast_backup_readable",
      help: "Whether the repository answered.",
      samples: ({ list }) => [{ value: list !== undefined }],
    },
    {
      name: "holdfast_backup_unproved",
      help: "Whether no state of the backup was ever loaded by a server.",
      samples: ({ list }) => [{ value: list && isUnproved(list) }],
    },
    {
      name: "holdfast_backup_missing_parts",
      help: "Parts of the backup that are missing or torn.",
      samples: ({ list }) => [{ value: list?.mistakes.length }],
    },
    {
      name: "holdfast_backup_newest_write_timestamp_seconds",
      help: "Time of the newest state that can be restored.",
      samples: ({ list }) => [{ value: list?.newestSeconds }],
    },
    {
      name: "holdfast_backup_last_delivery_timestamp_seconds",
      help: "When the repository last got something.",
      samples: ({ list }) => [{ value: list?.deliveredSeconds }],
    },
    {
      name: "holdfast_backup_loss_window_seconds",
      help: "How long the newest canary took from its writing to its delivery: what the loss of the node would have cost then.",
      samples: ({ list }) => [{ value: list?.window && list.window.last / 1000 }],
    },
    {
      name: "holdfast_backup_size_bytes",
      help: "What the parts of the backup hold; restic stores equal parts once, and compressed.",
      samples: ({ list }) => [{ value: list?.bytes }],
    },
    {
      name: "holdfast_backup_last_proof_timestamp_seconds",
      help: "When the backup was last proved at a level, with whatever result.",
      samples: ({ list }) => newestProofs(list, ({ seconds }) => seconds),
    },
    {
      name: "holdfast_backup_last_proof_ok",
      help: "Whether the last proof at a level went well.",
      samples: ({ list }) => newestProofs(list, ({ result }) => result === "ok"),
    },
    {
      name: "holdfast_backup_last_proof_entries",
      help: "How many keys or rows a server has loaded in the last proof at a level.",
      samples: ({ list }) => newestProofs(list, ({ entries }) => entries),
    },
  ];
  const lines = metrics.flatMap(({ name, help, samples }) => {
    const written = conditions.flatMap((condition) =>
      samples(condition).flatMap(({ labels, value }) =>
        value === undefined ? [] : [`${name}${labelText({ ...labelsOf(condition), ...labels })} ${Number(value)}`],
      ),
    );
    return written.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...written];
  });
  const asked = "holdfast_backup_asked_timestamp_seconds";
  return [
    ...lines,
    `# HELP ${asked} When these metrics were read.`,
    `# TYPE ${asked} gauge`,
    `${asked} ${Math.floor(nowSeconds)}`,
    "",
  ].join("\n");
}

type List = NonNullable<BackupCondition["list"]>;

function newestProofs(
  list: List | undefined,
  valueOf: (proof: List["proofs"][number]) => Sample["value"],
): readonly Sample[] {
  return proofLevels.flatMap((level) => {
    const proof = list?.proofs.find((each) => each.level === level);
    return proof === undefined ? [] : [{ labels: { level }, value: valueOf(proof) }];
  });
}

function labelsOf({ service, store }: BackupCondition): Readonly<Record<string, string>> {
  return { service, store };
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
