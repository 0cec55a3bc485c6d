/** Ways to the same goal without losing data, and commands that reach data that was left behind. */
import { asksForPassword, redisSetting, type RedisDirectives } from "../../model/redis/settings.ts";
import { RedisUser } from "../../model/redis/user-names.ts";
import { isKnown, notKnown, type ImageReference, type Known } from "../../model/service/definition.ts";
import { placeWords, type DataKeeper, type DataPlace } from "../../model/storage/data-location.ts";
import { advisedDocker } from "../../text/advised-command.ts";
import { shellWord } from "../../text/shell-words.ts";
import { showMountOptions, withoutCredentials } from "../redaction/command-line.ts";
import type { LeftBehind, Remedy } from "./verdict.ts";

/** The filter of `docker ps` that finds the containers of a service. */
function ofService(service: string): string {
  return `--filter ${shellWord(`label=com.docker.swarm.service.name=${service}`)}`;
}

/** The beginning of a command that runs in the service's container, on its node. */
function inContainer(service: string): string {
  return `${advisedDocker("exec")} "$(${advisedDocker("ps")} --quiet ${ofService(service)})"`;
}

/**
 * Redis commands to run in the service's container, each with redis-cli's connection options: the port and TLS and, if Redis may
 * require a password, one that the shell reads without echo and passes on without storing it.
 */
function redisLines({ redis }: DataKeeper, service: string, commands: readonly string[]): readonly string[] {
  const asks = redis === undefined ? false : asksForPassword(redis);
  const hasUsers = redis?.settings.some(({ name }) => name === "aclfile" || name === "user") === true;
  const container = `"$(${advisedDocker("ps")} --quiet ${ofService(service)})"`;
  const client = [
    advisedDocker("exec"),
    ...(asks === false ? [] : ["--env REDISCLI_AUTH"]),
    container,
    "redis-cli",
    ...(redis === undefined ? [] : connectionFlags(redis)),
    ...(hasUsers ? [`--user ${RedisUser.operations}`] : []),
  ].join(" ");
  const secret = hasUsers
    ? `the password of ${RedisUser.operations}, or of another user who may run these commands`
    : isKnown(asks)
      ? "the password of Redis"
      : "the password of Redis; nothing where there is none";
  return [
    ...(asks === false ? [] : [`read -rs REDISCLI_AUTH && export REDISCLI_AUTH   # ${secret}`]),
    ...commands.map((command) => `${client} ${command}`),
  ];
}

/** How redis-cli reaches a server that listens elsewhere than it does by default. */
function connectionFlags(redis: RedisDirectives): readonly string[] {
  const setting = (name: string): string | undefined => {
    const { value } = redisSetting(redis, name);
    return isKnown(value) ? value : undefined;
  };
  const [port = "6379", tlsPort, authority] = [setting("port"), setting("tls-port"), setting("tls-ca-cert-file")];
  if (port !== "0" || tlsPort === undefined) return port === "6379" ? [] : ["-p", shellWord(port)];
  return [
    "--tls",
    ...(authority === undefined ? [] : ["--cacert", shellWord(authority)]),
    ...(tlsPort === "6379" ? [] : ["-p", shellWord(tlsPort)]),
  ];
}

/** An image in one piece, for a command. */
function imageName({ repository, tag, digest }: ImageReference): string {
  if (!isKnown(repository)) return "busybox";
  const tagged = isKnown(tag) && tag !== undefined ? `${repository}:${tag}` : repository;
  return isKnown(digest) && digest !== undefined ? `${tagged}@${digest}` : tagged;
}

/** The options of the local driver; not known where one of them is not, and of a plug-in, whose options may hold anything. */
function localOptions({ options }: DataPlace): Known<readonly (readonly [string, string])[]> {
  if (!isKnown(options)) return notKnown;
  const { driver, driverOptions = {} } = options ?? {};
  if ((driver ?? "local") !== "local" || !isKnown(driverOptions)) return notKnown;
  const entries = Object.entries(driverOptions).map(([key, value]) =>
    isKnown(value) ? ([key, key === "o" ? showMountOptions(value) : withoutCredentials(value)] as const) : notKnown,
  );
  return entries.every(isKnown) ? entries : notKnown;
}

/**
 * The flag by which `docker run` mounts a volume or a folder, and makes the volume as the service does: the options of one that
 * exists already are never looked at again. Not known where an option is not.
 *
 * @see https://docs.docker.com/engine/storage/volumes/#create-a-service-which-creates-an-nfs-volume
 */
