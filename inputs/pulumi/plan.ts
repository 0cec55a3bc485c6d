/** A preview of Pulumi, or of the embedded engine, as a plan: one document, or a stream of events. */
import {
  isRefusedDeletion,
  type Executor,
  type Plan,
  type PlannedObject,
  type PlannedOperation,
  type PlannedStep,
} from "../../model/plan/plan.ts";
import type { TaskTemplate } from "../../model/plan/task-template.ts";
import {
  estateOf,
  isKnown,
  notKnown,
  secretMark,
  visible,
  type Estate,
  type Known,
  type ServiceDefinition,
  type VolumeDefinition,
} from "../../model/service/definition.ts";
import { isRecord } from "../fields/field.ts";
import { pulumiTypes, readPulumiConfig, readPulumiService, readPulumiVolume, resourceName } from "./service.ts";
import type { ConfigContents, PulumiResource } from "./service.ts";
import { settleOutputs, settlePulumiValue } from "./values.ts";

/** A mapping of property values. */
export type PreviewedProperties = Readonly<Record<string, unknown>>;

/** A resource on one side of a step, as Pulumi prints it. */
export interface PreviewedState {
  readonly urn: string;
  readonly type: string;
  readonly id: string | undefined;
  readonly inputs: PreviewedProperties;
  readonly outputs: PreviewedProperties;
  readonly isProtected: boolean;
  readonly isRetained: boolean;
  /** Replaced, and deleted before the new one is created. */
  readonly isPendingReplacement: boolean;
  /** Replaced, and deleted after the new one was created. */
  readonly isToBeDeleted: boolean;
  /** `undefined` if not stated. */
  readonly dependencies: readonly string[] | undefined;
  readonly created: string | undefined;
  readonly modified: string | undefined;
}

/** One step as Pulumi reports it. */
export interface RawStep {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly before: PreviewedState | undefined;
  readonly after: PreviewedState | undefined;
  /** Paths that the provider says change. */
  readonly changedPaths: readonly string[];
  readonly replaceReasons: readonly string[];
  /** For a replacement: whether the old one is deleted first, if the input says. */
  readonly deletesFirst: boolean | undefined;
}

const accessories: Readonly<Record<string, "network" | "secret" | "config">> = {
  "docker:index/network:Network": "network",
  "docker:index/secret:Secret": "secret",
  [pulumiTypes.config]: "config",
};

/** Every operation of a step that Pulumi knows (`sdk/go/common/apitype`, `OpType`), with the sides that it cannot be without. */
const sidesOf: Readonly<Record<string, readonly ("before" | "after")[]>> = {
  same: [],
  create: ["after"],
  update: ["before", "after"],
  delete: ["before"],
  replace: ["before", "after"],
  "create-replacement": ["after"],
  "delete-replaced": ["before"],
  read: [],
  "read-replacement": [],
  refresh: [],
  discard: [],
  "discard-replaced": [],
  "remove-pending-replace": [],
  import: ["after"],
  "import-replacement": ["after"],
};

/** The sides, before and after, that a step of this operation has; `undefined` for an operation that Pulumi does not know. */
export function sidesOfOperation(op: string): readonly ("before" | "after")[] | undefined {
  return Object.hasOwn(sidesOf, op) ? sidesOf[op] : undefined;
}

/** Tells whether a type of resource can have to do with data; what cannot is not kept. */
export function concernsData(type: string): boolean {
  return type === pulumiTypes.service || type === pulumiTypes.volume || Object.hasOwn(accessories, type);
}

/** The type in a URN: the end of its third part. */
export function typeOfUrn(urn: string): string {
  const qualified = urn.split("::", 3)[2] ?? "";
  return qualified.slice(qualified.lastIndexOf("$") + 1);
}

/** What a preview says, or what two states do. */
export interface Preview extends Pick<Plan, "unseen" | "errors" | "policyFindings"> {
  readonly steps: readonly RawStep[];
}

/** Makes a plan out of a preview. */
export function pulumiPlan({ steps: raw, unseen, errors, policyFindings }: Preview, executor: Executor): Plan {
  const steps = dataSteps(raw);
  const contents = contentsOf(steps);
  const index = indexOf(steps);
  return {
    executor,
    unseen,
    errors,
    policyFindings,
    steps: withProtection(
      steps.map((step) => plannedStep(step, contents, index)),
      errors,
    ),
  };
}

