import { isKnown } from "../../model/service/definition.ts";
import { rule } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

type Code = "DF403" | "DF404" | "DF405";

/** More tasks, or fewer, of a program that writes its files alone. */
export const replicas = rule<Code>(
  {
    DF403: "The number of tasks is not known",
    DF404: "Fewer tasks on shared storage",
    DF405: "Several tasks on one volume",
  },
  ({ before, outcome, writing }) => {
    if (writing === undefined) return [];
    const { definition } = writing.then.service;
    const was = before.service.definition.replicas;
    const is = definition.replicas;
    const path = definition.paths.replicas;
    if (!isKnown(was)) return [];
    if (!isKnown(is))
      return [{ code: "DF403", fate: "unknown", text: "How many tasks will run is not known yet.", path }];
    if (!writing.isSameStorage) return [];
    const about = { fate: "at risk", path, before: String(was), after: String(is) } as const;
    if (is > 0 && is < was) {
      const text =
        "Swarm chooses which of the tasks end. What an ending task saves may overwrite what another one has saved, or stay on a node that has no task any more.";
      return [{ code: "DF404", text, ...about, remedies: [remedies.oneWriter()] }];
    }
    // A task that waits for the port that another one holds does not write.
    const isBlocked = outcome?.cannotStart !== undefined && writing.sharesHostPort;
    if (is <= was || is <= 1 || isBlocked) return [];
    const text =
      "Several tasks keep their data in the same volume, or each in another node's volume of that name: they overwrite each other's files, or answer differently.";
    return [{ code: "DF405", text, ...about, remedies: [remedies.oneWriter()] }];
  },
);