function mountFlag(place: DataPlace, source: string, target: string): Known<string> {
  const options = place.kind === "named volume" ? localOptions(place) : [];
  if (!isKnown(options)) return notKnown;
  if (options.length === 0) return `--volume ${shellWord(`${source}:${target}`)}`;
  const fields = [
    "type=volume",
    `source=${source}`,
    `target=${target}`,
    "volume-driver=local",
    ...options.map(([key, value]) => `volume-opt=${key}=${value}`),
  ].map((field) => (/[",\n]/u.test(field) ? `"${field.replaceAll('"', '""')}"` : field));
  return `--mount ${shellWord(fields.join(","))}`;
}

/** The line that mounts what the options of a volume lead to. `mount` takes an NFS server's address before the folder alone. */
export function mountCommand({ type, options, path }: NonNullable<DataPlace["device"]>): string {
  const all = options.split(",").filter((option) => option !== "");
  const address = all.find((option) => option.startsWith("addr="));
  const isBare = type.startsWith("nfs") && path.startsWith(":") && address !== undefined;
  const server = isBare ? address.slice("addr=".length) : "";
  const device = withoutCredentials(`${server.includes(":") ? `[${server}]` : server}${path}`);
  const kept = all.filter((option) => !isBare || option !== address).join(",");
  const flags = [
    ...(type === "" || type === "none" ? [] : ["-t", shellWord(type)]),
    ...(kept === "" ? [] : ["-o", shellWord(showMountOptions(kept))]),
  ];
  return `${["mount", ...flags, shellWord(device), "/mnt"].join(" ")} && ls -la /mnt`;
}

/** Where left-behind data is, and how to reach it. */
export function leftBehindAt(
  place: DataPlace,
  { service, image, node }: { service: string; image: ImageReference; node: string | undefined },
): LeftBehind {
  const path = isKnown(place.path) ? place.path : "/data";
  const source = place.source !== undefined && isKnown(place.source) ? place.source : "";
  const at = { place: placeWords(place), ...(node !== undefined && { node }) };
  const run = (volume: string): string =>
    `${advisedDocker("run")} --rm -it --entrypoint sh --volume ${shellWord(`${volume}:/left-behind`)} ${shellWord(imageName(image))} -c 'ls -la /left-behind'`;
  if (place.device !== undefined) return { ...at, command: mountCommand(place.device) };
  switch (place.kind) {
    case "named volume":
    case "host folder":
      return { ...at, command: run(source) };
    default:
      return {
        ...at,
        command: `${advisedDocker("cp")} "$(${advisedDocker("ps")} --all --latest --quiet --filter status=exited ${ofService(service)})":${shellWord(path)} ./left-behind`,
        until:
          "Swarm drops the stopped task from its history (5 tasks for each slot by default); its container and anonymous volumes go with it",
      };
  }
}

/** Copying data from one place to another while nothing writes. */
export function copyFirst(before: DataPlace, after: DataPlace, service: string, image: ImageReference): Remedy {
  const name = (place: DataPlace): string | undefined =>
    (place.kind === "named volume" || place.kind === "host folder") &&
    place.source !== undefined &&
    isKnown(place.source)
      ? place.source
      : undefined;
  const [from, to] = [name(before), name(after)];
  if (from === undefined || to === undefined) {
    return { text: "Keep the data where it is: mount the same volume at the data path." };
  }
  const into = mountFlag(after, to, "/to");
  if (!isKnown(into)) return copyByHand(after);
  const copy = `cp -a ${shellWord(`/from/${before.within}`)}/. ${shellWord(`/to/${after.within}`)}/`.replaceAll(
    "//",
    "/",
  );
  return {
    text: "Keep the volume, or copy the data first, on its node and while the service is stopped.",
    lines: [
      `${advisedDocker("service scale")} ${shellWord(service)}=0`,
      `${advisedDocker("run")} --rm --entrypoint sh --volume ${shellWord(`${from}:/from:ro`)} ${into} ${shellWord(imageName(image))} -c ${shellWord(copy)}`,
    ],
  };
}

function copyByHand(after: DataPlace): Remedy {
  return {
    text: `Keep the volume, or copy the data first into ${placeWords(after)}, made with the very options that the service's mount gives it: those of a volume that exists are never looked at again.`,
  };
}

/** Carrying the data of a volume to where the task starts next. */
export function moveData(
  { from, to, host }: { from: string; to: string; host: string | undefined },
  place: DataPlace,
  target: DataPlace,
): Remedy {
  const source = place.source !== undefined && isKnown(place.source) ? place.source : "";
  const into = mountFlag(target, source, "/to");
  if (!isKnown(into)) return copyByHand(target);
  const engine = shellWord(`ssh://${host ?? "<the new node>"}`);
  return {
    text: `Volumes do not follow tasks. Keep the pin, or scale the service to 0 and carry the data from ${from} to ${to} first.`,
    lines: [
      `${advisedDocker("run")} --rm --volume ${shellWord(`${source}:/from:ro`)} busybox tar -C /from -cf - . | docker -H ${engine} run --rm -i ${into} busybox tar -C /to -xf -`,
    ],
  };
}

/** Letting every node make a volume that leads to the file server. */
export function optionsInMount(place: DataPlace): Remedy {
  const options = localOptions(place);
  const text =
    "Give the mount the options that its docker.Volume has: then each node makes a volume that leads to the file server.";
  if (!isKnown(options)) return { text };
  const volumeOptions = { driverName: "local", driverOptions: Object.fromEntries(options) };
  return { text, lines: [`volumeOptions: ${JSON.stringify(volumeOptions)}`] };
}

/** Ways to one goal or another. */
export const remedies = {
  keepVolume: (): Remedy => ({
    text: "Protect the volume and retain it on delete, in a separate update, before anything else changes.",
    lines: ["new docker.Volume(name, args, { protect: true, retainOnDelete: true })"],
  }),
  forgetVolume: (): Remedy => ({
    text: "To stop managing the volume and keep it, retain it on delete in a separate update, and then remove it from the program.",
    lines: ["new docker.Volume(name, args, { retainOnDelete: true })"],
  }),
  /** `docker cp` does not see what is mounted from memory, so `tar` runs in the container. */
  copyOut: ({ path }: DataPlace, service: string): Remedy => ({
    text: "Copy the data out of the running container first, into a named volume that the service then mounts at its data path.",
    lines: [`${inContainer(service)} tar -C ${shellWord(isKnown(path) ? path : "/data")} -cf - . > data.tar`],
  }),
  /** Only Pulumi gives services separate names, written as URNs. */
  aliasRename: (id: string, service: string): Remedy =>
    id.startsWith("urn:")
      ? {
          text: "A resource that is renamed or moved in the program is the same one where an alias says so.",
          lines: [`{ aliases: [${JSON.stringify(id)}] }`],
        }
      : {
          text: "Let the old service stop before the new one is created.",
          lines: [`${advisedDocker("service scale")} ${shellWord(service)}=0`],
        },
  switchAppendOnlyOn: (keeper: DataKeeper, service: string): Remedy => ({
    text: "Switch the append-only file on in the running server first, wait until it is written, then change the definition.",
    lines: redisLines(keeper, service, [
      "CONFIG SET appendonly yes",
      "INFO persistence   # until aof_rewrite_in_progress:0",
    ]),
  }),
  switchAppendOnlyOff: (keeper: DataKeeper, service: string): Remedy => ({
    text: "Set a save point and run BGSAVE in the running server first, so that there is a snapshot to start from.",
    lines: redisLines(keeper, service, ["CONFIG SET save '3600 1'", "BGSAVE"]),
  }),
  /** Redis refuses to change these names while it runs. */
  renameFirst: (): Remedy => ({
    text: "Keep the name, or give the file or the folder the new one while the service is scaled to 0.",
  }),
  saveFirst: (keeper: DataKeeper, service: string): Remedy =>
    keeper.redis === undefined
      ? { text: "Make a backup with the program's own tool first, and look whether it can be read." }
      : {
          text: "Write the data first, and wait until it is on disk.",
          lines: redisLines(keeper, service, ["BGSAVE", "LASTSAVE"]),
        },
  carryOver: (): Remedy => ({
    text: "Keep the image, or start the new server alongside the old one on its own volume and copy the keys.",
  }),
  dumpFirst: (keeper: DataKeeper, service: string): Remedy => ({
    text: "Carry the data out of the running server first: it cannot save where the data path is mounted read-only.",
    lines: redisLines(keeper, service, ["--rdb - > dump.rdb"]),
  }),
  memoryFirst: (): Remedy => ({
    text: "Choose a memory limit above the data; while a snapshot is written, Redis may need up to twice as much.",
  }),
  startableFirst: (): Remedy => ({
    text: "First fix what keeps the new tasks from running, in a separate update; if it has already happened, the next `up` creates the service again, on the same data.",
  }),
  deleteFirst: (): Remedy => ({
    text: "Let Pulumi delete the old service before it creates the new one.",
    lines: ["{ deleteBeforeReplace: true }"],
  }),
  stopFirst: (): Remedy => ({ text: 'Let the old task stop before the new one starts: update order "stop-first".' }),
  oneWriter: (): Remedy => ({
    text: "Run one task for each volume: one service for each replica, each with its own volume.",
  }),
  scaleOldFirst: (service: string): Remedy => ({
    text: "Stop the old service before the new one starts, in a separate step, so that it saves its data and stops writing.",
    lines: [`${advisedDocker("service scale")} ${shellWord(service)}=0`],
  }),
  pinFirst: (node: string | undefined): Remedy => ({
    text: "Pin the service to the node that has its volume, in a separate update: adding a constraint that is already satisfied replaces no task.",
    lines: [`constraints: ["node.hostname==${node ?? "<the node>"}"]`],
  }),
  fixHostname: (): Remedy => ({
    text: "Give the service a fixed hostname, and rename its data folder after it while the service is stopped.",
  }),
  mendStop: (fix: string): Remedy => ({
    text: `${fix}, and have the server save before this change: the running task still has the old definition.`,
  }),
};
