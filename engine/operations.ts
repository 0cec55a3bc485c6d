import { advised } from "../text/advised-command.ts";
import { errorWords } from "../text/error-text.ts";
import { Deployment } from "./deploy/deployment.ts";
import { Journal, nowhere, type JournalStore } from "./deploy/journal.ts";
import { ProviderRegistry, type ProviderFactory } from "./deploy/provider-registry.ts";
import { recoverInterrupted } from "./deploy/recovery.ts";
import { refreshResources } from "./deploy/refresh.ts";
import { prerequisites } from "./model/dependency-graph.ts";
import { eventSender, type EngineEvent, type EventBody, type OnEvent, type StepOperation } from "./model/events.ts";
import { Secret, type PropertyMap } from "./model/property-value.ts";
import { isProviderType } from "./model/provider-type.ts";
import type { ResourceState, Snapshot, Urn } from "./model/resource-state.ts";
import { stackType } from "./model/urn.ts";
import { PolicyReview } from "./policy/review.ts";
import { startProgramHost, type ProgramHost } from "./program/host.ts";
import { exitedAfterReporting, type RunningProgram } from "./program/process.ts";
import type { HeldLock } from "./state/lock.ts";
import { StackState, type UpdateRecord } from "./state/stack-state.ts";
import { openStack, type ConfigValue, type Stack, type StackLocation } from "./state/stack.ts";

/** What every operation takes. */
export interface OperationOptions {
  onEvent: OnEvent;
  /** Docker engine for resources without an explicit provider (`unix://…`, `tcp://…`); default: as the provider finds it. */
  dockerHost?: string;
  /** Policy packs that must pass. */
  policyPacks?: { directory: string; configurationFile?: string }[];
  /** Finish the running operations, save and stop. */
  stopSoon?: AbortSignal;
  /** Stop at once; the state tells what was in progress. */
  stopNow?: AbortSignal;
  /** How many resource operations run at once; default 8, as Pulumi's on this project. */
  parallel?: number;
  /** Environment of the program; default: this process's. */
  environment?: NodeJS.ProcessEnv;
  /** Written into the stack's history. */
  message?: string;
  /** The stack's lock, where it is held already; an operation that changes anything takes it otherwise. */
  lock?: HeldLock;
  /** Take over into the state what is really there, before the plan is made. */
  refresh?: boolean;
  /**
   * Compare the state with what is really there while the program is planned; resolves to whether the engine answers, for a plan
   * needs none.
   */
  look?: Promise<boolean>;
}

/** What an operation came to. */
export interface OperationResult {
  succeeded: boolean;
  changes: Partial<Record<StepOperation, number>>;
  /** Whether the state after it says anything else than the one before, be it only an output or an option. */
  stateChanged: boolean;
  /** The stack's outputs; secrets as `Secret`. */
  outputs: PropertyMap;
  /** The state after the operation (of a preview: as it would be). */
  snapshot: Snapshot;
  /** What a refresh before it, or a look beside it, has found, as the outcomes of a refresh; missing where nothing could be seen. */
  seen?: readonly EngineEvent[];
  /** Why nothing could be seen, where a look was wanted. */
  unseen?: string;
}

/** Says what `updateStack` would do; changes nothing, and takes no lock. */
export async function previewStack(location: StackLocation, options: OperationOptions): Promise<OperationResult> {
  return operate(location, options, { kind: "update", preview: true, run: runProgram });
}

/** Brings what the program declares into effect. */
export async function updateStack(location: StackLocation, options: OperationOptions): Promise<OperationResult> {
  return operate(location, options, { kind: "update", preview: false, run: runProgram });
}

/** Compares the state with what is really there and takes that over into the state. */
export async function refreshStack(
  location: StackLocation,
  options: OperationOptions & { preview?: boolean },
): Promise<OperationResult> {
  return operate(location, options, { kind: "refresh", preview: options.preview ?? false, run: refresh });
}

