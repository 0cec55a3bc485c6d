import { advised } from "../text/advised-command.ts";
import { errorWords } from "../text/error-text.ts";
import { showValue } from "../text/input-error.ts";
import { SituationError } from "../text/situation-error.ts";
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
import type { PolicyPackChoice } from "./policy/pack.ts";
import { startProgramHost } from "./program/host.ts";
import { exitedAfterReporting, type RunningProgram } from "./program/process.ts";
import type { HeldLock } from "./state/lock.ts";
import { StackState, type UpdateRecord } from "./state/stack-state.ts";
import { openStack, type ConfigValue, type StackLocation } from "./state/stack.ts";

/** What every operation takes. */
export interface OperationOptions {
  onEvent: OnEvent;
  /** Docker engine for resources without an explicit provider (`unix://…`, `tcp://…`); default: as the provider finds it. */
  dockerHost?: string | undefined;
  /** Policy packs that must pass. */
  policyPacks?: readonly PolicyPackChoice[];
  /** Aborted to stop after the running operations have finished and been saved. */
  stopSoon?: AbortSignal;
  /** Aborted to stop at once; the state records what was in progress. */
  stopNow?: AbortSignal;
  /** Environment of the program; default: this process's. */
  environment?: NodeJS.ProcessEnv;
  /** Written into the stack's history. */
  message?: string;
  /** The stack's lock, if it is held already; otherwise an operation that changes anything takes it. */
  lock?: HeldLock;
  /** Update the state to match what is deployed before planning. */
  refresh?: boolean;
  /**
   * Compare the state with what is deployed while the program is planned; resolves to whether the Docker engine answers, because a plan
   * does not need one.
   */
  look?: Promise<boolean>;
}

/** The result of an operation. */
export interface OperationResult {
  succeeded: boolean;
  changes: Partial<Record<StepOperation, number>>;
  /** Whether the state differs from the one before, even if only in an output or an option. */
  stateChanged: boolean;
  /** The stack's outputs; secrets as `Secret`. */
  outputs: PropertyMap;
  /** The state after the operation (of a preview: as it would be). */
  snapshot: Snapshot;
  /** What the refresh before it, or the look during it, found, as outcomes of a refresh; missing if nothing could be seen. */
  seen?: readonly EngineEvent[];
  /** Why nothing could be seen although a look was requested. */
  unseen?: string;
}

/** Shows what `updateStack` would do; changes nothing, and takes no lock. */
export async function previewStack(location: StackLocation, options: OperationOptions): Promise<OperationResult> {
  return operate(location, options, { kind: "update", preview: true, run: runProgram });
}

/** Deploys what the program declares. */
export async function updateStack(location: StackLocation, options: OperationOptions): Promise<OperationResult> {
  return operate(location, options, { kind: "update", preview: false, run: runProgram });
}

/** Updates the state to match what is deployed. */
export async function refreshStack(
  location: StackLocation,
  options: OperationOptions & { preview?: boolean },
): Promise<OperationResult> {
  return operate(location, options, { kind: "refresh", preview: options.preview ?? false, run: refresh });
}

