import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { findEngine, listNodes, swarmMembership, type EngineConnection } from "../../swarm/engine/connection.ts";
import { readAnswer } from "../../swarm/engine/requests.ts";
import { advised } from "../../text/advised-command.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { Toolbox } from "../host/toolbox.ts";
import { connectNode } from "./network.ts";
import type { LabNode } from "./node.ts";
import type { LabRecord } from "./record.ts";

const readyLimitMs = 60_000;
const nanosecondsPerSecond = 1e9;

/**
 * Makes one swarm of engines that run, or waits for the one that they were in, until every node is ready. Managers join one
 * after another: several at once keep each other from a quorum.
 *
 * @throws SituationError when they are not ready within 60 s.
 */
export async function formSwarm(toolbox: Toolbox, record: LabRecord, nodes: readonly LabNode[]): Promise<boolean> {
  for (const { name } of nodes) await connectNode(toolbox, record.id, name, true);
  const [first, ...others] = nodes.map((node) => ({ node, connection: findEngine({ host: node.dockerHost }) }));
  if (first === undefined) return false;
  if (!(await isMember(first.connection))) await initSwarm(first.connection, first.node, record.heartbeatSeconds);
  await waitFor(nodes, async () => (await swarmMembership(first.connection)).isManager);

  const join = async ({ node, connection }: (typeof others)[number]) => {
    if (await isMember(connection)) return;
    const { JoinTokens } = readAnswer(joinTokensSchema, await first.connection.docker.swarmInspect());
    await connection.docker.swarmJoin({
      ListenAddr: `${node.address}:2377`,
      AdvertiseAddr: node.address,
      RemoteAddrs: [`${first.node.address}:2377`],
      JoinToken: node.role === "manager" ? JoinTokens.Manager : JoinTokens.Worker,
    });
  };
  for (const each of others.filter(({ node }) => node.role === "manager")) await join(each);
  await Promise.all(others.filter(({ node }) => node.role === "worker").map(join));
  await waitFor(nodes, async () => {
    const ready = await listNodes(first.connection).catch(() => []);
    return ready.filter(({ state }) => state === "ready").length === nodes.length;
  });
  return true;
}

const joinTokensSchema = z.object({ JoinTokens: z.object({ Manager: z.string(), Worker: z.string() }) });

/** The heartbeat is set with the swarm, because a node keeps the period that it got when it registered. */
async function initSwarm({ docker }: EngineConnection, { address }: LabNode, heartbeatSeconds: number): Promise<void> {
  await docker.swarmInit({
    ListenAddr: `${address}:2377`,
    AdvertiseAddr: address,
    Spec: { Dispatcher: { HeartbeatPeriod: heartbeatSeconds * nanosecondsPerSecond } },
  });
}

async function isMember(connection: EngineConnection): Promise<boolean> {
  return (await swarmMembership(connection)).state !== "inactive";
}

async function waitFor(nodes: readonly LabNode[], isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + readyLimitMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) {
      throw new SituationError({
        what: `The ${nodes.length} nodes of the swarm are not ready within ${readyLimitMs / 1000} s`,
        fix: `Read the dockerd.log of each node, or remove the lab with \`${advised("lab stop")}\` and start it again`,
      });
    }
    await sleep(100);
  }
}