/** Deletes the stack's resources but for those that are protected and what these need. */
export async function destroyStack(
  location: StackLocation,
  options: OperationOptions & {
    preview?: boolean;
    /** Protected resources to delete all the same, by URN. */
    includeProtected?: readonly Urn[];
  },
): Promise<OperationResult> {
  const included = new Set(options.includeProtected);
  return operate(location, options, {
    kind: "destroy",
    preview: options.preview ?? false,
    prepare: (state) => (included.has(state.urn) ? { ...state, protect: false, retainOnDelete: false } : state),
    run: destroy,
  });
}

/** One operation that is under way. */
interface Operation {
  preview: boolean;
  base: Snapshot;
  deployment: Deployment;
  review: Promise<PolicyReview>;
  send: (event: EventBody) => void;
  /** Where the operation runs it. */
  program: RunningProgram | undefined;
}

interface OperationKind {
  kind: UpdateRecord["kind"];
  preview: boolean;
  /** Changes what the state says before anything is planned. */
  prepare?(state: ResourceState): ResourceState;
  run: (operation: Operation) => Promise<void>;
}

const never = new AbortController().signal;

async function operate(
  location: StackLocation,
  options: OperationOptions,
  kind: OperationKind,
): Promise<OperationResult> {
  const startTime = Date.now();
  const send = eventSender(options.onEvent);
  const stack = await openStack(location, options.environment ?? process.env);
  const opening = StackState.open(stack, { lock: kind.preview ? false : (options.lock ?? true) });
  // However this ends, the program is gone before the lock is released.
  await using ending = new AsyncDisposableStack();
  ending.defer(async () => (await opening.catch(() => undefined))?.close());
  // A preview needs no lock, so the program can start while the state is read; else nothing of it runs before the lock is had.
  if (kind.preview) opening.catch(() => undefined);
  else await opening;
  const config = await stack.config();
  const host =
    kind.run === runProgram ? await hostProgram({ location, stack, config, options, kind, send }) : undefined;
  ending.use(host);
  const state = await opening;
  send({ preludeEvent: { config: shownConfig(config) } });

  const loadProviders = () => providerFactories(options);
  const recovered = await recoverInterrupted(state.loaded, loadProviders, send);
  if (!kind.preview && state.loaded.pendingOperations.length > 0) {
    await state.save(recovered);
    await state.forget(state.loaded.pendingOperations);
  }
  // The planner and the executor mark states in place; the loaded ones stay as they were read.
  const base: Snapshot = {
    resources: recovered.map((resource) => kind.prepare?.({ ...resource }) ?? { ...resource }),
    pendingOperations: [],
  };
  const store: JournalStore = kind.preview ? nowhere : state;
  const reading = { loadProviders, preview: kind.preview };
  const refreshed = options.refresh ? await readResources(base.resources, { ...reading, store }) : undefined;
  if (refreshed) base.resources = refreshed.resources;
  const looking = refreshed ?? (options.look && look(base.resources, options.look, reading));
  const review = startReview(stack, kind, options, send);
  // A pack that does not start fails the first registration; until then nobody listens to this promise.
  review.catch(() => undefined);
  const journal = new Journal(base.resources, store);
  const deployment = new Deployment({
    stack: stack.name,
    project: stack.project.name,
    preview: kind.preview,
    base,
    journal,
    loadProviders,
    providerConfiguration: (packageName) => packageConfiguration(config, packageName),
    send,
    parallel: parallelOf(options),
    stopSoon: options.stopSoon ?? never,
    stopNow: options.stopNow ?? never,
    review: async (resource, deleteBeforeReplace) => (await review).resource(resource, deleteBeforeReplace),
  });
  host?.answerWith(deployment);
  await kind.run({ preview: kind.preview, base, deployment, review, send, program: host?.program });

  const stopped = (options.stopSoon?.aborted ?? false) || (options.stopNow?.aborted ?? false);
  if (stopped) send({ cancelEvent: {} });
  const reviewed = await review.catch(() => undefined);
  const isDone = deployment.failure === undefined && !reviewed?.violated && !stopped;
  const unwritten = kind.preview
    ? undefined
    : await writeRecord(state, {
        kind: kind.kind,
        message: options.message ?? "",
        startTime,
        result: isDone ? "succeeded" : "failed",
        resourceChanges: deployment.changes,
      });
  if (unwritten !== undefined) send({ diagnosticEvent: { severity: "error", message: unwritten } });
  const succeeded = isDone && unwritten === undefined;
  const durationSeconds = (Date.now() - startTime) / 1000;
  send({
    summaryEvent: {
      maybeCorrupt: false,
      durationSeconds,
      resourceChanges: deployment.changes,
      policyPacks: {},
      isPreview: kind.preview,
    },
  });
  const resources = journal.resources();
  const looked = await looking;
  return {
    succeeded,
    changes: deployment.changes,
    stateChanged: journal.changed || refreshed?.changed === true || state.loaded.pendingOperations.length > 0,
    ...(looked && ("events" in looked ? { seen: looked.events } : looked)),
    outputs: resources.find((resource) => resource.type === stackType)?.outputs ?? {},
    snapshot: { resources, pendingOperations: [] },
  };
}

