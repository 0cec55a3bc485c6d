import { readdir, readFile, readlink } from "node:fs/promises";
import { asStranger, asStrangerIn } from "./stranger.ts";

/** Where a process waits for somebody to connect, or to send something. */
export type Door =
  | { readonly kind: "tcp" | "udp"; readonly host: string; readonly port: number }
  /** A name in Linux' abstract namespace begins with `@`. */
  | { readonly kind: "unix"; readonly path: string };

/** A process with all that it has started, and what those have. */
export async function processTree(root: number): Promise<number[]> {
  const parents = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/u.test(name))
      .map(async (name) => [Number(name), await parentOf(name)] as const),
  );
  const tree = [root];
  // The list grows while it is walked.
  for (const pid of tree) tree.push(...parents.flatMap(([child, parent]) => (parent === pid ? [child] : [])));
  return tree;
}

async function parentOf(pid: string): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return parent === undefined ? undefined : Number(parent);
}

/** Every door of some processes, in whatever network namespace they are: all that listens, and all datagram sockets. */
export async function doorsOf(pids: readonly number[]): Promise<Door[]> {
  const doors = await Promise.all(pids.map(doorsOfOne));
  const all = new Map(doors.flat().map((door) => [JSON.stringify(door), door]));
  return [...all.values()];
}

async function doorsOfOne(pid: number): Promise<Door[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder).catch(() => [])).map((name) => readlink(`${folder}/${name}`).catch(() => "")),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.slice(1) ?? []));
  const rows = async (file: string): Promise<string[][]> =>
    (await readFile(`/proc/${pid}/net/${file}`, "utf8").catch(() => ""))
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/u));
  const internet = async (file: string, kind: "tcp" | "udp"): Promise<Door[]> =>
    (await rows(file))
      // State 0A is LISTEN; a datagram socket has none to speak of (net/tcp_states.h).
      .filter(([, , , state, , , , , , inode = ""]) => inodes.has(inode) && (kind === "udp" || state === "0A"))
      .map(([, local = ""]) => ({ kind, ...addressOf(local) }));
  const unix = (await rows("unix"))
    // The flag 00010000 is of a socket that listens (net/unix/af_unix.c, __SO_ACCEPTCON).
    .filter(([, , , flags, , , inode = "", path]) => inodes.has(inode) && flags === "00010000" && path !== undefined)
    .map(([, , , , , , , path = ""]): Door => ({ kind: "unix", path }));
  const doors = await Promise.all([
    internet("tcp", "tcp"),
    internet("tcp6", "tcp"),
    internet("udp", "udp"),
    internet("udp6", "udp"),
  ]);
  return [...doors.flat(), ...unix];
}

/** An address of /proc/net/tcp, `0100007F:1F90`: words of four bytes, each with its last byte first. */
function addressOf(text: string): { host: string; port: number } {
  const [address = "", port = ""] = text.split(":");
  const bytes = [...address.matchAll(/.{8}/gu)].flatMap(([word]) =>
    [...word.matchAll(/../gu)].map(([byte]) => Number.parseInt(byte, 16)).toReversed(),
  );
  if (bytes.length === 4) return { host: bytes.join("."), port: Number.parseInt(port, 16) };
  const groups = bytes.flatMap((byte, at) => (at % 2 === 0 ? [((byte << 8) | (bytes[at + 1] ?? 0)).toString(16)] : []));
  return { host: groups.join(":"), port: Number.parseInt(port, 16) };
}

const knock = `
  const net = require("node:net");
  const doors = JSON.parse(process.argv[1]);
  const open = doors.filter(({ kind }) => kind === "udp");
  let left = doors.length - open.length;
  const done = () => { if (left-- === 0) console.log(JSON.stringify(open)); };
  for (const door of doors) {
    if (door.kind === "udp") continue;
    const path = door.path?.replace(/^@/, "\\0");
    const socket = path === undefined ? net.connect({ host: door.host === "0.0.0.0" ? "127.0.0.1" : door.host, port: door.port }) : net.connect({ path });
    socket.setTimeout(3000, () => socket.destroy(new Error("no answer")));
    socket.once("connect", () => { open.push(door); socket.destroy(); done(); });
    socket.once("error", done);
  }
  done();
`;

/**
 * Which doors another user of this machine finds open. Where datagrams are taken, all are.
 *
 * @param pid - a process in whose network that user is; default: this machine's own
 */
export async function openToStrangers(doors: readonly Door[], pid?: number): Promise<Door[]> {
  const asked = JSON.stringify(doors);
  return JSON.parse(await (pid === undefined ? asStranger(knock, asked) : asStrangerIn(pid, knock, asked))) as Door[];
}
