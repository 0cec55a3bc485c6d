import { readdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import type { Toolbox } from "../host/toolbox.ts";

/**
 * The addresses of a lab. They lie in 198.18.0.0/15, which is set aside for tests of network devices (RFC 2544) and so
 * meets neither the internet nor a private network; the same index never serves two labs of one machine.
 */
export interface LabAddresses {
  /** 0 to 255: the third byte of every address of the lab. */
  readonly index: number;
  /** The engine's default bridge, with its prefix. */
  readonly bridgeAddress: string;
  /** The subnet of `docker_gwbridge`, through which tasks on overlay networks publish ports in host mode. */
  readonly gatewaySubnet: string;
  /** The network between this machine and engines in namespaces of their own. */
  readonly lanSubnet: string;
  /** This machine's address in that network. */
  readonly lanHostAddress: string;
}

/** The addresses that belong to an index. */
export function labAddresses(index: number): LabAddresses {
  return {
    index,
    bridgeAddress: `198.18.${index}.1/25`,
    gatewaySubnet: `198.18.${index}.128/25`,
    lanSubnet: `198.19.${index}.0/24`,
    lanHostAddress: `198.19.${index}.1`,
  };
}

/** The address of the nth engine (from 1) in its own namespace. */
export function nodeAddress(addresses: LabAddresses, nth: number): string {
  return `198.19.${addresses.index}.${10 + nth}`;
}

/** Chooses an index that no interface of this machine uses, beginning with one made from the lab's id. */
export function freeAddressIndex(lab: string, used: readonly string[] = interfaceAddresses()): number {
  const first = Number.parseInt(lab.slice(0, 2), 16);
  const candidates = Array.from({ length: 256 }, (_, offset) => (first + offset) % 256);
  const isFree = (index: number) =>
    !used.some((address) => address.startsWith(`198.18.${index}.`) || address.startsWith(`198.19.${index}.`));
  return candidates.find(isFree) ?? first;
}

/** The names of a lab's links; a link's name has at most 15 bytes. */
export function linkNames(lab: string): { bridge: string; gatewayBridge: string; lanHost: string } {
  return { bridge: `hf-${lab}`, gatewayBridge: `hfg-${lab}`, lanHost: `hfh-${lab}` };
}

/** The name of a network namespace of a lab. */
export function namespaceName(lab: string, part: string): string {
  return `holdfast-${lab}-${part}`;
}

/**
 * Makes the network between this machine and the lab's namespaces: a namespace that holds a bridge, and a pair of links
 * from it to this machine. The bridge is not on the machine itself, where another engine's firewall rules would drop
 * what it forwards (`FORWARD` is set to DROP and `bridge-nf-call-iptables` to 1).
 */
export async function createLan(toolbox: Toolbox, lab: string, addresses: LabAddresses): Promise<void> {
  const lan = namespaceName(lab, "lan");
  const { lanHost } = linkNames(lab);
  await runIp(toolbox, [
    `netns add ${lan}`,
    `link add ${lanHost} type veth peer name host netns ${lan}`,
    `addr add ${addresses.lanHostAddress}/24 dev ${lanHost}`,
    `link set ${lanHost} up`,
  ]);
  await runIp(toolbox, ["link add lan type bridge", "link set lan up", "link set host master lan up"], lan);
}

/** Makes a namespace for an engine and connects it to the lab's network under an address. */
export async function createNode(toolbox: Toolbox, lab: string, part: string, address: string): Promise<string> {
  const lan = namespaceName(lab, "lan");
  const node = namespaceName(lab, part);
  await runIp(toolbox, [`netns add ${node}`]);
  await runIp(
    toolbox,
    [`link add ${part} type veth peer name eth0 netns ${node}`, `link set ${part} master lan up`],
    lan,
  );
  await runIp(toolbox, ["link set lo up", `addr add ${address}/24 dev eth0`, "link set eth0 up"], node);
  return node;
}

/** Removes an engine's namespace, and with it all its links, those that its engine made included. */
export async function removeNode(toolbox: Toolbox, lab: string, part: string): Promise<void> {
  const node = namespaceName(lab, part);
  if (!(await labNamespaces(lab)).includes(node)) return;
  // The kernel takes a deleted namespace apart a little later: the link goes first, for its name is needed again.
  await runIp(toolbox, [`link delete ${part}`], namespaceName(lab, "lan")).catch(() => undefined);
  await runIp(toolbox, [`netns delete ${node}`]);
}

/** Cuts the cable between an engine's namespace and the lab's network, or mends it. */
export async function connectNode(toolbox: Toolbox, lab: string, part: string, isConnected: boolean): Promise<void> {
  await runIp(toolbox, [`link set ${part} ${isConnected ? "up" : "down"}`], namespaceName(lab, "lan"));
}

/** Whether the cable between an engine's namespace and the lab's network is whole; there may be no namespace at all. */
export async function isNodeConnected(toolbox: Toolbox, lab: string, part: string): Promise<boolean> {
  const lan = namespaceName(lab, "lan");
  const { stdout, failed } = await execa("ip", ["-netns", lan, "-json", "link", "show", part], {
    env: toolbox.environment,
    reject: false,
  });
  return failed || flagsSchema.parse(JSON.parse(stdout)).some(({ flags }) => flags.includes("UP"));
}

/** Limits what an engine's namespace receives from the lab's network, by a token bucket (tc-tbf(8)), or lifts the limit. */
export async function limitNode(
  toolbox: Toolbox,
  lab: string,
  part: string,
  kilobitsPerSecond: number | undefined,
): Promise<void> {
  const tc = (...args: string[]) =>
    execa("tc", ["-netns", namespaceName(lab, "lan"), "qdisc", ...args], { env: toolbox.environment });
  if (kilobitsPerSecond === undefined) {
    // There may be no limit to lift.
    await tc("delete", "dev", part, "root").catch(() => undefined);
    return;
  }
  const rate = ["rate", `${kilobitsPerSecond}kbit`, "burst", "16kb", "latency", "400ms"];
  await tc("replace", "dev", part, "root", "tbf", ...rate);
}

const flagsSchema = z.array(z.object({ flags: z.array(z.string()) }));

/**
 * Makes the bridge that an engine uses instead of `docker0`, on the machine or in a namespace. dockerd makes only
 * `docker0` itself; with its own bridge the lab never meets another engine's.
 */
export async function createBridge(
  toolbox: Toolbox,
  lab: string,
  addresses: LabAddresses,
  namespace?: string,
): Promise<void> {
  const { bridge } = linkNames(lab);
  const commands = [
    `link add ${bridge} type bridge`,
    `addr add ${addresses.bridgeAddress} dev ${bridge}`,
    `link set ${bridge} up`,
  ];
  await runIp(toolbox, commands, namespace);
}

/**
 * Removes a lab's namespaces and links, whatever of them there is.
 *
 * @param engineDirectories where the lab's engines keep their data, which shows which bridges (`br-…`) on this machine
 * belong to networks of the lab.
 */
export async function removeLabNetworks(
  toolbox: Toolbox,
  lab: string,
  engineDirectories: readonly string[],
): Promise<void> {
  const stores = await Promise.all(
    engineDirectories.map((directory) =>
      readFile(join(directory, "data/network/files/local-kv.db"), "latin1").catch(() => ""),
    ),
  );
  const own = Object.values(linkNames(lab));
  const isOurs = (link: string) =>
    own.includes(link) || (/^br-[0-9a-f]{12}$/.test(link) && stores.some((text) => text.includes(link.slice(3))));
  // The kernel takes a deleted namespace apart a little later, with the links into it: those go first.
  for (const link of (await listLinks(toolbox)).filter(isOurs)) await runIp(toolbox, [`link delete ${link}`]);
  for (const namespace of await labNamespaces(lab)) await runIp(toolbox, [`netns delete ${namespace}`]);
}

/** Lists the network namespaces of a lab. */
export async function labNamespaces(lab: string): Promise<string[]> {
  const names = await readdir("/run/netns").catch(() => []);
  return names.filter((name) => name.startsWith(namespaceName(lab, "")));
}

const linksSchema = z.array(z.object({ ifname: z.string() }));

async function listLinks(toolbox: Toolbox): Promise<string[]> {
  const { stdout } = await execa("ip", ["-json", "link", "show"], { env: toolbox.environment });
  return linksSchema.parse(JSON.parse(stdout)).map(({ ifname }) => ifname);
}

/** Runs commands of ip(8), one a line, in a namespace or on the machine; stops at the first that fails. */
async function runIp(toolbox: Toolbox, commands: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-netns", namespace];
  await execa("ip", [...where, "-batch", "-"], { env: toolbox.environment, input: commands.join("\n") });
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address);
}