/** What the services and volumes are once the steps are done, as the program has them and with what the provider keeps. */
export function pulumiEstate(raw: readonly RawStep[]): Estate {
  const steps = dataSteps(raw);
  const contents = contentsOf(steps);
  const services: ServiceDefinition[] = [];
  const volumes: VolumeDefinition[] = [];
  const previous = new Map<string, ServiceDefinition>();
  const written = new Map<string, ServiceDefinition>();
  for (const step of steps) {
    const { type, urn, before, after } = step;
    const service = (state: PreviewedState, inputs: PreviewedProperties, side: "before" | "after"): ServiceDefinition =>
      readPulumiService(resource(step, { ...state, inputs }), contents[side]);
    if (type === pulumiTypes.service && before !== undefined)
      previous.set(urn, service(before, before.inputs, "before"));
    if (after === undefined || operationOf(step.op) === "delete") continue;
    if (type === pulumiTypes.volume) volumes.push(readPulumiVolume(resource(step, after)));
    if (type !== pulumiTypes.service) continue;
    services.push(service(after, effectiveInputs(step, after), "after"));
    written.set(urn, service(after, after.inputs, "after"));
  }
  return estateOf(services, { volumes, previous, written });
}

/** The steps that can have to do with data. With --refresh each resource is reported twice: as it was found, and what is to be done about it. */
function dataSteps(raw: readonly RawStep[]): readonly RawStep[] {
  return raw.filter(({ type, op }) => concernsData(type) && op !== "refresh");
}

function contentsOf(steps: readonly RawStep[]): Readonly<Record<"before" | "after", ConfigContents>> {
  return { before: configContents(steps, "before"), after: configContents(steps, "after") };
}

/** The new inputs and what the provider keeps in addition; a state has both. */
function effectiveInputs({ op, before, changedPaths }: RawStep, after: PreviewedState): PreviewedProperties {
  const operation = operationOf(op);
  const isNew = operation === "create" || operation === "replace";
  return isNew ? after.inputs : keptValues(after.inputs, oldValues(before ?? after), changedPaths);
}

/**
 * A preview refuses to delete what is protected, with an error, unless it is one with `--ignore-protect`: that one shows the same
 * steps, and no such error. What neither ends with an error nor keeps its old object is deleted.
 *
 * @see https://github.com/pulumi/pulumi/blob/v3.256.0/pkg/resource/deploy/step.go (`deleteProtectedError`)
 */
function withProtection(steps: readonly PlannedStep[], errors: readonly string[]): readonly PlannedStep[] {
  const isTold = ({ id }: PlannedStep): boolean =>
    errors.some(
      (error) =>
        error.includes(`"${id.replace(/#left-.*$/u, "")}"`) && /cannot be deleted|unable to replace/u.test(error),
    );
  if (steps.some((step) => isRefusedDeletion(step) && isTold(step))) return steps;
  return steps.map((step) => (isRefusedDeletion(step) ? { ...step, isProtected: false, ignoresProtect: true } : step));
}

function plannedStep(
  step: RawStep,
  contents: { before: ConfigContents; after: ConfigContents },
  index: StepIndex,
): PlannedStep {
  const operation = operationOf(step.op);
  const { before, after } = step;
  const oldObject = before && object(step, { ...before, inputs: oldValues(before) }, contents.before, []);
  const hidden = hiddenChanges(step, before, after);
  return {
    id: step.urn,
    operation,
    before: operation === "create" ? undefined : oldObject,
    after:
      operation === "delete" || after === undefined
        ? undefined
        : operation === "same"
          ? oldObject
          : object(step, { ...after, inputs: effectiveInputs(step, after) }, contents.after, hidden),
    deletesFirst: operation === "replace" && (step.deletesFirst ?? hasFixedName(after)),
    // Pulumi lets a resource be unprotected and replaced in one update.
    isProtected: (before?.isProtected ?? false) && (operation !== "replace" || after?.isProtected !== false),
    isRetained: before?.isRetained ?? false,
    dependsOn: dependencies(step, index),
    isFirstUpdate:
      before?.created !== undefined && before.modified !== undefined ? before.created === before.modified : notKnown,
    ignoredRemovals: step.type === pulumiTypes.service ? ignoredRemovals(before, after, step.changedPaths) : [],
    replaceReasons: replaceReasons(step),
  };
}

function operationOf(op: string): PlannedOperation {
  switch (op) {
    case "create":
    case "import":
      return "create";
    case "update":
      return "update";
    case "replace":
    case "create-replacement":
    case "import-replacement":
      return "replace";
    case "delete":
    case "delete-replaced":
      return "delete";
    default:
      return "same";
  }
}

/** The most telling of the paths that force a replacement: those of the detailed diff, which go deeper than the reasons. */
function replaceReasons({ changedPaths, replaceReasons: reasons }: RawStep): readonly string[] {
  const deeper = changedPaths.filter(
    (path) => reasons.some((reason) => path === reason || path.startsWith(`${reason}.`)) && !isEcho(path),
  );
  return deeper.length > 0 ? deeper : reasons;
}

/** What the provider reports with every update, because only Docker knows it. */
function isEcho(path: string): boolean {
  return path === "taskSpec.containerSpec.env" || path === "taskSpec.containerSpec.sysctl";
}

