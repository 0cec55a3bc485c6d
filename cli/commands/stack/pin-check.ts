import { readLiveSwarm } from "../../../inputs/swarm/definitions.ts";
import { readSwarmOf } from "../../../live/read-swarm.ts";
import type { Plan } from "../../../model/plan/plan.ts";
import type { Estate } from "../../../model/service/definition.ts";
import { judge } from "../../../policies/judge.ts";
import { rules } from "../../../policies/rule-list.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { InputError } from "../../../text/input-error.ts";

/** The policies that need the live nodes to answer. */
const pinRules = rules.filter(({ id }) => id === "SS202" || id === "SS203");

/**
 * Refuses a plan by the live swarm: a service that it creates or changes must be pinned to just one node where its data is.
 *
 * @throws InputError naming the service
 */
export async function requirePins(plan: Plan, connection: EngineConnection): Promise<void> {
  if (changedServices(plan).length > 0) requirePinsOf(plan, readLiveSwarm(await readSwarmOf(connection)));
}

/** {@link requirePins} for a plan and a swarm that have been read. */
export function requirePinsOf(plan: Plan, live: Estate): void {
  const today = new Date().toISOString().slice(0, 10);
  const findings = judge({ ...live, services: changedServices(plan) }, { today, rules: pinRules });
  const finding = findings.find(({ result }) => result === "fail");
  if (finding === undefined) return;
  throw new InputError({
    path: `service "${finding.service}"`,
    expected: "constraints that exactly one node of this swarm satisfies",
    got: `others: ${finding.message.charAt(0).toLowerCase()}${finding.message.slice(1)}`,
    fix: finding.fix,
  });
}

function changedServices({ steps }: Plan) {
  return steps.flatMap(({ operation, after }) =>
    operation !== "same" && after?.kind === "service" ? [after.definition] : [],
  );
}