/** Deletes the stack's resources except those that are protected and what these need. */
export async function destroyStack(
  location: StackLocation,
  options: OperationOptions & {
    preview?: boolean;
    /** Protected resources to delete as well, by URN. */
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

/** A running operation. */
interface Operation {
  preview: boolean;
  base: Snapshot;
  deployment: Deployment;
  review: Promise<PolicyReview>;
  send: (event: EventBody) => void;
  /** Only for operations that run the program. */
  program: RunningProgram | undefined;
}

interface OperationKind {
  kind: UpdateRecord["kind"];
  preview: boolean;
  /** Changes what the state says before anything is planned. */
  prepare?(state: ResourceState): ResourceState;
  run: (operation: Operation) => Promise<void>;
}

/** How many resource operations run at once, as Pulumi's on this project. */
const parallel = 8;

const never = new AbortController().signal;

async function operate(
  location: StackLocation,
  options: OperationOptions,
  kind: OperationKind,
): Promise<OperationResult> {
  const startTime = Date.now();
  const send = eventSender(options.onEvent);
  const environment = options.environment ?? process.env;
  const stack = await openStack(location, environment);
  const { runtime } = stack.project;
  if (kind.run === runProgram && runtime !== "nodejs")
    throw new SituationError({
      what: `Pulumi.yaml names the runtime ${showValue(runtime)}, but the embedded engine runs only programs for nodejs`,
      fix: "Use the Pulumi CLI (--engine pulumi) for this program",
    });
  const opening = StackState.open(stack, { lock: kind.preview ? false : (options.lock ?? true) });
  // In every case the program is gone before the lock is released.
  await using ending = new AsyncDisposableStack();
  ending.defer(async () => (await opening.catch(() => undefined))?.close());
  // A preview needs no lock, so the program can start while the state is read; otherwise it starts only with the lock.
  if (kind.preview) opening.catch(() => undefined);
  else await opening;
  const config = await stack.config();
  const { dockerHost } = options;
  const run = { project: stack.project.name, stack: stack.name, dryRun: kind.preview };
  const host =
    kind.run === runProgram
      ? await startProgramHost({
          ...run,
          parallel,
          config,
          projectDirectory: location.projectDirectory,
          main: stack.project.main,
          // Hooks of the program query the engine that its resources are on.
          environment: { ...environment, ...(dockerHost !== undefined && { DOCKER_HOST: dockerHost }) },
          onOutput: (message, stream) => {
            send({ diagnosticEvent: { message, severity: stream === "stdout" ? "info" : "info#err" } });
          },
        })
      : undefined;
  ending.use(host);
  const state = await opening;
  send({ preludeEvent: { config: shownConfig(config) } });

  const loadProviders = () => providerFactories(dockerHost);
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
  const packs = kind.run === runProgram ? (options.policyPacks ?? []) : [];
  const review = startReview(packs, { ...run, environment }, send);
  // A pack that does not start fails the first registration; until then nothing awaits this promise.
  review.catch(() => undefined);
  const journal = new Journal(base.resources, store);
  const stops = { stopSoon: options.stopSoon ?? never, stopNow: options.stopNow ?? never };
  const deployment = new Deployment({
    stack: stack.name,
    project: stack.project.name,
    preview: kind.preview,
    base,
    journal,
    loadProviders,
    providerConfiguration: (packageName) => packageConfiguration(config, packageName),
    send,
    parallel,
    ...stops,
    review,
  });
  host?.answerWith(deployment);
  await kind.run({ preview: kind.preview, base, deployment, review, send, program: host?.program });

  const stopped = stops.stopSoon.aborted || stops.stopNow.aborted;
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

/** Writes the record of a finished operation; a failure to write it is reported with what was done, and undoes nothing. */
async function writeRecord(state: StackState, record: UpdateRecord): Promise<string | undefined> {
  try {
    await state.finish(record);
    return undefined;
  } catch (error) {
    const reason = errorWords(error);
    return state.isWritten
      ? `The changes were made and are in the state, but the history entry or the backup of the state could not be written: ${reason}`
      : `The state on disk does not include the last changes: ${reason} The next \`${advised("up")}\` reads back what became of them.`;
  }
}

/** What a refresh of some resources found. */
interface Reading {
  resources: ResourceState[];
  /** Whether the state has changed. */
  changed: boolean;
  events: readonly EngineEvent[];
}

interface ReadingContext {
  preview: boolean;
  store: JournalStore;
  loadProviders: () => Promise<ReadonlyMap<string, ProviderFactory>>;
}

/** Reads resources before planning, silently: the plan shows what was found. */
async function readResources(resources: readonly ResourceState[], context: ReadingContext): Promise<Reading> {
  const { preview, store, loadProviders } = context;
  const registry = new ProviderRegistry(loadProviders, (urn) => resources.find((state) => state.urn === urn));
  await registry.load();
  const journal = new Journal(resources, store);
  const events: EngineEvent[] = [];
  await refreshResources(resources, {
    preview,
    journal,
    providers: registry,
    send: eventSender((event) => {
      if (event.resOutputsEvent) events.push(event);
    }),
    count: () => undefined,
  });
  return { resources: journal.resources(), changed: journal.changed, events };
}

/** What a look reads: Swarm refuses to remove secrets, configs and networks that a service uses. */
const lookedAt: ReadonlySet<string> = new Set(["docker:index/service:Service", "docker:index/volume:Volume"]);

/** Compares what can drift with what is deployed. */
async function look(
  resources: readonly ResourceState[],
  answers: Promise<boolean>,
  context: Omit<ReadingContext, "store">,
): Promise<Reading | { unseen: string }> {
  try {
    // Providers are needed to read the others.
    const read = resources.filter(({ type, delete: isLeftOver }) => lookedAt.has(type) && !isLeftOver);
    if (read.length > 0 && !(await answers)) return { unseen: "no Docker engine answered" };
    const providers = resources.filter(({ type }) => isProviderType(type));
    return await readResources([...providers, ...read], { ...context, store: nowhere });
  } catch (error) {
    return { unseen: errorWords(error) };
  }
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

/** Starts the policy packs while the program starts. */
async function startReview(
  packs: readonly PolicyPackChoice[],
  run: { project: string; stack: string; dryRun: boolean; environment: NodeJS.ProcessEnv },
  send: (event: EventBody) => void,
): Promise<PolicyReview> {
  if (packs.length === 0) return new PolicyReview([], run.dryRun, send);
  const { startPolicyPack } = await import("./policy/pack.ts");
  const onOutput = (message: string): void => {
    send({ diagnosticEvent: { message, severity: "info#err" } });
  };
  const started = await Promise.all(packs.map((pack) => startPolicyPack({ ...pack, ...run, onOutput })));
  return new PolicyReview(started, run.dryRun, send);
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

/** Loaded when needed: the Docker client is the largest part of the engine, and the program can start meanwhile. */
async function providerFactories(dockerHost: string | undefined): Promise<ReadonlyMap<string, ProviderFactory>> {
  const { createDockerProvider } = await import("./provider/docker-provider.ts");
  const host = dockerHost === undefined ? {} : { host: dockerHost };
  return new Map([["docker", (configuration) => createDockerProvider({ ...host, ...configuration })]]);
}

/** The stack's configuration for a package's default provider: `docker:host` becomes `host`. Secrets stay secret in the state. */
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
