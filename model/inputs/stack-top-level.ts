import type { Known } from "../service-definition.ts";
import { isRecord, type Field } from "./field.ts";
import { orElse, plainText } from "./readings.ts";

/** Whether a top-level volume, network, config or secret is made elsewhere; the older form names it there, `external: { name: … }`. */
export function isExternal(declared: Field): boolean {
  const external = declared.get("external");
  return !external.isAbsent && (isRecord(external.value) || external.flag() !== false);
}

/** What a top-level volume, network, config or secret is called in the swarm, but for the stack's name before its key. */
export function topLevelName(key: string, declared: Field): Known<string> {
  const external = declared.get("external");
  const name = isRecord(external.value) ? external.get("name") : declared.get("name");
  return orElse(plainText(name), key);
}
