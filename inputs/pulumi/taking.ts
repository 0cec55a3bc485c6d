/** What a Pulumi step would take that may belong to another owner: names, and volumes that a service mounts. */
import { z } from "zod";
import { serviceLabels } from "../../model/service/labels.ts";
import { ownerLabels, type NamedKind } from "../../model/service/ownership.ts";

/** What a step takes. */
export interface Taking {
  readonly kind: NamedKind;
  readonly name: string;
  /** Whether the name is new to the resource; a change in place, and a replacement of the same name, keep theirs. */
  readonly isNewName: boolean;
  /** What a service mounts and where its tasks may run. */
  readonly service?: TakingService;
}

/** A service that takes volumes. */
export interface TakingService {
  readonly name: string;
  readonly constraints: readonly string[];
  /** Named volumes of the local driver that it mounts, and did not mount before. */
  readonly volumes: readonly string[];
  /** Of these the ones that its tasks create for the stack. */
  readonly ownVolumes: readonly string[];
  /** Whether it says whose it is, and so which volumes are its own; one of an older version does not. */
  readonly isLabelled: boolean;
  /** Whether it says that several may write its volumes. */
  readonly isShared: boolean;
  /** The store whose mark it puts on them, if a label says so. */
  readonly store: string | undefined;
  /** Until when a first start of that store is asked for. */
  readonly firstStart: string | undefined;
}

/** The kinds by Pulumi's types. */
const kinds: Readonly<Record<string, NamedKind>> = {
  "docker:index/volume:Volume": "volume",
  "docker:index/service:Service": "service",
  "docker:index/network:Network": "network",
  "docker:index/secret:Secret": "secret",
  "docker:index/serviceConfig:ServiceConfig": "config",
};

const named = z.looseObject({ name: z.string().min(1) });

const label = z.looseObject({ label: z.string(), value: z.string() });

const serviceInputs = z.looseObject({
  name: z.string().catch(""),
  labels: z.array(label).catch([]),
  taskSpec: z.looseObject({
    placement: z.looseObject({ constraints: z.array(z.string()).catch([]) }).catch({ constraints: [] }),
    containerSpec: z.looseObject({
      mounts: z
        .array(
          z.looseObject({
            type: z.string().catch(""),
            source: z.string().catch(""),
            volumeOptions: z.looseObject({ driverOptions: z.unknown().optional() }).nullish().catch(undefined),
          }),
        )
        .catch([]),
    }),
  }),
});

/** What a step that creates a resource of this type from these inputs takes; undefined for one without a name yet. */
export function takingOf(type: string, before: unknown, after: unknown): Taking | undefined {
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  const name = nameIn(after);
  if (kind === undefined || name === undefined) return undefined;
  const service = kind === "service" ? readService(after) : undefined;
  const known = kind === "service" ? (readService(before)?.volumes ?? []) : [];
  return {
    kind,
    name,
    isNewName: nameIn(before) !== name,
    ...(service && { service: { ...service, volumes: service.volumes.filter((volume) => !known.includes(volume)) } }),
  };
}

function nameIn(inputs: unknown): string | undefined {
  return named.safeParse(inputs).data?.name;
}

/** What a service of these inputs mounts, all of it. */
export function readService(inputs: unknown): TakingService | undefined {
  const service = serviceInputs.safeParse(inputs).data;
  if (service === undefined) return undefined;
  const { name, labels, taskSpec } = service;
  const { placement, containerSpec } = taskSpec;
  const valueOf = (wanted: string) => labels.find((each) => each.label === wanted)?.value;
  return {
    name,
    constraints: placement.constraints,
    volumes: containerSpec.mounts
      .filter(({ type, volumeOptions }) => type === "volume" && volumeOptions?.driverOptions == null)
      .flatMap(({ source }) => (source === "" ? [] : [source])),
    ownVolumes: valueOf(ownerLabels.volumes)?.split(",") ?? [],
    isLabelled: valueOf(ownerLabels.stack) !== undefined,
    isShared: valueOf(serviceLabels.shared) !== undefined,
    store: valueOf(ownerLabels.identity),
    firstStart: valueOf(serviceLabels.firstStart),
  };
}
