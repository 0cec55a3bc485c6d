/** `Pulumi.yaml`: what a project is called, what runs it, and the configuration that all its stacks share. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { LineCounter, isMap, isScalar, parseDocument, type Document } from "yaml";
import { z } from "zod";
import { InputError, showValue } from "../../model/input-error.ts";
import { readTextFile, shownPath } from "./durable-file.ts";

/** `Pulumi.yaml` (sdk/go/common/workspace/project.go), as far as this engine uses it. */
export interface Project {
  name: string;
  /** The folder of `Pulumi.yaml`. */
  directory: string;
  /** The program, relative to the folder; by default the folder itself. */
  main: string;
  runtime: { name: string; options: Record<string, unknown> };
  /** Where `Pulumi.<stack>.yaml` lies. */
  settingsDirectory: string;
  /** The folder that holds the state (`stacks/`, `history/` and so on): `.pulumi` in the backend's folder. */
  stateDirectory: string;
  /** Values that a stack may override, by full key (`project:name`), in `Pulumi.yaml`'s `config`. */
  defaultConfig: ReadonlyMap<string, { value: unknown; secret: boolean }>;
}

/** A YAML file that has been read, with what messages about it need. */
export interface YamlFile {
  path: string;
  document: Document;
  /** `<file>:<line>` of a node. */
  place(node: unknown): string;
}

const projectSchema = z.looseObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, "a name of letters, digits, -, _ and ."),
  runtime: z.union([
    z.string().transform((name) => ({ name, options: {} })),
    z.looseObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
  ]),
  main: z.string().default("."),
  stackConfigDir: z.string().optional(),
  backend: z.looseObject({ url: z.string().optional() }).optional(),
  config: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
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
  const parsed = projectSchema.safeParse(file.document.toJS());
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
  return resolve(directory, decodeURIComponent(folder), ".pulumi");
}

function readDefaults(project: string, config: Record<string, unknown>): Project["defaultConfig"] {
  const defaults = new Map<string, { value: unknown; secret: boolean }>();
  for (const [key, setting] of Object.entries(config)) {
    const fullKey = key.includes(":") ? key : `${project}:${key}`;
    if (typeof setting !== "object" || setting === null || Array.isArray(setting)) {
      defaults.set(fullKey, { value: setting, secret: false });
      continue;
    }
    const { value, default: fallback, secret } = setting as Record<string, unknown>; // an object, as just seen
    if (value !== undefined || fallback !== undefined)
      defaults.set(fullKey, { value: value ?? fallback, secret: secret === true });
  }
  return defaults;
}

/**
 * Reads a YAML file, or undefined when there is none.
 *
 * @throws InputError when it is not YAML, or not a map at its top
 */
export async function readYaml(path: string): Promise<YamlFile | undefined> {
  const text = await readTextFile(path);
  if (text === undefined) return undefined;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const place = (offset: number): string => `${shownPath(path)}:${String(lineCounter.linePos(offset).line)}`;
  const [error] = document.errors;
  if (error !== undefined)
    throw new InputError({
      path: place(error.pos[0]),
      expected: "valid YAML",
      got: error.message.replace(/( at line \d+, column \d+)?:?\n.*$/s, ""),
      fix: "Correct the line",
    });
  if (document.contents !== null && !isMap(document.contents) && !isEmptyScalar(document.contents))
    throw new InputError({
      path: place(startOf(document.contents)),
      expected: "keys and values",
      got: showValue(document.toJS()),
      fix: "Write it as `key: value` lines",
    });
  return { path, document, place: (node) => place(startOf(node)) };
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && (node.value === null || node.value === "");
}

function startOf(node: unknown): number {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : 0;
}
