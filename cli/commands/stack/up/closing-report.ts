import { setTimeout as sleep } from "node:timers/promises";
import { advised } from "../../../../text/advised-command.ts";
import { byteWords } from "../../../../text/byte-size.ts";
import type { CommandContext } from "../../../context/context.ts";
import type { StackService } from "../../../context/stack-services.ts";
import { connectRedis, type ReachedService, reachService, servicesOf } from "../../redis/client.ts";
import { backupAnswer } from "./backup-answer.ts";
import { postgresqlAnswers } from "./postgresql-answer.ts";

/** How long a service that is up may take to answer for the first time, in milliseconds. */
const answerLimitMs = 10_000;

/** How one service is after `up`. */
export interface ServiceReport {
  service: string;
  kind: StackService["kind"];
  /** The service that it backs up, where it is a companion. */
  backupOf?: string;
  /** The service whose backup it restores on a schedule, where it is a drill. */
  drillOf?: string;
  /** Whether a companion delivers, in words. */
  backup?: string;
  /** `host:port` from outside the swarm. */
  endpoint?: string;
  /** Where the published port is open, in words. */
  listensOn?: string;
  node: string;
  /** The volumes or folders of its data; none of a cache. */
  volume?: string;
  memoryLimitBytes?: number;
  /** What Redis answered. */
  ping?: string;
  /** Whether PostgreSQL answered. */
  answers?: boolean;
  username?: string;
  database?: string;
}

/**
 * Says where each service of the stack's components is, and asks those that can be reached for a sign of life.
 *
 * @param isSandbox - whether ports are published on 127.0.0.1 alone; Swarm itself knows no other address than all
 */
export async function closingReport(context: CommandContext, isSandbox: boolean): Promise<ServiceReport[]> {
  const services = await servicesOf(context);
  return Promise.all(services.map((service) => reportOf(context, service, isSandbox)));
}

/** The report as it is printed, with what to type next. */
export function reportLines(reports: readonly ServiceReport[]): string[] {
  const stores = reports.filter(({ ping }) => ping !== undefined);
  const next = [
    ...redisCommands(stores[0], stores.length > 1),
    ...reports.flatMap(({ kind, endpoint, username = "", database = "" }) => {
      const [host = "", port = ""] = endpoint?.split(/:(?=\d+$)/u) ?? [];
      return kind === "PostgreSQL" && endpoint !== undefined
        ? [`psql -h ${host} -p ${port} -U ${username} ${database}`]
        : [];
    }),
    `${advised("preview")}, after changing the program or its settings`,
  ];
  return [
    ...reports.flatMap((report, index) => [...(index === 0 ? [] : [""]), ...serviceLines(report)]),
    "",
    ...next.map((line, index) => `${index === 0 ? "Next: " : "      "}${line}`),
  ];
}

function serviceLines(report: ServiceReport): string[] {
  const {
    service,
    backupOf,
    drillOf,
    backup,
    endpoint,
    listensOn,
    node,
    volume,
    memoryLimitBytes,
    ping,
    database,
    answers,
  } = report;
  const of = backupOf ?? drillOf;
  const rows: [string, string | undefined][] = [
    ["service", service],
    ["of", of],
    ["backup", backup],
    ["endpoint", endpoint ?? (of === undefined ? `${service}, on its networks only` : undefined)],
    ["node", node],
    ["volume", volume],
    ["limit", memoryLimitBytes === undefined ? undefined : byteWords(memoryLimitBytes)],
    ["database", database],
    ["PING", ping],
    ["answers", answers === true ? "yes" : undefined],
    ["open on", listensOn],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [`  ${label.padEnd(9)} ${value}`]));
}

function redisCommands(store: ServiceReport | undefined, isOneOfSeveral: boolean): string[] {
  if (store === undefined) return [];
  const chosen = isOneOfSeveral ? `--service ${store.service} ` : "";
  return ["set foo bar", "get foo"].map((words) => advised("redis", `${chosen}${words}`));
}

async function reportOf(context: CommandContext, service: StackService, isSandbox: boolean): Promise<ServiceReport> {
  const { name, kind, backupOf, drillOf, port, isRouted, volumes, memoryLimitBytes, username, database, isStopped } =
    service;
  const { node, endpoint, tried, ping, answers } = await untilAnswered(context, service);
  return {
    service: name,
    kind,
    ...(backupOf !== undefined && { backupOf, backup: await backupAnswer(context, name) }),
    ...(drillOf !== undefined && { drillOf }),
    ...(endpoint && { endpoint: `${endpoint.host}:${endpoint.port}` }),
    ...(port !== undefined && !endpoint && { endpoint: notReached(isStopped, tried) }),
    ...(port !== undefined &&
      (endpoint !== undefined || tried.length > 0) &&
      !isSandbox && { listensOn: `every address of ${isRouted ? "every node" : node}` }),
    node: isStopped ? "none (stopped)" : node,
    ...(volumes.length > 0 && { volume: volumes.join(", ") }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    ...(ping !== undefined && { ping }),
    ...(answers !== undefined && { answers }),
    ...(username !== undefined && { username }),
    ...(database !== undefined && { database }),
  };
}

/** A service that is up and cannot be reached from here may be so by intent: only its node's network may know the address. */
function notReached(isStopped: boolean, tried: readonly string[]): string {
  if (isStopped) return "none (stopped)";
  return tried.length === 0 ? "none (no task is running)" : `${tried.join(" or ")} (not reachable from here)`;
}

/** Where a service is, and what it answered. */
type Answer = ReachedService & { ping?: string; answers?: boolean };

/** Asks until there is an answer: a server that has just started may still be reading its data. */
async function untilAnswered(context: CommandContext, service: StackService): Promise<Answer> {
  const deadline = Date.now() + answerLimitMs;
  for (;;) {
    const isLast = Date.now() > deadline;
    const reached = await reachService(context, service);
    const { endpoint } = reached;
    const isAsked = service.port !== undefined && !service.isStopped;
    if (!isAsked || (isLast && endpoint === undefined)) return reached;
    try {
      if (endpoint !== undefined) return { ...reached, ...(await answerOf(service, reached)) };
    } catch (error) {
      if (isLast) throw error;
    }
    await sleep(200);
  }
}

async function answerOf(service: StackService, reached: ReachedService): Promise<Partial<Answer>> {
  if (service.kind === "PostgreSQL" && reached.endpoint !== undefined)
    return { answers: await postgresqlAnswers(reached.endpoint) };
  if (service.kind !== "Redis") return {};
  using redis = await connectRedis(service, reached);
  const reply = await redis.send("ping");
  if (reply.kind !== "status") throw new Error("bytes" in reply ? reply.bytes.toString() : reply.kind);
  return { ping: reply.bytes.toString() };
}
