import { serviceLabels } from "../../model/service/labels.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { parseFirstStart } from "../../model/service/start-guard.ts";

/**
 * The labels of a service by which its hooks know its store: its mark, and until when that may be set on a volume that has none.
 *
 * @param path - what stands before the arguments' names in an error
 * @throws InputError where the time is none
 */
export function storeLabels(
  { identity, firstStartUntil }: { identity: string; firstStartUntil: string | undefined },
  path: string,
): Record<string, string> {
  if (firstStartUntil === undefined) return { [ownerLabels.identity]: identity };
  parseFirstStart(firstStartUntil, `${path}.firstStartUntil`);
  return { [ownerLabels.identity]: identity, [serviceLabels.firstStart]: firstStartUntil };
}