/** What is actually deployed: the outputs, which include Docker's defaults, else the inputs. */
function oldValues(state: PreviewedState | undefined): PreviewedProperties {
  if (state === undefined) return {};
  return Object.keys(state.outputs).length > 1 ? settleOutputs(state.outputs) : state.inputs;
}

/** Blocks that stay on the service when the program no longer has them: optional and computed in the provider's schema. */
const keptBlocks: readonly (readonly string[])[] = [
  ["mode"],
  ["labels"],
  ["endpointSpec"],
  ["endpointSpec", "mode"],
  ["taskSpec", "placement"],
  ["taskSpec", "resources"],
  ["taskSpec", "restartPolicy"],
  ["taskSpec", "forceUpdate"],
  ["taskSpec", "runtime"],
  ["taskSpec", "containerSpec", "healthcheck"],
  ["taskSpec", "containerSpec", "stopGracePeriod"],
  ["taskSpec", "containerSpec", "isolation"],
];

/** What an update in place sends: the new inputs, and what the provider keeps because the program says nothing about it. */
function keptValues(
  inputs: PreviewedProperties,
  old: PreviewedProperties,
  changedPaths: readonly string[],
): PreviewedProperties {
  let result = inputs;
  for (const path of keptBlocks) {
    if (valueAt(inputs, path) !== undefined || changedPaths.includes(path.join("."))) continue;
    const kept = valueAt(old, path);
    if (kept !== undefined) result = withValue(result, path, kept);
  }
  return result;
}

/** Blocks that the program had and no longer has, and that nevertheless stay. */
function ignoredRemovals(
  before: PreviewedState | undefined,
  after: PreviewedState | undefined,
  changedPaths: readonly string[],
): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const [old, next] = [before.inputs, after.inputs];
  return keptBlocks
    .filter((path) => valueAt(old, path) !== undefined && valueAt(next, path) === undefined)
    .map((path) => path.join("."))
    .filter((path) => !changedPaths.some((changed) => changed === path || changed.startsWith(`${path}.`)));
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), value) ?? undefined;
}

function withValue(value: PreviewedProperties, path: readonly string[], item: unknown): PreviewedProperties {
  const [key = "", ...rest] = path;
  if (rest.length === 0) return { ...value, [key]: item };
  const inner = value[key];
  return isRecord(inner) ? { ...value, [key]: withValue(inner, rest, item) } : value;
}

/** Properties that are secret on both sides, by themselves or with all that they are in, and that the provider says differ. */
function hiddenChanges(
  { changedPaths }: RawStep,
  before: PreviewedState | undefined,
  after: PreviewedState | undefined,
): readonly string[] {
  const holdsSecret = (value: unknown): boolean =>
    value === secretMark ||
    (Array.isArray(value) ? value.some(holdsSecret) : isRecord(value) && Object.values(value).some(holdsSecret));
  const paths = changedPaths.filter((path) => path.startsWith("taskSpec.") && path !== "taskSpec.containerSpec.sysctl");
  if (paths.length === 0) return [];
  const sides = [before, after].map((state) => settlePulumiValue(state?.inputs));
  return paths.filter((path) => {
    const keys = path.split(/[.[\]"]+/u).filter(Boolean);
    return sides.every((side) => holdsSecret(visibleAt(side, keys)));
  });
}

/** The value at a path, or the secret that hides it. */
function visibleAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || value === secretMark) return value;
  if (Array.isArray(value)) return visibleAt(value[Number(key)], rest);
  return isRecord(value) ? visibleAt(value[key], rest) : undefined;
}

function object(
  step: RawStep,
  state: PreviewedState,
  contents: ConfigContents,
  hidden: readonly string[],
): PlannedObject {
  const settled = settlePulumiValue(state.inputs);
  const read = resource(step, { ...state, inputs: settled });
  const name = nameOf(settled, step.urn);
  if (step.type === pulumiTypes.volume) return { kind: "volume", name, definition: readPulumiVolume(read) };
  if (step.type !== pulumiTypes.service) {
    return { kind: accessories[step.type] ?? "config", name, id: state.id };
  }
  return {
    kind: "service",
    name,
    definition: readPulumiService(read, contents),
    template: template(settled, hidden),
    isAwaited: valueAt(settled, ["convergeConfig"]) !== undefined,
  };
}

function resource(
  { urn, type }: RawStep,
  { inputs, isProtected, isRetained }: Pick<PreviewedState, "isProtected" | "isRetained"> & { inputs: unknown },
): PulumiResource {
  return { urn, type, inputs, protect: isProtected, retainOnDelete: isRetained };
}

function nameOf(settled: unknown, urn: string): Known<string> {
  const name = valueAt(settled, ["name"]);
  if (name === undefined) return resourceName(urn);
  return typeof name === "string" ? visible(name) : notKnown;
}

