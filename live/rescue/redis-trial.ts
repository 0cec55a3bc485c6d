import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { z } from "zod";
import { countKeys } from "../../model/redis/key-count.ts";
import { helperLabel } from "../../model/service/object-labels.ts";
import type { VolumeContent } from "../../model/storage/volume-content.ts";
import { isImagePresent } from "../../swarm/api/reads.ts";
import { readAnswer } from "../../swarm/engine/requests.ts";
import { printableLines } from "../../text/escape.ts";
import { runInContainer } from "../container-command.ts";
import { programOf } from "./search.ts";

/** What a Redis made of a volume's files. */
export type RedisTrial =
  | { readonly loads: true; readonly keys: number; readonly image: string }
  | { readonly loads: false; readonly problem: string; readonly image: string };

const source = "/rescue/volume";
const scratch = "/rescue/scratch";
const socket = "/rescue/redis.sock";

/** A dataset needs several times the memory of its files, and a test must not take that from what runs on the node. */
const memoryLimitBytes = 2 * 1024 ** 3;
const loadLimitMs = 60_000;
const replyLimitMs = 10_000;
const pollMs = 100;

/** What a Redis is to load. */
interface TrialInput {
  readonly volume: string;
  readonly content: VolumeContent;
  readonly signal: AbortSignal;
}

/**
 * Lets the first Redis that the node has an image of load a copy of a volume's files, and counts the keys: only Redis knows for sure what
 * is in them. The volume is mounted read-only, the copy is removed with the container, and there is no network. No image is pulled.
 *
 * @param preferred - images to try before the node's others
 * @returns undefined when no Redis could try: there is no image, or too little memory, disk or time
 */
export async function tryInFirstRedis(
  docker: Docker,
  preferred: readonly string[],
  input: TrialInput,
): Promise<RedisTrial | undefined> {
  const onNode = (await docker.listImages()).flatMap(({ RepoTags, RepoDigests }) => [
    ...((RepoTags as string[] | null) ?? []), // Null for an image without any, which the types do not know.
    ...((RepoDigests as string[] | null) ?? []),
  ]);
  for (const image of [...preferred, ...onNode].filter((name) => programOf(name) === "redis"))
    if (await isImagePresent(docker, image)) return tryInRedis(docker, image, input);
  return undefined;
}

async function tryInRedis(
  docker: Docker,
  image: string,
  { volume, content, signal }: TrialInput,
): Promise<RedisTrial | undefined> {
  const container = await docker.createContainer({
    name: `holdfast-rescue-${randomBytes(6).toString("hex")}`,
    Image: image,
    Entrypoint: ["sh", "-c", script, "sh", ...settings(content)],
    User: "0",
    Labels: { [helperLabel]: volume },
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: "none",
      Memory: memoryLimitBytes,
      Mounts: [
        { Type: "volume", Source: volume, Target: source, ReadOnly: true },
        { Type: "volume", Source: "", Target: scratch },
      ],
    },
  });
  try {
    await container.start();
    const outcome = await awaitKeys(docker, container, signal);
    return outcome && { ...outcome, image };
  } catch {
    return undefined; // An image without a shell, for example.
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}

/** The script's exit code when Redis never saw the files. */
const notTried = 70;

const script = `
server=$(command -v redis-server || command -v valkey-server || command -v keydb-server) &&
cp -a ${source}/. ${scratch} || exit ${notTried}
exec "$server" --port 0 --unixsocket ${socket} --save "" "$@"`;

/** The files may be in a subfolder of the volume; Redis accepts names in its own folder only. */
function settings({ snapshot, appendOnly }: VolumeContent): string[] {
  const path = appendOnly?.path ?? snapshot?.path ?? "";
  const [folder, name] = [posix.join(scratch, posix.dirname(path)), posix.basename(path)];
  if (!appendOnly) return ["--dir", folder, "--appendonly", "no", "--dbfilename", name];
  // Redis before version 7 has no folder of append-only files, and refuses a setting that it does not know.
  const isOneFile = name.endsWith(".aof");
  const isUsual = name === (isOneFile ? "appendonly.aof" : "appendonlydir");
  const named = isUsual ? [] : [isOneFile ? "--appendfilename" : "--appenddirname", name];
  return ["--dir", folder, "--appendonly", "yes", ...named];
}

async function awaitKeys(
  docker: Docker,
  container: Docker.Container,
  signal: AbortSignal,
): Promise<{ loads: true; keys: number } | { loads: false; problem: string } | undefined> {
  const client = `$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli)`;
  const ask = ["sh", "-c", `${client} -s ${socket} info`];
  const deadline = Date.now() + loadLimitMs;
  while (Date.now() < deadline && !signal.aborted) {
    const answer = await runInContainer(docker, container.id, ask, { limitMs: replyLimitMs }).catch(() => undefined);
    const keys = countKeys(answer?.output ?? "");
    if (keys !== undefined) return { loads: true, keys };
    const { Running, ExitCode, OOMKilled } = readAnswer(stateSchema, await container.inspect()).State;
    if (!Running) {
      const isRefused = ExitCode !== notTried && !OOMKilled;
      return isRefused ? { loads: false, problem: await lastWords(container) } : undefined;
    }
    await sleep(pollMs);
  }
  return undefined;
}

const stateSchema = z.object({
  State: z.object({ Running: z.boolean(), ExitCode: z.number(), OOMKilled: z.boolean() }),
});

/** The last line that Redis wrote, without its process, role and time. */
async function lastWords(container: Docker.Container): Promise<string> {
  const log = await container.logs({ stdout: true, stderr: true, tail: 20 });
  const lines = log
    .toString("utf8")
    .split("\n")
    .map((line) =>
      printableLines(line.replace(/^.{8}/s, ""))
        .replace(/^\d+:\w \d+ \w+ \d+ [\d:.]+ \S /, "")
        .trim(),
    )
    .filter((line) => line !== "");
  return (
    lines.findLast((line) => /bad|wrong|fatal|error|can't|unknown|unexpected|no /i.test(line)) ??
    lines.at(-1) ??
    "it ended"
  );
}