/** Writes what is kept of an operation. It is over by then: that something cannot be written is told with what was done, and undoes nothing. */
async function writeRecord(state: StackState, record: UpdateRecord): Promise<string | undefined> {
  try {
    await state.finish(record);
    return undefined;
  } catch (error) {
    const reason = errorWords(error);
    return state.isWritten
      ? `What was done is done, and the state says so. Its record in the history, or the backup of the state, could not be written: ${reason}`
      : `The state on the disk does not tell what was done last: ${reason} The next \`${advised("up")}\` finds out what became of it.`;
  }
}

/** What a refresh of some resources finds. */
interface Reading {
  resources: ResourceState[];
  /** Whether the state is another than before. */
  changed: boolean;
  events: readonly EngineEvent[];
}

interface ReadingContext {
  preview: boolean;
  store: JournalStore;
  loadProviders: () => Promise<ReadonlyMap<string, ProviderFactory>>;
}

/** Reads resources before a plan is made, without a word: what came of it is told with the plan. */
async function readResources(resources: readonly ResourceState[], context: ReadingContext): Promise<Reading> {
  const { preview, store, loadProviders } = context;
  const registry = new ProviderRegistry(loadProviders, (urn) => resources.find((state) => state.urn === urn));
  await registry.load();
  const journal = new Journal(resources, store);
  const events: EngineEvent[] = [];
  await refreshResources(resources, {
    preview,
    journal,
    provider: (reference) => registry.get(reference),
    send: eventSender((event) => {
      // That a reading begins says nothing of what it finds.
      if (event.resOutputsEvent) events.push(event);
    }),
    count: () => undefined,
  });
  return { resources: journal.resources(), changed: journal.changed, events };
}

/** What a look reads: as long as a service names its secrets, configurations and networks, Swarm lets nobody remove them. */
const lookedAt: ReadonlySet<string> = new Set(["docker:index/service:Service", "docker:index/volume:Volume"]);

/** Compares what can drift with what is really there. */
async function look(
  resources: readonly ResourceState[],
  answers: Promise<boolean>,
  context: Omit<ReadingContext, "store">,
): Promise<Reading | { unseen: string }> {
  try {
    // Providers are looked up among all resources, of which only some are read.
    const read = resources.filter(({ type, delete: isLeftOver }) => lookedAt.has(type) && !isLeftOver);
    if (read.length > 0 && !(await answers)) return { unseen: "no Docker engine answered" };
    const providers = resources.filter(({ type }) => isProviderType(type));
    return await readResources([...providers, ...read], { ...context, store: nowhere });
  } catch (error) {
    return { unseen: errorWords(error) };
  }
}

function hostProgram({
  location,
  stack,
  config,
  options,
  kind,
  send,
}: {
  location: StackLocation;
  stack: Stack;
  config: ReadonlyMap<string, ConfigValue>;
  options: OperationOptions;
  kind: OperationKind;
  send: (event: EventBody) => void;
}): Promise<ProgramHost> {
  return startProgramHost({
    project: stack.project.name,
    stack: stack.name,
    dryRun: kind.preview,
    parallel: parallelOf(options),
    config,
    projectDirectory: location.projectDirectory,
    main: stack.project.main,
    // Hooks of the program ask the engine that its resources are on.
    environment: {
      ...(options.environment ?? process.env),
      ...(options.dockerHost !== undefined && { DOCKER_HOST: options.dockerHost }),
    },
    onOutput: (line, stream) => {
      send({ diagnosticEvent: { message: line, severity: stream === "stdout" ? "info" : "info#err" } });
    },
  });
}

