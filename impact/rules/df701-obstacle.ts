import type { Obstacle } from "../../model/placement/feasibility.ts";
import { note, rule } from "../rule.ts";
import type { DiagnosticCode, Note } from "../verdict/verdict.ts";

/** What prevents the new task from starting on the current swarm, and what to do about it. */
export const obstacle = rule(
  {
    DF701: "No node can take the task",
    DF702: "The image does not exist",
    DF703: "A published port is taken",
    DF704: "No node has room for the task",
    DF705: "A service that is removed last is in the way",
  },
  ({ obstacle: found }) => (found === undefined ? [] : [note(obstacleCodes[found.kind], `${found.fix}.`)]),
);

/** The same for a service without a verdict. */
export function obstacleNote({ kind, service, why }: Obstacle): Note {
  return { code: obstacleCodes[kind], text: `${service} cannot start: ${why}.` };
}

/** The code of each kind of obstacle. */
export const obstacleCodes = {
  node: "DF701",
  image: "DF702",
  port: "DF703",
  room: "DF704",
  "removed last": "DF705",
} as const satisfies Readonly<Record<Obstacle["kind"], DiagnosticCode>>;
