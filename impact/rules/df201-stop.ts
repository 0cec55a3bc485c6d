import { rule, sentence } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

/** What the stop of the old task does not write. */
export const stopLoses = rule(
  {
    DF201: "A stop writes nothing",
    DF202: "A stop may not save",
    DF203: "A stop cannot save: the data path is read-only",
  },
  ({ name, before: { keeper }, stop }) => {
    if (stop === undefined || stop.kind === "kept") return [];
    const { path } = stop;
    const text = `${sentence(stop.why)} What is in memory is lost with the old task.`;
    const save = remedies.saveFirst(keeper, name);
    if (stop.kind === "lost") {
      const means = [remedies.switchAppendOnlyOn(keeper, name), save];
      return [{ code: "DF201", fate: "destroyed", text, path, remedies: means }];
    }
    return stop.fix === undefined
      ? [{ code: "DF203", fate: "at risk", text, path, remedies: [remedies.dumpFirst(keeper, name)] }]
      : [{ code: "DF202", fate: "at risk", text, path, remedies: [remedies.mendStop(stop.fix), save] }];
  },
);
