import { quoted } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { isRecord, recordOf } from "../fields/field.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** Gives the services of another stack file; `undefined` when it cannot be read. */
export type OtherServices = (file: string) => Mapping | undefined;

/**
 * Puts what a service `extends` under what it says itself.
 *
 * @param services - the services of the file
 * @param others - reads another file, for `extends: { file, service }`
 * @param where - the file's name, for the error
 * @throws InputError when the chain leads nowhere or in a circle
 * @see https://docs.docker.com/reference/compose-file/services/#extends
 */
export function resolveExtends(services: Mapping, others: OtherServices, where: string): Mapping {
  return recordOf(Object.keys(services).map((name) => [name, extended(name, services, others, where, [])] as const));
}

function extended(
  name: string,
  services: Mapping,
  others: OtherServices,
  where: string,
  seen: readonly string[],
): unknown {
  const service = services[name];
  if (!isRecord(service) || service["extends"] === undefined) return service;
  const { extends: target, ...own } = service;
  const file = isRecord(target) && typeof target["file"] === "string" ? target["file"] : undefined;
  const base = isRecord(target) ? target["service"] : target;
  const step = `${file ?? where}: ${String(base)}`;
  const path = `${where}: services.${name}.extends`;
  if (typeof base !== "string") throw mistake(path, "the name of a service", typeof base);
  if (seen.includes(step)) throw mistake(path, "no circle", `a service that extends itself by way of ${quoted(base)}`);
  const from = file === undefined ? services : others(file);
  if (from === undefined) throw mistake(path, "a file that can be read", quoted(file ?? ""));
  if (!Object.hasOwn(from, base)) throw mistake(path, "the name of a service of that file", quoted(base));
  return mergeDefinitions(extended(base, from, others, file ?? where, [...seen, step]), own);
}

function mistake(path: string, expected: string, got: string): InputError {
  return new InputError({ path, expected, got, fix: "Name a service that exists" });
}

/** Lists that are replaced as a whole, because they are one command. */
const replaced = new Set(["command", "entrypoint", "test"]);
/** What may be written as a list of `key=value` and means a mapping. */
const pairLists = new Set(["environment", "labels"]);

/**
 * Merges one definition over another: mappings key by key, lists appended, and for single values the overriding one.
 *
 * @see https://docs.docker.com/reference/compose-file/merge/
 */
export function mergeDefinitions(below: unknown, above: unknown): unknown {
  return merge(below, above, "");
}

function merge(base: unknown, own: unknown, key: string): unknown {
  if (own === undefined) return base;
  if (base === undefined || replaced.has(key)) return own;
  const [below, above] = pairLists.has(key) ? [asMapping(base), asMapping(own)] : [base, own];
  if (isRecord(below) && isRecord(above)) {
    const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
    return recordOf([...keys].map((each) => [each, merge(below[each], above[each], each)] as const));
  }
  if (Array.isArray(below) && Array.isArray(above)) {
    const taken = key === "volumes" ? new Set(above.map(targetOf)) : new Set(above.map((item) => JSON.stringify(item)));
    const identity = key === "volumes" ? targetOf : (item: unknown) => JSON.stringify(item);
    const kept: unknown[] = below.filter((item) => !taken.has(identity(item)));
    return kept.concat(above);
  }
  return above;
}

function asMapping(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return recordOf(
    value.map((pair) => {
      const [name = "", ...rest] = String(pair).split("=");
      return [name, rest.length === 0 ? undefined : rest.join("=")] as const;
    }),
  );
}

/** Where a mount goes: two mounts at one path are one. */
function targetOf(mount: unknown): string {
  if (isRecord(mount)) return String(mount["target"]);
  const parts = String(mount).split(":");
  return parts.length === 1 ? (parts[0] ?? "") : (parts[1] ?? "");
}
