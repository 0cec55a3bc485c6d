import type { Known } from "../../model/service/definition.ts";
import { isRecord, type Field } from "../fields/field.ts";
import { orElse, plainText } from "../fields/readings.ts";

/** Whether a top-level volume, network, config or secret is made elsewhere; the older form names it there, `external: { name: … }`. */
export function isExternal(declared: Field): boolean {
  const external = declared.get("external");
  return !external.isAbsent && (isRecord(external.value) || external.flag() !== false);
}

/**
 * What a top-level volume, network, config or secret is called in the swarm.
 *
 * @param stack - the stack's name, which `docker stack deploy` puts before the key of what is neither external nor named; without
 *   it the key stands alone
 */
export function topLevelName(key: string, declared: Field, stack: string | undefined): Known<string> {
  const external = declared.get("external");
  const name = plainText(isRecord(external.value) ? external.get("name") : declared.get("name"));
  return orElse(name, stack === undefined || isExternal(declared) ? key : `${stack}_${key}`);
}
