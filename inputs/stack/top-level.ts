/** The top level of a stack file: its volumes, networks, configs and secrets. */
import {
  isKnown,
  notKnown,
  type Known,
  type VolumeDefinition,
  type VolumeOptions,
} from "../../model/service/definition.ts";
import { isRecord, type Field } from "../fields/field.ts";
import { orElse, plainText } from "../fields/readings.ts";
import type { StackFileOptions } from "./document.ts";
import { readPairs } from "./short-forms.ts";

/** A whole file, and how it is read. */
export interface StackScope {
  readonly root: Field;
  readonly options: StackFileOptions;
}

/** Whether a top-level volume, network, config or secret is made elsewhere; the older form names it there, `external: { name: … }`. */
export function isExternal(declared: Field): boolean {
  const external = declared.get("external");
  return !external.isAbsent && (isRecord(external.value) || external.flag() !== false);
}

/**
 * What a top-level volume, network, config or secret is called in the swarm.
 *
 * @param stack - the stack's name, which `docker stack deploy` puts before the key of what is neither external nor named; without
 * it the key is used alone
 */
function topLevelName(key: string, declared: Field, stack: string | undefined): Known<string> {
  const external = declared.get("external");
  const name = plainText(isRecord(external.value) ? external.get("name") : declared.get("name"));
  return orElse(name, stack === undefined || isExternal(declared) ? key : `${stack}_${key}`);
}

/** What a service's volume, network, config or secret is called in the swarm, by its key in the file. */
export function nameIn(
  { root, options }: StackScope,
  section: "volumes" | "networks" | "configs" | "secrets",
  key: string,
): Known<string> {
  return topLevelName(key, root.get(section).get(key), options.stack);
}

/** The options that a declared volume is made with. */
export function declaredOptions(declared: Field): VolumeOptions {
  return {
    driver: plainText(declared.get("driver")),
    driverOptions: declared.get("driver_opts").textRecord(),
    labels: readPairs(declared.get("labels"), ""),
  };
}

/** The volumes that the file makes. */
export function topLevelVolumes({ root, options }: StackScope): readonly VolumeDefinition[] {
  const entries = root.get("volumes").entries();
  if (!isKnown(entries)) return [];
  return entries
    .filter(([, declared]) => !isExternal(declared))
    .map(([key, declared]) => ({
      id: declared.path,
      origin: "stack file",
      path: declared.path,
      name: topLevelName(key, declared, options.stack),
      options: declaredOptions(declared),
      protect: undefined,
      retainOnDelete: undefined,
    }));
}

/** What is in a declared config or secret, as far as it can be read. */
export function contentOf(declared: Field, { readFile }: StackFileOptions): Known<string | undefined> {
  const content = declared.get("content").text();
  if (content !== undefined) return content;
  const file = plainText(declared.get("file"));
  return isKnown(file) && file !== undefined ? (readFile?.(file) ?? notKnown) : notKnown;
}

/** What is in the configs and secrets that the file makes, by kind and name. */
export function topLevelContents({ root, options }: StackScope): ReadonlyMap<string, string> {
  const contents = new Map<string, string>();
  for (const kind of ["config", "secret"]) {
    const entries = root.get(`${kind}s`).entries();
    for (const [key, declared] of isKnown(entries) ? entries : []) {
      const name = topLevelName(key, declared, options.stack);
      const content = isExternal(declared) ? undefined : contentOf(declared, options);
      if (isKnown(name) && isKnown(content) && content !== undefined) contents.set(`${kind} ${name}`, content);
    }
  }
  return contents;
}
