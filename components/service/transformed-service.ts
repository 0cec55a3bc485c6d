import { isSameConstraint } from "../../model/placement/pin.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { requirePort } from "../../text/whole-number.ts";
import { shownArgument } from "../arguments/arguments.ts";
import {
  type GrowingList,
  isSame,
  itemsAt,
  type KeptPlaces,
  type Registration,
  requireItems,
  type Transform,
  transformed,
  valueAt,
} from "../arguments/transform.ts";
import { requireHealthTest } from "./health-check.ts";
import { endpointFingerprint, type PublishedPort, PublishMode } from "./ports.ts";
import { anyNode, type DockerServiceArgs } from "./service-spec.ts";

/** A service that is about to be registered, and what the program has to know of it. */
export interface TransformedService extends Registration<DockerServiceArgs> {
  ports: PublishedPort[];
}

const oneTask = "Leave it: two tasks would write the same data, so there is one; `stopped: true` runs none";
const stopFirst = "Leave it: the old task must stop before the next one starts";
const endless = "Leave it: a task that keeps data is always restarted";
const start = "Leave it: what starts the server decides whether it keeps its data";

/** What an argument of the component decides, and what keeps two tasks from writing the same data. */
const kept: KeptPlaces = {
  name: "Use the component's argument `serviceName`",
  "mode.global": oneTask,
  "mode.replicated.replicas": oneTask,
  "updateConfig.order": stopFirst,
  "updateConfig.parallelism": stopFirst,
  "updateConfig.failureAction": "Leave it: `onUpdateFailure` decides what becomes of an update that fails",
  "rollbackConfig.order": stopFirst,
  "rollbackConfig.parallelism": stopFirst,
  "rollbackConfig.failureAction": "Leave it: after a failed rollback someone has to look",
  "taskSpec.restartPolicy.condition": endless,
  "taskSpec.restartPolicy.maxAttempts": endless,
  "taskSpec.resources.limits.memoryBytes": "Use the component's argument `memoryLimit`, which others follow",
  "taskSpec.containerSpec.image": "Use the component's argument `image`, which is checked",
  "taskSpec.containerSpec.commands": start,
  "taskSpec.containerSpec.args": start,
  "taskSpec.containerSpec.dir": start,
  "taskSpec.containerSpec.stopSignal": "Leave it: the server has to be asked to stop in its own way",
  "taskSpec.containerSpec.stopGracePeriod": "Leave it: the server needs the time to write its data",
};

/**
 * Applies a transform to a service that keeps state, and checks the result: one task, which stops before the next one starts, on
 * the node of its data, with all of the component's mounts and files.
 *
 * @param path - the transform's path, for the error
 * @throws InputError for the first mistake
 */
export function transformedService(
  transform: Transform<DockerServiceArgs> | undefined,
  own: Registration<DockerServiceArgs>,
  path: string,
): TransformedService {
  const result = transformed<DockerServiceArgs>(transform, own, kept, path);
  if (transform !== undefined) {
    for (const list of growing) requireItems(own.args, result.args, list, path);
    requireHarmlessMounts(own.args, result.args, path);
    requireEnvironment(own.args, result.args, path);
    requirePins(own.args, result.args, path);
    requireHealthTest(textsAt(result.args, healthTest, path), `${path}.${healthTest}`);
  }
  return { ...result, args: withFingerprint(own.args, result.args), ports: publishedPortsOf(result.args, path) };
}

const healthTest = "taskSpec.containerSpec.healthcheck.tests";
const mounts = "taskSpec.containerSpec.mounts";

const file = {
  words: ({ fileName }: Record<string, unknown>) => `the component's file ${String(fileName)}`,
  fix: "Keep the component's files and add others; the server needs its own to start",
};

const growing: readonly GrowingList[] = [
  {
    place: mounts,
    words: ({ target }) => `the component's mount at ${String(target)}`,
    fix: "Keep the component's mounts and add others; the component's arguments say where its data is",
  },
  { place: "taskSpec.containerSpec.secrets", ...file },
  { place: "taskSpec.containerSpec.configs", ...file },
  {
    place: "taskSpec.networksAdvanceds",
    words: () => "the component's network",
    fix: "Keep it and add others, or use the component's argument `networkIds`",
  },
];

