/** A plan's values as they may be shown: only those about data, and never one that may be secret. */
import type { PropertyChange } from "../../model/plan/task-template.ts";
import { notKnown, secretMark } from "../../model/service/definition.ts";
import { showCommandLine, withoutCredentials } from "./command-line.ts";

/** The last names of the properties whose values are shown. */
const shown = new Set(
  [
    "image Image source Source target Target type Type readOnly ReadOnly constraints Constraints memoryBytes MemoryBytes memory".split(
      " ",
    ),
    "nanoCpus NanoCPUs cpus replicas Replicas global order Order stopGracePeriod StopGracePeriod stop_grace_period".split(
      " ",
    ),
    "stopSignal StopSignal stop_signal publishedPort PublishedPort targetPort TargetPort publishMode PublishMode protocol".split(
      " ",
    ),
    "forceUpdate ForceUpdate dir Dir working_dir user User name interval timeout retries startPeriod maxReplicas mode id".split(
      " ",
    ),
    "condition delay maxAttempts window secretName configName noCopy driverName".split(" "),
  ].flat(),
);

/** Mappings with user-defined keys: such a key says nothing about its value. */
const freelyNamed =
  /(?:^|\.)(?:env|environment|labels|options|driverOpts|driver_opts|driverOptions|sysctls?|ulimits)[.[]/iu;

/** Lists of words of a command line. */
const commandLines = new Set(["args", "commands", "command", "entrypoint", "Args", "Command"]);

/** A change as it is reported, without values that must stay hidden. */
export interface ShownChange {
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
}

/** Prepares changes for display; changes within one command line are merged. */
export function showChanges(
  changes: readonly PropertyChange[],
  commandLine: (path: string) => { before: unknown; after: unknown } | undefined = () => undefined,
): readonly ShownChange[] {
  const byPath = new Map<string, ShownChange>();
  const unknownIds = new Set(changes.filter(({ after }) => after === notKnown).map(({ path }) => path));
  for (const given of changes) {
    // The automatic name of an object that does not exist yet differs in each plan.
    const isProvisional = unknownIds.has(given.path.replace(/Name$/u, "Id"));
    const change = isProvisional && /(?:secret|config)Name$/iu.test(given.path) ? { ...given, after: notKnown } : given;
    const path = isCommandWord(change.path) ? change.path.replace(/\[\d+\]$/u, "") : change.path;
    if (byPath.has(path)) continue;
    const whole = path === change.path ? undefined : commandLine(path);
    const [before, after] = [whole ?? change, whole ?? change].map((each, index) =>
      showProperty(path, index === 0 ? each.before : each.after),
    );
    byPath.set(path, { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) });
  }
  return [...byPath.values()];
}

function isCommandWord(path: string): boolean {
  return commandLines.has(lastName(path.replace(/\[\d+\]$/u, "")));
}

/** One value in words; `undefined` when it must stay hidden. */
export function showProperty(path: string, value: unknown): string | undefined {
  if (value === notKnown) return "known after the change";
  if (value === secretMark || freelyNamed.test(path)) return undefined;
  const name = lastName(path);
  if (commandLines.has(name))
    return Array.isArray(value) ? cut(showCommandLine(value), 160) : value === undefined ? "none" : undefined;
  if (value === undefined || value === null || value === "") return "none";
  if (name === "mounts" || name === "Mounts" || name === "volumes") return showMount(value);
  if (!shown.has(name)) return undefined;
  if (Array.isArray(value)) return value.map((item) => showProperty(path, item) ?? "…").join(", ") || "none";
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? cut(withoutCredentials(String(value)))
    : undefined;
}

function lastName(path: string): string {
  return /(?<![A-Za-z_])([A-Za-z_]+)(?:\[\d+\])*$/u.exec(path)?.[1] ?? "";
}

function showMount(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map((item) => showMount(item) ?? "…").join(", ") || "none";
  if (typeof value !== "object" || value === null) return undefined;
  // Any object's entries can be read as unknown.
  const mount = value as Readonly<Record<string, unknown>>;
  const part = (name: string): string => {
    const found = mount[name] ?? mount[`${name.charAt(0).toUpperCase()}${name.slice(1)}`];
    return typeof found === "string" ? found : "";
  };
  return cut(
    withoutCredentials(`${part("type") || "volume"} ${part("source") || "without a name"} at ${part("target")}`),
  );
}

function cut(text: string, length = 120): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
