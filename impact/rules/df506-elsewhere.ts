import { rule, type Diagnostic } from "../rule.ts";

type Code = "DF506" | "DF507";

/** Nodes of another swarm, and volumes of another engine. */
export const elsewhere = rule<Code>(
  {
    DF506: "The nodes do not include the task's own",
    DF507: "The volume is deleted on another node",
  },
  ({ location, deletedElsewhere }): readonly Diagnostic<Code>[] => {
    const foreign =
      "The nodes that were given do not include the one that the task runs on: they are of another swarm or of another time, or that node has left. The verdict goes by the placement constraints; ask the swarm again.";
    return [
      ...(location?.isNodeMissing === true ? [{ code: "DF506", fate: "note", text: foreign } as const] : []),
      ...deletedElsewhere.map((volume): Diagnostic<Code> => {
        const text = `The plan deletes volume "${volume}" of the engine that it talks to; the one on the service's own node is another one, and stays.`;
        return { code: "DF507", fate: "note", text };
      }),
    ];
  },
);
