import { servicesOn } from "../../../live/move/plan.ts";
import { findMoves } from "../../../live/move/lease.ts";
import type { PlannedMove } from "../../../live/move/move.ts";
import { readSwarm, type SwarmRecord } from "../../../live/read-swarm.ts";
import type { SwarmNode } from "../../../model/service/definition.ts";
import { advised, advisedDocker } from "../../../text/advised-command.ts";
import { printable } from "../../../text/escape.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { confirmPlan } from "../../terminal/confirm-plan.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput } from "../../terminal/output.ts";
import { managerToAsk } from "../backup/opening.ts";
import {
  moveOne,
  planDocument,
  moveLines,
  moveNeed,
  planOne,
  type MoveCommandOptions,
  type MoveDocument,
} from "./move.ts";

/** A service that stays, and why. */
interface Staying {
  readonly service: string;
  readonly why: string;
}

/** `holdfast drain NODE`: moves every service with data away from a node, one after the other. */
export async function drain(name: string, options: MoveCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const { signal } = interrupts;
  const connection = await managerToAsk(options);
  const swarm = await readSwarm(connection);
  const node = findNode(swarm, name);
  const begun = (await findMoves(connection.docker)).filter(({ order }) => order.fromNode === node.id);
  const names = new Set([
    ...begun.map(({ service }) => service),
    ...servicesOn(node, swarm).map(({ Spec }) => Spec.Name),
  ]);
  const plans: PlannedMove[] = [];
  const staying: Staying[] = [];
  for (const service of names) {
    try {
      plans.push(await planOne(connection, service, options, { output, signal }));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SituationError || error instanceof InputError)) throw error;
      staying.push({ service, why: error.message });
    }
  }
  for (const plan of plans) output.print(...moveLines(plan, output), "");
  const stayingLines = staying.map(({ service, why }) => printable(`${service} stays: ${why}`));
  output.print(...stayingLines, ...(names.size === 0 ? [`No service has data on ${node.hostname}.`] : []));
  const planned = { node: node.hostname, plans: plans.map(planDocument), staying };
  if (options.dryRun) {
    if (output.json) output.document(planned);
    output.print("Nothing was changed (--dry-run).");
    return;
  }
  const moved: MoveDocument[] = [];
  if (plans.length > 0) {
    if (!options.yes) {
      const question = `Do you want to move ${plans.length === 1 ? "it" : `these ${plans.length}`}?`;
      await confirmPlan({ plan: () => planned, need: moveNeed, question }, output);
    }
    noteChange();
  }
  for (const plan of plans) moved.push(await moveOne(connection, plan, options, { output, signal }));
  if (output.json) output.document({ ...planned, moved });
  if (staying.length === 0) {
    output.print(
      "",
      `No service has data on ${node.hostname} any more. Keep new tasks away from it by \`${advisedDocker(`node update --availability drain ${node.hostname}`)}\`.`,
    );
    return;
  }
  output.warn(
    "",
    `${staying.length} of ${names.size} stay on ${node.hostname}; \`${advised("drain", node.hostname)}\` tries them again.`,
  );
  throw new Exit(exitCode.failed);
}

function findNode({ nodes }: SwarmRecord, name: string): SwarmNode {
  const [found, ...others] = nodes.filter(({ id, hostname }) => hostname === name || id === name);
  if (found !== undefined && others.length === 0) return found;
  throw new InputError({
    path: "node",
    expected: `one of ${nodes.map(({ hostname }) => hostname).join(", ")}`,
    got: found === undefined ? showValue(name) : `${showValue(name)}, which several nodes are called`,
    fix: found === undefined ? "Name a node as `docker node ls` shows it" : "Name it by its id",
  });
}