function template(settled: Known<unknown>, hiddenChanges: readonly string[]): TaskTemplate {
  const taskSpec = valueAt(settled, ["taskSpec"]);
  const { placement, runtime, containerSpec, ...rest } = isRecord(taskSpec) ? taskSpec : {};
  const { isolation, ...container } = isRecord(containerSpec) ? containerSpec : {};
  return {
    placement,
    // A task that the executor does not know yet, as in an unknown block, differs from any other.
    rest: isKnown(taskSpec)
      ? {
          ...rest,
          containerSpec: { ...container, ...(isolation !== "default" && { isolation }) },
          ...(runtime !== "container" && { runtime }),
        }
      : notKnown,
    endpoint: valueAt(settled, ["endpointSpec"]),
    hiddenChanges,
    isExact: false,
    paths: { placement: "taskSpec.placement", rest: "taskSpec", endpoint: "endpointSpec" },
  };
}

/** The provider deletes what has a fixed name before it creates the new one; an automatic name is created first. */
function hasFixedName(after: PreviewedState | undefined): boolean {
  const { name, __defaults: defaults } = after?.inputs ?? {};
  return name !== undefined && !(Array.isArray(defaults) && defaults.includes("name"));
}

/** Where the steps of a plan are found. */
interface StepIndex {
  /** By the names and ids of what they make. */
  readonly producers: ReadonlyMap<string, string>;
  /** Those that create something, by its type. */
  readonly created: ReadonlyMap<string, readonly string[]>;
  readonly shownIds: ReadonlySet<string>;
}

function indexOf(steps: readonly RawStep[]): StepIndex {
  const created = new Map<string, string[]>();
  for (const { op, type, urn } of steps) {
    if (!["create", "replace"].includes(operationOf(op))) continue;
    const others = created.get(type);
    if (others === undefined) created.set(type, [urn]);
    else others.push(urn);
  }
  return {
    producers: new Map(steps.flatMap((step) => namesOf(step.after).map((name) => [name, step.urn] as const))),
    created,
    shownIds: new Set(steps.map(({ urn }) => urn)),
  };
}

/** By which of a service's properties it waits for objects of other kinds. */
const attachments: readonly { readonly kind: string; readonly path: readonly string[] }[] = [
  { kind: "docker:index/volume:Volume", path: ["taskSpec", "containerSpec", "mounts"] },
  { kind: "docker:index/network:Network", path: ["taskSpec", "networksAdvanceds"] },
  { kind: "docker:index/secret:Secret", path: ["taskSpec", "containerSpec", "secrets"] },
  { kind: pulumiTypes.config, path: ["taskSpec", "containerSpec", "configs"] },
];

/**
 * Which steps must come first. Engine events do not say: there a service waits for what it mounts or is attached to by name,
 * and, if it refers to something that is not known yet, for everything that is newly created.
 */
function dependencies({ after, before, op }: RawStep, { producers, created, shownIds }: StepIndex): readonly string[] {
  const state = op === "delete" ? before : after;
  if (state?.dependencies) return state.dependencies.filter((urn) => shownIds.has(urn));
  const settled = settlePulumiValue(state?.inputs);
  const texts = new Set<string>();
  let urns: readonly string[] = [];
  for (const { kind, path } of attachments) {
    const value = valueAt(settled, path);
    collectTexts(value, texts);
    if (holdsUnknown(value)) urns = [...urns, ...(created.get(kind) ?? [])];
  }
  return [...new Set([...urns, ...[...texts].flatMap((text) => producers.get(text) ?? [])])];
}

function holdsUnknown(value: unknown): boolean {
  if (value === notKnown) return true;
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return isRecord(value) && Object.values(value).some(holdsUnknown);
}

function collectTexts(value: unknown, into: Set<string>): void {
  if (typeof value === "string") into.add(value);
  else if (Array.isArray(value)) for (const item of value) collectTexts(item, into);
  else if (isRecord(value)) for (const item of Object.values(value)) collectTexts(item, into);
}

function namesOf(state: PreviewedState | undefined): readonly string[] {
  const name = state?.inputs["name"];
  return [state?.id, name].filter((text): text is string => typeof text === "string" && text !== "");
}

function configContents(steps: readonly RawStep[], side: "before" | "after"): ConfigContents {
  const contents = new Map<string, Known<string | undefined>>();
  for (const step of steps) {
    const state = step[side] ?? (step.op === "same" ? step.before : undefined);
    if (step.type !== pulumiTypes.config || state === undefined) continue;
    const { name, content } = readPulumiConfig(resource(step, state));
    const docker = name ?? state.outputs["name"];
    if (typeof docker === "string") contents.set(docker, content);
  }
  return contents;
}
