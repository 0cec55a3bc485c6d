/** The variables that a service of a stack file sets, with those of its `env_file`s. */
import { isKnown, notKnown, type Known } from "../../model/service/definition.ts";
import { isRecord, recordOf, unknownPart, type Field } from "../fields/field.ts";
import { orElse } from "../fields/readings.ts";
import type { StackFileOptions } from "./document.ts";
import { interpolate, type Variables } from "./interpolation.ts";
import { readPairs } from "./short-forms.ts";

/** Reads them; not known if one of the files cannot be read, as it may contain any variable. */
export function environment(service: Field, options: StackFileOptions): Known<Readonly<Record<string, Known<string>>>> {
  const own = readPairs(service.get("environment"), notKnown);
  const files = envFiles(service.get("env_file"));
  if (!isKnown(own) || !isKnown(files)) return notKnown;
  const read = files.map((file) => (isKnown(file) ? options.readFile?.(file) : undefined));
  if (read.includes(undefined)) return notKnown;
  return recordOf([...read.flatMap((text) => readEnvFile(text ?? "", options)), ...Object.entries(own)]);
}

function envFiles(field: Field): Known<readonly Known<string>[]> {
  if (typeof field.value === "string") return [orElse(field.text(), "")];
  return field.map((item) => orElse((isRecord(item.value) ? item.get("path") : item).text(), ""));
}

function readEnvFile(text: string, { stack, variables = {} }: StackFileOptions): [string, Known<string>][] {
  return stack === undefined ? composeVariables(text, variables) : deployedVariables(text, variables);
}

/** @see https://github.com/docker/cli/blob/master/opts/file.go (`parseKeyValueFile`) */
function deployedVariables(text: string, variables: Variables): [string, string][] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  return lines.flatMap((line): [string, string][] => {
    const [name = ""] = line.trimStart().split("=", 1);
    if (name === "" || name.startsWith("#")) return [];
    if (line.includes("=")) return [[name, line.slice(line.indexOf("=") + 1)]];
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return value === undefined ? [] : [[name, value]];
  });
}

function composeVariables(text: string, variables: Variables): [string, Known<string>][] {
  return text.split(/\r?\n/).flatMap((line): [string, Known<string>][] => {
    const match = /^\s*(?:export\s+)?(?<key>[^#=\s][^=\s]*)=(?<value>.*)$/.exec(line);
    if (match === null) return [];
    const value = interpolate((match.groups?.["value"] ?? "").trim().replace(/^(["'])(.*)\1$/, "$2"), variables);
    return [[match.groups?.["key"] ?? "", value.includes(unknownPart) ? notKnown : value]];
  });
}
