import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineEvent, StepOperation } from "../../engine/model/events.ts";
import { destroyStack, type OperationResult, previewStack, updateStack } from "../../engine/operations.ts";
import { openStack } from "../../engine/state/stack.ts";
import { EventCollector, readEvent } from "../../inputs/pulumi/preview.ts";
import type { Plan } from "../../model/plan/plan.ts";

/**
 * A program as a stack of its own, whose state lies in a folder that {@link remove} removes. Each operation throws with the
 * engine's errors when it fails.
 */
export interface ProgramStack {
  preview(): Promise<OperationResult>;
  up(): Promise<OperationResult>;
  /** What an `up` would do, as the verdicts read it. */
  plan(): Promise<Plan>;
  down(): Promise<OperationResult>;
  /** The folder of the state, with its copies and its history. */
  readonly stateDirectory: string;
  /** The state as it is on disk. */
  state(): Promise<string>;
  /** Sets configuration, of the program's own namespace where none is named; passwords and `docker:registryAuth` as secrets. */
  set(settings: Record<string, string>): Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Steps that change nothing. */
const idle: readonly StepOperation[] = ["same", "read", "refresh"];

/** Where a program runs apart from its own folder, so that its state lies elsewhere. */
export interface ProjectFolder {
  readonly projectDirectory: string;
  /** Of the program's own configuration. */
  readonly namespace: string;
  readonly remove: () => Promise<void>;
}

/** Makes a project of a program, a folder with Pulumi.yaml and index.ts, in a folder of its own. */
export async function makeProjectFolder(program: string): Promise<ProjectFolder> {
  const name = basename(program);
  const projectDirectory = await mkdtemp(join(tmpdir(), `holdfast-${name}-`));
  const project = await readFile(join(program, "Pulumi.yaml"), "utf8");
  const namespace = /^name: (?<name>.+)$/mu.exec(project)?.groups?.["name"] ?? name;
  await writeFile(
    join(projectDirectory, "Pulumi.yaml"),
    project.replace("main: index.ts", `main: ${join(program, "index.ts")}`),
  );
  // The SDK's own runner is found from the project's folder.
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(projectDirectory, "node_modules"));
  return { projectDirectory, namespace, remove: () => rm(projectDirectory, { recursive: true, force: true }) };
}

/** Opens a program, a folder with Pulumi.yaml and index.ts, as a new stack. */
export async function openProgram(program: string, dockerHost: string): Promise<ProgramStack> {
  const { projectDirectory, namespace, remove } = await makeProjectFolder(program);
  const environment = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "test" };
  const location = { projectDirectory, stackName: "test" };
  type Operation = (onEvent: (event: EngineEvent) => void) => Promise<OperationResult>;
  const successful = async (operation: Operation): Promise<OperationResult> => {
    const errors: string[] = [];
    const result = await operation(({ diagnosticEvent }) => {
      if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
    });
    if (!result.succeeded) throw new Error(`${namespace}: ${errors.join("\n")}`);
    return result;
  };
  const options = { dockerHost, environment };
  return {
    preview: () => successful((onEvent) => previewStack(location, { ...options, onEvent })),
    up: () => successful((onEvent) => updateStack(location, { ...options, onEvent })),
    async plan() {
      const collector = new EventCollector("embedded");
      await successful((onEvent) =>
        previewStack(location, {
          ...options,
          onEvent: (event) => {
            collector.add(readEvent(event, "event"));
            onEvent(event);
          },
        }),
      );
      return collector.plan("preview");
    },
    down: () => successful((onEvent) => destroyStack(location, { ...options, onEvent, includeProtected: [] })),
    stateDirectory: join(projectDirectory, ".pulumi"),
    state: () => readFile(join(projectDirectory, `.pulumi/stacks/${namespace}/test.json`), "utf8"),
    async set(settings) {
      const stack = await openStack(location, environment);
      for (const [key, value] of Object.entries(settings)) {
        const secret = /password$/iu.test(key) || key === "docker:registryAuth";
        await stack.setConfig(key.includes(":") ? key : `${namespace}:${key}`, value, { secret });
      }
    },
    remove,
  };
}

/** How many steps change something. */
export function changeCount(result: OperationResult): number {
  return Object.entries(result.changes)
    .filter(([operation]) => !(idle as readonly string[]).includes(operation))
    .reduce((sum, [, count]) => sum + count, 0);
}
