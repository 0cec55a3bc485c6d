import { rule } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

/** Another service that the plan starts on the same storage. */
export const rivals = rule({ DF406: "Another service on the same storage" }, ({ name, writing }) =>
  (writing?.rivals ?? []).map((rival) => {
    const why = rival.isOwn
      ? `The old service is not deleted and goes on, and "${rival.name}" is created beside it on the same storage`
      : `Service "${rival.name}" gets the same storage`;
    const text = `${why}: two servers write the same files, and neither knows of the other.`;
    const means = rival.isOwn ? remedies.scaleOldFirst(name) : remedies.oneWriter();
    return { code: "DF406", fate: "at risk", text, path: rival.path, remedies: [means] };
  }),
);
