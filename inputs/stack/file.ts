import { isKnown, type ServiceDefinition, type VolumeDefinition } from "../../model/service/definition.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import type { DeployedTask } from "../fields/deployed-task.ts";
import { Field, isRecord, type Mistake } from "../fields/field.ts";
import { otherServices, readTree, type StackFileOptions } from "./document.ts";
import { resolveExtends } from "./extends.ts";
import type { Position } from "./positions.ts";
import { readStackService } from "./service.ts";
import { stackTask } from "./task.ts";
import { topLevelContents, topLevelVolumes, type StackScope } from "./top-level.ts";

/** A stack file's services and volumes, and where each path is written. */
export interface StackFile {
  readonly services: readonly ServiceDefinition[];
  readonly volumes: readonly VolumeDefinition[];
  /** A service's task as `docker stack deploy` would ask for it. */
  readonly task: (service: string) => DeployedTask | undefined;
  /** The content of the configs and secrets that the file creates, by kind and name, such as `config shop_redis`; never to be shown. */
  readonly contents: () => ReadonlyMap<string, string>;
  readonly locate: (path: string) => Position;
}

/**
 * Reads a stack or compose file: anchors, merge keys, `extends`, variables with their defaults, long and short forms. A later
 * document of a file comes on top of an earlier one, as Compose has it.
 *
 * @throws InputError when it is no YAML, or not in the form of a stack file
 * @see https://docs.docker.com/reference/compose-file/
 */
export function readStackFile(text: string, options: StackFileOptions): StackFile {
  const { file } = options;
  const { value, locate } = readTree(text, options);
  const mistake: Mistake = (path, expected, got) => {
    const { line, column } = locate(path);
    throw new InputError({
      path: `${file}:${line}:${column}${path === "" ? "" : `: ${path}`}`,
      expected,
      got: kindWords(got),
      fix: "Write it in the form of the Compose file reference",
    });
  };
  const root = new Field(value, "", mistake);
  if (!isRecord(value)) mistake("", "a mapping with the key services", value);
  const written = root.get("services");
  // The key with nothing below it is a file without services.
  const services = isRecord(value) && value["services"] === null ? written.with({}) : written;
  if (!isRecord(services.value)) return mistake("services", "a mapping of services", services.value) as never; // It throws.
  const scope: StackScope = { root, options };
  const entries = services
    .with(resolveExtends(services.value, (other) => otherServices(other, options), file))
    .entries();
  const read = new Map(
    (isKnown(entries) ? entries : []).map(([name, field]) => [
      name,
      { field, definition: readStackService(name, field, scope) },
    ]),
  );
  return {
    services: Array.from(read.values(), ({ definition }) => definition),
    task: (name) => {
      const found = read.get(name);
      return found && stackTask(found.definition, found.field, scope);
    },
    contents: () => topLevelContents(scope),
    volumes: topLevelVolumes(scope),
    locate,
  };
}

function kindWords(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : `${typeof value} ${printable(JSON.stringify(value).slice(0, 60))}`;
}
