/** `Pulumi.yaml`: what a project is called, what runs it, and the configuration that all its stacks share. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { InputError, showValue } from "../../text/input-error.ts";
import { shownPath } from "./durable-file.ts";
import type { YamlValue } from "./pulumi-yaml.ts";
import { isName, nameRule } from "./stack-name.ts";
import { readYaml, yamlValue } from "./yaml-file.ts";

/** `Pulumi.yaml` (sdk/go/common/workspace/project.go), as far as this engine uses it. */
export interface Project {
  name: string;
  /** The folder of `Pulumi.yaml`. */
  directory: string;
  /** The program, relative to the folder; by default the folder itself. */
  main: string;
  runtime: string;
  /** The folder of `Pulumi.<stack>.yaml`. */
  settingsDirectory: string;
  /** The folder that holds the state (`stacks/`, `history/` and so on): `.pulumi` in the backend's folder. */
  stateDirectory: string;
  /** Values that a stack may override, by full key (`project:name`), in `Pulumi.yaml`'s `config`. */
  defaultConfig: ReadonlyMap<string, { value: YamlValue; secret: boolean }>;
}

const projectSchema = z.looseObject({
  name: z.string().refine(isName, nameRule),
  runtime: z.union([z.string(), z.looseObject({ name: z.string() }).transform(({ name }) => name)]),
  main: z.string().default("."),
  stackConfigDir: z.string().optional(),
  backend: z.looseObject({ url: z.string().optional() }).optional(),
  config: z.union([z.string(), z.record(z.string(), z.custom<YamlValue>())]).nullish(),
});

/**
 * Reads `Pulumi.yaml`.
 *
 * @throws InputError when there is none, it is not one, or its backend is not a folder
 */
export async function readProject(directory: string, environment: NodeJS.ProcessEnv): Promise<Project> {
  const file = await readYaml(join(directory, "Pulumi.yaml"));
  if (file === undefined)
    throw new InputError({
      path: shownPath(join(directory, "Pulumi.yaml")),
      expected: "a Pulumi project",
      got: "no such file",
      fix: "Run the command in the project's folder",
    });
  const parsed = projectSchema.safeParse(yamlValue(file, file.document.contents));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const keys = issue?.path.map(String) ?? [];
    const node = file.document.getIn(keys, true) ?? file.document.contents;
    throw new InputError({
      path: `${file.place(node)}: ${keys.join(".")}`,
      expected: issue?.message ?? "a project",
      got: showValue(file.document.getIn(keys)),
      fix: "Correct it as https://www.pulumi.com/docs/iac/concepts/projects/project-file/ says",
    });
  }
  const { name, runtime, main, stackConfigDir, backend, config } = parsed.data;
  const settingsFolder = stackConfigDir ?? (typeof config === "string" ? config : ".");
  return {
    name,
    directory,
    main,
    runtime,
    settingsDirectory: resolve(directory, settingsFolder),
    stateDirectory: findStateDirectory(directory, environment["PULUMI_BACKEND_URL"], backend?.url),
    defaultConfig: readDefaults(name, typeof config === "object" && config !== null ? config : {}),
  };
}

/** The file backend's folder: `PULUMI_BACKEND_URL`, else the project's `backend.url`, else the project's own folder. */
function findStateDirectory(directory: string, variable: string | undefined, setting: string | undefined): string {
  const source = variable ? "PULUMI_BACKEND_URL" : "Pulumi.yaml: backend.url";
  const url = variable || setting || `file://${directory}`;
  if (!url.startsWith("file://"))
    throw new InputError({
      path: source,
      expected: "a folder, such as file://. or file:///srv/state",
      got: showValue(url),
      fix: "Use the Pulumi CLI for this backend, or set another",
    });
  const [path = ""] = url.slice("file://".length).split("?");
  const folder = path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
  // Pulumi takes what is relative from where it is run, which is the project's folder as a rule.
  const decoded = decodePath(folder);
  if (decoded === undefined)
    throw new InputError({
      path: source,
      expected: "a folder, with % only before two hexadecimal digits of a character that a path can have",
      got: showValue(url),
      fix: "Write a percent sign itself as %25",
    });
  return resolve(directory, decoded, ".pulumi");
}

function decodePath(text: string): string | undefined {
  try {
    const path = decodeURIComponent(text);
    return path.includes("\0") ? undefined : path;
  } catch {
    return undefined;
  }
}

function readDefaults(project: string, config: Record<string, YamlValue>): Project["defaultConfig"] {
  const defaults = new Map<string, { value: YamlValue; secret: boolean }>();
  for (const [key, setting] of Object.entries(config)) {
    const fullKey = key.includes(":") ? key : `${project}:${key}`;
    const declared = typeof setting === "object" && !Array.isArray(setting) ? setting : { value: setting };
    const value = declared?.["value"] ?? declared?.["default"];
    if (value !== undefined && value !== null) defaults.set(fullKey, { value, secret: declared?.["secret"] === true });
  }
  return defaults;
}