/** Nothing covers the data, and nothing else can be written that is not on a data volume. */
function requireHarmlessMounts(own: DockerServiceArgs, result: DockerServiceArgs, path: string): void {
  const ownMounts = itemsAt(own, mounts, path);
  for (const mount of itemsAt(result, mounts, path)) {
    const { type, target, readOnly } = mount;
    if (ownMounts.some((each) => isSame(each, mount))) continue;
    const isInside = ownMounts.some((each) => `${String(target)}/`.startsWith(`${String(each["target"])}/`));
    const isApart = typeof target === "string" && !isInside;
    if (isApart && (type === "tmpfs" || readOnly === true)) continue;
    throw new InputError({
      path: `${path}.${mounts}`,
      got: `one at ${shownArgument(target)}${isApart ? " that can be written" : ""}`,
      ...(isApart
        ? {
            expected: "mounts that are read-only or of the type tmpfs, besides the component's own",
            fix: "Mount it with readOnly: true, or put what must be kept on a data volume, which says where it is",
          }
        : { expected: "a mount at a path apart from the component's own", fix: "Mount it elsewhere" }),
    });
  }
}

function requireEnvironment(own: DockerServiceArgs, result: DockerServiceArgs, path: string): void {
  const place = "taskSpec.containerSpec.env";
  for (const [name, value] of Object.entries(valueAt(own, place) ?? {})) {
    if (isSame(valueAt(valueAt(result, place), name), value)) continue;
    throw new InputError({
      path: `${path}.${place}.${name}`,
      expected: "the component's value",
      got: "none or another",
      fix: "Leave it; other variables may be added",
    });
  }
}

function requirePins(own: DockerServiceArgs, result: DockerServiceArgs, path: string): void {
  const place = "taskSpec.placement.constraints";
  const constraints = textsAt(result, place, path);
  const missing = textsAt(own, place, path).find(
    (each) => each !== anyNode && !constraints.some((constraint) => isSameConstraint(constraint, each)),
  );
  if (missing === undefined && constraints.length > 0) return;
  throw new InputError({
    path: `${path}.${place}`,
    expected: `the component's constraint ${showValue(missing ?? anyNode)}`,
    got: showValue(constraints),
    fix: "Keep the component's constraints and add others: a task on another node starts without the data",
  });
}

function textsAt(args: object, place: string, path: string): string[] {
  const texts = valueAt(args, place) ?? [];
  if (Array.isArray(texts) && texts.every((each) => typeof each === "string")) return texts;
  throw new InputError({
    path: `${path}.${place}`,
    expected: "a list of texts that is known at once",
    got: shownArgument(texts),
    fix: "Give the texts themselves, because the component checks them",
  });
}

/** What the service publishes, so that no other one of the program may. */
function publishedPortsOf(args: DockerServiceArgs, path: string): PublishedPort[] {
  const place = "endpointSpec.ports";
  return itemsAt(args, place, path).flatMap(
    ({ targetPort, publishedPort, publishMode = PublishMode.ingress }, index) => {
      const where = `${path}.${place}[${index}]`;
      if (publishedPort === undefined) return [];
      const mode = Object.values(PublishMode).find((each) => each === publishMode);
      if (typeof publishedPort !== "number" || typeof targetPort !== "number" || mode === undefined) {
        throw new InputError({
          path: where,
          expected: "numbers of ports, and host or ingress as the mode, known at once",
          got: [targetPort, publishedPort, publishMode].map(shownArgument).join(", "),
          fix: "Give the values themselves: the component checks that no other service publishes the port",
        });
      }
      return [{ target: requirePort(targetPort, where), published: requirePort(publishedPort, where), mode }];
    },
  );
}

/** Swarm may keep the task and the old port unless this number changes with the endpoint. */
function withFingerprint(own: DockerServiceArgs, result: DockerServiceArgs): DockerServiceArgs {
  const { forceUpdate } = result.taskSpec;
  if (!isSame(forceUpdate, own.taskSpec.forceUpdate) || isSame(own.endpointSpec, result.endpointSpec)) return result;
  return { ...result, taskSpec: { ...result.taskSpec, forceUpdate: endpointFingerprint(result.endpointSpec) } };
}
