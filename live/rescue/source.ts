/** Finds the volume that is to be rescued and the engines that take part, and makes sure that nothing writes to it. */
import type Docker from "dockerode";
import { listContainers } from "../../swarm/api/reads.ts";
import { advised, advisedDocker } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { answeredIn, type AnsweredEngine, type Inventory, type NodeVolume } from "../inventory.ts";

/** The volume that is to be rescued, and the engine that has it. */
export interface RescueSource {
  readonly from: AnsweredEngine;
  readonly found: NodeVolume;
}

/**
 * Finds a volume by its name.
 *
 * @param fromNode - a hostname; without it, only one node may have a volume of this name
 * @throws InputError when there is none or several
 */
export function findSource(inventory: Inventory, volume: string, fromNode: string | undefined): RescueSource {
  if (fromNode !== undefined) engineOf(inventory, fromNode, "--from-node");
  const named = inventory.volumes.filter(
    ({ node, volume: { Name } }) => Name === volume && (fromNode === undefined || node === fromNode),
  );
  const [found, ...others] = named;
  if (!found) {
    const unseen = fromNode === undefined ? inventory.unseenNodes : [];
    const list = `ist the volumes with \`${advised("rescue")}\``;
    throw new InputError({
      path: "volume",
      expected: `a volume on ${fromNode ?? "a node whose engine was queried"}`,
      got: `${showValue(volume)}, which does not exist`,
      fix:
        unseen.length > 0 ? `Name the engines of the other nodes too (${unseen.join(", ")}), or l${list}` : `L${list}`,
    });
  }
  if (others.length > 0) {
    throw new InputError({
      path: "--from-node",
      expected: `one of ${named.map(({ node }) => node).join(", ")}, which all have a volume of this name`,
      got: "none",
      fix: "Name the node whose volume you want",
    });
  }
  return { from: engineOf(inventory, found.node, "--from-node"), found };
}

/**
 * The engine of a node.
 *
 * @param option - which named the node, for the error
 * @throws InputError for a node that does not exist; SituationError for one whose engine does not answer
 */
export function engineOf(inventory: Inventory, node: string, option: string): AnsweredEngine {
  const answered = answeredIn(inventory);
  const engine = answered.find(({ report }) => report.hostname === node);
  if (engine) return engine;
  if (inventory.swarm?.nodes.some(({ hostname }) => hostname === node)) {
    throw new SituationError({
      what: `The engine of ${node} was not asked or does not answer`,
      fix: "Name it with --engine once the node is up",
    });
  }
  throw new InputError({
    path: option,
    expected: `one of ${answered.map(({ report }) => report.hostname).join(", ") || "none: no engine answers"}`,
    got: showValue(node),
    fix: "Name a node by its hostname, as docker node ls shows it",
  });
}

/**
 * Refuses while a container may write to the volume.
 *
 * @throws SituationError
 */
export async function requireIdle(docker: Docker, volume: string, node: string): Promise<void> {
  const user = await writerOf(docker, volume);
  if (!user) return;
  const service = user.Labels?.["com.docker.swarm.service.name"];
  const name = user.Names[0]?.replace(/^\//, "") ?? user.Id.slice(0, 12);
  throw new SituationError({
    what: `The container ${name} on ${node} uses the volume ${showValue(volume)}`,
    fix: `Stop it first: \`${advisedDocker(service === undefined ? `stop ${name}` : `service scale ${service}=0`)}\``,
  });
}

/** A container that may write to a volume. */
export async function writerOf(docker: Docker, volume: string) {
  const users = await listContainers(docker, { volume: [volume] });
  return users.find(({ State }) => !["created", "exited", "dead"].includes(State));
}
