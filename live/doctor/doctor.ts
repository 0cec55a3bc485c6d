import { advised } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import type { HostFacts } from "../host-facts.ts";
import type { AskedEngine, Inventory } from "../inventory.ts";

/** The result of one check. */
export interface Diagnosis {
  /** The node or the engine's address; `swarm` for what concerns all of it. */
  readonly where: string;
  readonly check: string;
  /** `problem`: services will not work or will lose data. `not checked`: it cannot be seen from here. */
  readonly result: "good" | "warning" | "problem" | "not checked";
  readonly found: string;
  /** Why it matters and what to do, unless the result is good. */
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

/** What is wrong: the fix, under the severity. */
type Trouble = { readonly [result in Exclude<Diagnosis["result"], "good">]?: string };

function checksOf(where: string) {
  return (check: string, found: string, isGood: true | Trouble): Diagnosis => {
    if (isGood === true) return { where, check, result: "good", found };
    // The keys are those of the type.
    const [trouble] = Object.entries(isGood) as [Diagnosis["result"], string][];
    const [result, fix] = trouble ?? ["good", ""];
    return { where, check, result, found, fix };
  };
}

function diagnoseEngine(engine: AskedEngine, host: HostFacts | undefined): Diagnosis[] {
  if (!("report" in engine)) {
    const { host: address, problem, fix = "Start the engine, or correct the address" } = engine;
    return [checksOf(address)("engine", problem, { problem: fix })];
  }
  const { hostname, engineVersion, apiVersion, clockAheadSeconds, swarmState, isManager } = engine.report;
  const [major = "0", minor = "0"] = engineVersion.split(".");
  const isRecent = Number(major) + Number(minor) / 100 >= oldestEngine;
  const skew = Math.abs(clockAheadSeconds);
  const join =
    swarmState === "locked"
      ? "Run `docker swarm unlock` there"
      : "Run `docker swarm init` there, or `docker swarm join` with the token of a manager";
  const check = checksOf(hostname);
  return [
    check(
      "engine",
      `version ${engineVersion}, API ${apiVersion}`,
      isRecent || { problem: "Holdfast speaks API 1.41: install Docker 20.10 or later" },
    ),
    swarmState === "active"
      ? check("swarm", isManager ? "manager" : "worker", true)
      : check("swarm", swarmState, { problem: join }),
    check(
      "clock",
      `${skew < 0.05 ? "0.0" : clockAheadSeconds.toFixed(1)} s against this machine`,
      skew <= skewLimitSeconds || {
        warning: "Expiry of keys and the order of backups depend on the node's clock: run an NTP client on both",
      },
    ),
    ...(host
      ? diagnoseHost(hostname, host)
      : [
          check("host", "an engine on another machine", {
            "not checked": `Run \`${advised("doctor")}\` on that node: its kernel and disk are visible only there`,
          }),
        ]),
  ];
}

function diagnoseHost(where: string, { overcommitMemory, hugePages, hasIpvs, hasVxlan, disk }: HostFacts): Diagnosis[] {
  const check = checksOf(where);
  const vxlanTrouble: Trouble =
    hasVxlan === undefined
      ? { "not checked": "Try a service on an overlay network across two nodes" }
      : { problem: "Overlay networks need it: `modprobe vxlan`, or another kernel" };
  return [
    check(
      "memory overcommit",
      `vm.overcommit_memory is ${overcommitMemory ?? "not known"}`,
      overcommitMemory === 1 || {
        warning:
          "Redis may fail to fork for a background save when memory is short: `sysctl vm.overcommit_memory=1`, and the same in /etc/sysctl.d",
      },
    ),
    check(
      "huge pages",
      `transparent huge pages: ${hugePages ?? "not in this kernel"}`,
      hugePages !== "always" || {
        warning:
          "After a fork they cost Redis latency and memory: `echo madvise > /sys/kernel/mm/transparent_hugepage/enabled` at boot",
      },
    ),
    check(
      "routing mesh",
      hasIpvs ? "the kernel has IPVS" : "the kernel has no IPVS",
      hasIpvs || {
        warning:
          "Ports in ingress mode and virtual IPs do not work: publish ports in host mode, use `--endpoint-mode dnsrr`, or `modprobe ip_vs`",
      },
    ),
    check(
      "overlay networks",
      hasVxlan === undefined ? "the kernel does not say" : `the kernel has ${hasVxlan ? "" : "no "}VXLAN`,
      hasVxlan === true || vxlanTrouble,
    ),
    ...(disk
      ? [
          check(
            "disk",
            `${byteWords(disk.freeBytes)} of ${byteWords(disk.totalBytes)} free under the data root`,
            disk.freeBytes >= disk.totalBytes * freeShareLimit || {
              warning:
                "A full disk stops Redis from saving, and its rewrites need the same space again: free some, or move the data root",
            },
          ),
        ]
      : []),
  ];
}

function diagnoseSwarm({ swarm, engines, unseenNodes }: Inventory): Diagnosis[] {
  const check = checksOf("swarm");
  if (!swarm) {
    const isAnyActive = engines.some((engine) => "report" in engine && engine.report.swarmState === "active");
    const problem = "Name a manager with --engine; if managers are lost, bring back more than half of them";
    return isAnyActive ? [check("managers", "no manager that answers for the swarm", { problem })] : [];
  }
  const { nodes } = swarm;
  const managers = nodes.filter(({ role }) => role === "manager").length;
  const lost = nodes.filter(({ state }) => state !== "ready");
  const twice = [...Map.groupBy(nodes, ({ hostname }) => hostname)].filter(([, same]) => same.length > 1);
  return [
    check(
      "managers",
      `${managers} of ${nodes.length} nodes`,
      managers % 2 === 1 || {
        warning:
          "An even number survives no more losses than one manager less: promote or demote one (`docker node promote`, `demote`)",
      },
    ),
    lost.length === 0
      ? check("nodes", "all ready", true)
      : check("nodes", `not ready: ${lost.map((node) => `${node.hostname} (${node.state})`).join(", ")}`, {
          warning: `Bring them back; data that is only on them is out of reach (\`${advised("audit")}\` lists it)`,
        }),
    twice.length === 0
      ? check("hostnames", "each node has its own", true)
      : check("hostnames", twice.map(([name, same]) => `${name} ${same.length} times`).join(", "), {
          problem:
            "A pin by hostname matches them all: `docker node rm` those that are down, rename the others, or pin by a label",
        }),
    ...(unseenNodes.length === 0
      ? []
      : [
          check("reach", `not asked, or silent: ${unseenNodes.join(", ")}`, {
            "not checked": "Name their engines with --engine, once for each node",
          }),
        ]),
  ];
}
