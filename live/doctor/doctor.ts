import { advised } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import type { HostFacts } from "../host-facts.ts";
import type { AskedEngine, Inventory } from "../inventory.ts";

/** One thing that was looked at. */
export interface Diagnosis {
  /** The node or the engine's address; `swarm` for what concerns all. */
  readonly where: string;
  readonly check: string;
  /** `problem`: services will not work or will lose data. `not checked`: it could not be seen from here. */
  readonly result: "good" | "warning" | "problem" | "not checked";
  readonly found: string;
  /** Why it matters and what to do, for everything that is not good. */
  readonly fix?: string;
}

const oldestEngine = 20.1;
const skewLimitSeconds = 2;
const freeShareLimit = 0.1;

/** Judges a swarm before something is deployed to it. */
export function diagnose(inventory: Inventory, hosts: ReadonlyMap<string, HostFacts>): Diagnosis[] {
  return [
    ...inventory.engines.flatMap((engine) => diagnoseEngine(engine, hosts.get(engine.host))),
    ...diagnoseSwarm(inventory),
  ];
}

function diagnoseEngine(engine: AskedEngine, host: HostFacts | undefined): Diagnosis[] {
  if (!("report" in engine)) {
    const { host: address, problem, fix = "Start the engine, or correct the address" } = engine;
    return [{ where: address, check: "engine", result: "problem", found: problem, fix }];
  }
  const { report } = engine;
  const where = report.hostname;
  const [major = "0", minor = "0"] = report.engineVersion.split(".");
  const isRecent = Number(major) + Number(minor) / 100 >= oldestEngine;
  const skew = Math.abs(report.clockAheadSeconds);
  return [
    {
      where,
      check: "engine",
      found: `version ${report.engineVersion}, API ${report.apiVersion}`,
      ...(isRecent
        ? { result: "good" }
        : { result: "problem", fix: "Holdfast speaks API 1.41: install Docker 20.10 or later" }),
    },
    {
      where,
      check: "swarm",
      found: report.swarmState === "active" ? (report.isManager ? "manager" : "worker") : report.swarmState,
      ...(report.swarmState === "active"
        ? { result: "good" }
        : {
            result: "problem",
            fix:
              report.swarmState === "locked"
                ? "Run `docker swarm unlock` there"
                : "Run `docker swarm init` there, or `docker swarm join` with the token of a manager",
          }),
    },
    {
      where,
      check: "clock",
      found: `${skew < 0.05 ? "0.0" : report.clockAheadSeconds.toFixed(1)} s against this machine`,
      ...(skew <= skewLimitSeconds
        ? { result: "good" }
        : {
            result: "warning",
            fix: "Expiry of keys and the order of backups go by the node's clock: run an NTP client on both",
          }),
    },
    ...(host ? diagnoseHost(where, host) : [unseenHost(where)]),
  ];
}

function unseenHost(where: string): Diagnosis {
  const fix = `Run \`${advised("doctor")}\` on that node: its kernel and disk are seen only there`;
  return { where, check: "host", result: "not checked", found: "an engine on another machine", fix };
}

function diagnoseHost(where: string, host: HostFacts): Diagnosis[] {
  const { overcommitMemory, hugePages, hasIpvs, hasVxlan, disk } = host;
  const all: Diagnosis[] = [
    {
      where,
      check: "memory overcommit",
      found: `vm.overcommit_memory is ${overcommitMemory ?? "not known"}`,
      ...(overcommitMemory === 1
        ? { result: "good" }
        : {
            result: "warning",
            fix: "Redis may fail to fork for a background save when memory is short: `sysctl vm.overcommit_memory=1`, and the same in /etc/sysctl.d",
          }),
    },
    {
      where,
      check: "huge pages",
      found: `transparent huge pages: ${hugePages ?? "not in this kernel"}`,
      ...(hugePages !== "always"
        ? { result: "good" }
        : {
            result: "warning",
            fix: "After a fork they cost Redis latency and memory: `echo madvise > /sys/kernel/mm/transparent_hugepage/enabled` at boot",
          }),
    },
    {
      where,
      check: "routing mesh",
      found: hasIpvs ? "the kernel has IPVS" : "the kernel has no IPVS",
      ...(hasIpvs
        ? { result: "good" }
        : {
            result: "warning",
            fix: "Ports in ingress mode and virtual IPs do not work: publish ports in host mode, use `--endpoint-mode dnsrr`, or `modprobe ip_vs`",
          }),
    },
    {
      where,
      check: "overlay networks",
      found: hasVxlan === undefined ? "the kernel does not say" : `the kernel has ${hasVxlan ? "" : "no "}VXLAN`,
      ...(hasVxlan === true
        ? { result: "good" }
        : hasVxlan === undefined
          ? { result: "not checked", fix: "Try a service on an overlay network across two nodes" }
          : { result: "problem", fix: "Overlay networks need it: `modprobe vxlan`, or another kernel" }),
    },
  ];
  if (disk) {
    const isEnough = disk.freeBytes >= disk.totalBytes * freeShareLimit;
    all.push({
      where,
      check: "disk",
      found: `${byteWords(disk.freeBytes)} of ${byteWords(disk.totalBytes)} free under the data root`,
      ...(isEnough
        ? { result: "good" }
        : {
            result: "warning",
            fix: "A full disk stops Redis from saving, and its rewrites need as much space again: free some, or move the data root",
          }),
    });
  }
  return all;
}

function diagnoseSwarm({ swarm, engines, unseenNodes }: Inventory): Diagnosis[] {
  const where = "swarm";
  if (!swarm) {
    const isAnyActive = engines.some((engine) => "report" in engine && engine.report.swarmState === "active");
    if (!isAnyActive) return [];
    const found = "no manager that answers for the swarm";
    const fix = "Name a manager with --engine; where managers are lost, bring back more than half of them";
    return [{ where, check: "managers", result: "problem", found, fix }];
  }
  const { nodes } = swarm;
  const managers = nodes.filter(({ role }) => role === "manager").length;
  const lost = nodes.filter(({ state }) => state !== "ready");
  const twice = [...Map.groupBy(nodes, ({ hostname }) => hostname)].filter(([, same]) => same.length > 1);
  return [
    {
      where,
      check: "managers",
      found: `${managers} of ${nodes.length} nodes`,
      ...(managers === 1 || managers % 2 === 1
        ? { result: "good" }
        : {
            result: "warning",
            fix: `An even number survives no more losses than one manager less: promote or demote one (\`docker node promote\`, \`demote\`)`,
          }),
    },
    {
      where,
      check: "nodes",
      found:
        lost.length === 0
          ? "all ready"
          : `not ready: ${lost.map((node) => `${node.hostname} (${node.state})`).join(", ")}`,
      ...(lost.length === 0
        ? { result: "good" }
        : {
            result: "warning",
            fix: `Bring them back; what lies only on them is out of reach (\`${advised("audit")}\` says what)`,
          }),
    },
    {
      where,
      check: "hostnames",
      found:
        twice.length === 0
          ? "each node has its own"
          : twice.map(([name, same]) => `${name} ${same.length} times`).join(", "),
      ...(twice.length === 0
        ? { result: "good" }
        : {
            result: "problem",
            fix: "A pin by hostname matches them all: `docker node rm` those that are down, rename the others, or pin by a label",
          }),
    },
    ...(unseenNodes.length === 0
      ? []
      : [
          {
            where,
            check: "reach",
            result: "not checked" as const,
            found: `not asked, or silent: ${unseenNodes.join(", ")}`,
            fix: "Name their engines with --engine, once for each node",
          },
        ]),
  ];
}