async function runProgram({ program, deployment, review }: Operation): Promise<void> {
  if (program === undefined) throw new Error("an operation that runs the program has started it");
  deployment.prepare();
  try {
    const exitCode = await Promise.race([deployment.declared, deployment.stopped, program.exit]);
    if (exitCode !== undefined && exitCode !== 0) deployment.programFailed(exitCode, exitCode === exitedAfterReporting);
    await deployment.judge(await review);
    await deployment.deleteTheRest();
    deployment.release();
    if (deployment.failure) program.kill();
    await program.exit;
  } finally {
    await review.then(
      (packs) => {
        packs.stop();
      },
      () => undefined,
    );
  }
}

/** Packs come up while the program does; only operations that run the program have them. */
async function startReview(
  stack: Stack,
  kind: OperationKind,
  options: OperationOptions,
  send: (event: EventBody) => void,
): Promise<PolicyReview> {
  const directories = kind.run === runProgram ? (options.policyPacks ?? []) : [];
  if (directories.length === 0) return new PolicyReview([], kind.preview, send);
  const { startPolicyPack } = await import("./policy/pack.ts");
  const packs = await Promise.all(
    directories.map((pack) =>
      startPolicyPack({
        ...pack,
        project: stack.project.name,
        stack: stack.name,
        dryRun: kind.preview,
        environment: options.environment ?? process.env,
        onOutput: (message) => {
          send({ diagnosticEvent: { message, severity: "info#err" } });
        },
      }),
    ),
  );
  return new PolicyReview(packs, kind.preview, send);
}

async function refresh(operation: Operation): Promise<void> {
  await operation.deployment.perform((context) => refreshResources(operation.base.resources, context));
}

async function destroy(operation: Operation): Promise<void> {
  const kept = protectedAndNeeded(operation.base.resources);
  await operation.deployment.delete(
    operation.base.resources
      .filter((old) => !kept.has(old.urn))
      .map((old) => ({ operation: "delete", urn: old.urn, old })),
  );
  const count = operation.base.resources.filter((old) => old.protect).length;
  if (count === 0 || operation.preview || operation.deployment.failure) return;
  const message = `All unprotected resources were destroyed. ${count === 1 ? "One protected resource stays" : `${count} protected resources stay`} in this stack.`;
  operation.send({ diagnosticEvent: { severity: "info", message } });
}

/** Protected resources with everything that they need: parents, providers, dependencies. */
function protectedAndNeeded(resources: readonly ResourceState[]): Set<Urn> {
  const kept = new Set<Urn>();
  for (const state of resources.toReversed()) {
    if (!state.protect && !kept.has(state.urn)) continue;
    kept.add(state.urn);
    for (const urn of prerequisites(state)) kept.add(urn);
  }
  return kept;
}

function parallelOf(options: OperationOptions): number {
  return options.parallel ?? 8;
}

/** Loaded when they are needed: the Docker client is the largest part of the engine, and the program can start meanwhile. */
async function providerFactories(options: OperationOptions): Promise<ReadonlyMap<string, ProviderFactory>> {
  const { createDockerProvider } = await import("./provider/docker-provider.ts");
  const { dockerHost } = options;
  return new Map([
    [
      "docker",
      (configuration: PropertyMap) =>
        createDockerProvider({ ...(dockerHost !== undefined && { host: dockerHost }), ...configuration }),
    ],
  ]);
}

/** The stack's configuration for a package's default provider: `docker:host` becomes `host`. What is secret stays so in the state. */
function packageConfiguration(config: ReadonlyMap<string, ConfigValue>, packageName: string): PropertyMap {
  const prefix = `${packageName}:`;
  return Object.fromEntries(
    [...config].flatMap(([key, { value, secret }]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), secret ? new Secret(value) : value]] : [],
    ),
  );
}

function shownConfig(config: ReadonlyMap<string, ConfigValue>): Record<string, string> {
  return Object.fromEntries([...config].map(([key, { value, secret }]) => [key, secret ? "[secret]" : value]));
}
