import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import type { EngineEvent, StepOperation } from "../../engine/model/events.ts";
import type { StackLocation } from "../../engine/state/stack.ts";
import { SituationError } from "../../text/situation-error.ts";
import {
  dockerNameIn,
  type OperationKind,
  type OperationOutcome,
  type OperationRequest,
  type StackEngine,
} from "./engine.ts";
import { pulumiArguments, pulumiEnvironment, selectArguments } from "./pulumi-arguments.ts";
import { parsePulumiEvent } from "./pulumi-events.ts";

/** What `pulumi stack export` prints; a stack that has never been up has no deployment. */
const exportSchema = z.looseObject({
  deployment: z
    .looseObject({
      resources: z
        .array(
          z.looseObject({
            urn: z.string(),
            type: z.string(),
            parent: z.string().optional(),
            delete: z.boolean().default(false),
            protect: z.boolean().default(false),
            outputs: z.record(z.string(), z.unknown()).default({}),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

/** Where a generated passphrase is, relative to the project. */
const passphraseFile = join(".holdfast", "passphrase");

/**
 * Drives the `pulumi` on the PATH.
 *
 * @param json - events are wanted instead of Pulumi's own display of what it does
 */
export function pulumiEngine(json: boolean): StackEngine {
  const environmentFor = (location: StackLocation, dockerHost: string | undefined) => {
    const generated = join(location.projectDirectory, passphraseFile);
    return pulumiEnvironment(process.env, {
      projectDirectory: location.projectDirectory,
      passphraseFile: existsSync(generated) ? generated : undefined,
      dockerHost,
    });
  };
  const call = (location: StackLocation, dockerHost: string | undefined, args: string[], stdio: "pipe" | "inherit") =>
    execa("pulumi", args, {
      cwd: location.projectDirectory,
      env: environmentFor(location, dockerHost),
      extendEnv: false,
      stdin: "inherit",
      stdout: stdio,
      stderr: "inherit",
      // Ctrl-C reaches it through the terminal, once and twice as it reaches us.
      forceKillAfterDelay: false,
      reject: false,
    });

  const succeed = async (location: StackLocation, args: string[]): Promise<string> => {
    const { stdout, exitCode } = await call(location, undefined, args, "pipe");
    if (exitCode !== 0) throw failed(args, exitCode);
    return stdout ?? "";
  };
  const read = async (location: StackLocation, args: string[]): Promise<unknown> =>
    JSON.parse(await succeed(location, [...args, "--stack", location.stackName]));

  let selected: Promise<unknown> | undefined;
  /** Every command but `select` fails on a stack that does not exist yet. */
  const select = (location: StackLocation) => (selected ??= succeed(location, selectArguments(location.stackName)));

  const operate = async (kind: OperationKind, request: OperationRequest, planning: boolean) => {
    const { location, dockerHost, policyPacks, diff } = request;
    await select(location);
    if (kind === "destroy" && !planning) {
      for (const { urn } of request.includeProtected)
        await succeed(location, ["state", "unprotect", urn, "--yes", "--stack", location.stackName]);
    }
    // A plan is always read, for it decides what has to be asked.
    const events = planning || json;
    const { stackName } = location;
    const args = pulumiArguments({
      kind,
      stackName,
      planning,
      events,
      diff: diff && !events,
      policyPacks,
      refresh: request.refresh ?? false,
      ...(request.message !== undefined && { message: request.message }),
    });
    const looking = kind === "update" && planning && request.look ? look(request, request.look) : undefined;
    const running = call(location, dockerHost, args, events ? "pipe" : "inherit");
    let changes: Partial<Record<StepOperation, number>> = {};
    let isSilent = true;
    if (events) {
      for await (const line of running) {
        const event = parsePulumiEvent(line);
        if (event === undefined) continue;
        isSilent = false;
        changes = event.summaryEvent?.resourceChanges ?? changes;
        request.onEvent(event);
      }
    }
    const { exitCode } = await running;
    const succeeded = exitCode === 0;
    // Where a stack has nothing any more but what is protected, Pulumi plans no destruction at all.
    if (kind === "destroy" && planning && succeeded && isSilent) request.onEvent(nothingPlanned);
    if (kind === "destroy" && !planning && succeeded) await removeRetained(request);
    return { succeeded, changes, stateChanged: true, ...(await looking) } satisfies OperationOutcome;
  };
  /** What a refresh would change in the state, in a separate run: Pulumi's plans do not look at what is deployed. */
  const look = async (
    { location, dockerHost }: OperationRequest,
    answers: Promise<boolean>,
  ): Promise<Pick<OperationOutcome, "seen" | "unseen">> => {
    if (!(await answers)) return { unseen: "no Docker engine answered" };
    const { stackName } = location;
    const given = { kind: "refresh", stackName, planning: true, events: true, diff: false, policyPacks: [] } as const;
    const running = call(location, dockerHost, pulumiArguments(given), "pipe");
    const seen: EngineEvent[] = [];
    for await (const line of running) seen.push(...[parsePulumiEvent(line)].filter((event) => event !== undefined));
    const { exitCode } = await running;
    return exitCode === 0 ? { seen } : { unseen: lookFailure(seen, exitCode) };
  };

  return {
    name: "pulumi",
    showsItself: !json,
    plan: (kind, request) => operate(kind, request, true),
    run: (kind, request) => operate(kind, request, false),
    outputs: async (location, showSecrets) => {
      await select(location);
      const args = ["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : [])];
      return z.record(z.string(), z.unknown()).parse(await read(location, args));
    },
    state: async (location) => {
      await select(location);
      const { deployment } = exportSchema.parse(await read(location, ["stack", "export", "--show-secrets"]));
      const resources = (deployment?.resources ?? []).map(({ delete: isLeftOver, ...resource }) => {
        const outputs = Object.fromEntries(
          Object.entries(resource.outputs).map(([key, value]) => [key, revealed(value)]),
        );
        return { ...resource, isLeftOver, outputs, dockerName: dockerNameIn(outputs) };
      });
      return { resources, secrets: () => secretTextsIn(deployment) };
    },
  };
}

/** The plan of which Pulumi prints no event. */
const nothingPlanned: EngineEvent = {
  sequence: 0,
  timestamp: 0,
  summaryEvent: { maybeCorrupt: false, durationSeconds: 0, resourceChanges: {}, policyPacks: {}, isPreview: true },
};

/** Why a run of `pulumi refresh` that only looks has failed, in the words of its first error. */
function lookFailure(events: readonly EngineEvent[], exitCode: number | undefined): string {
  const said = events.find(({ diagnosticEvent }) => diagnosticEvent?.severity === "error")?.diagnosticEvent?.message;
  const [line = ""] = (said ?? "").trim().split("\n", 1);
  return `\`pulumi refresh --preview-only\` ended with exit code ${exitCode ?? "?"}${line === "" ? "" : `: ${line.replace(/^error: /u, "")}`}`;
}

const secretSchema = z.looseObject({ plaintext: z.string() });

function secretTextsIn(value: unknown, isSecret = false): string[] {
  const secret = secretSchema.safeParse(value).data;
  if (secret !== undefined) return secretTextsIn(JSON.parse(secret.plaintext), true);
  if (typeof value === "string") return isSecret ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((each) => secretTextsIn(each, isSecret));
}

/** A value of an export with its secrets shown: these are objects with the JSON of their values. */
function revealed(value: unknown): unknown {
  const secret = secretSchema.safeParse(value).data;
  if (secret !== undefined) return revealed(JSON.parse(secret.plaintext));
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}

/** Pulumi leaves a retained volume on its engine; naming it means that it is to be deleted. */
async function removeRetained({ includeProtected, dockerHost, interrupts }: OperationRequest): Promise<void> {
  const names = includeProtected.flatMap(({ dockerName }) => dockerName ?? []);
  if (names.length === 0) return;
  const [{ findEngine }, { removeVolume }] = await Promise.all([
    import("../../swarm/engine/connection.ts"),
    import("../../engine/provider/resources/volume.ts"),
  ]);
  const context = {
    connection: findEngine({ host: dockerHost }),
    signal: interrupts.stopSoon,
    onProgress: () => undefined,
  };
  for (const name of names) await removeVolume(context, name);
}

/** Pulumi has printed on standard error what is wrong. */
function failed(args: readonly string[], exitCode: number | undefined): SituationError {
  return new SituationError({
    what: `\`pulumi ${args.slice(0, 2).join(" ")}\` failed with exit code ${exitCode ?? "?"}`,
    fix: "See its message above, or use --engine embedded",
  });
}
