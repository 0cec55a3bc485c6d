import type Docker from "dockerode";
import { z } from "zod";
import { EngineAnswerError, readAnswer } from "../swarm/engine/requests.ts";

const endSchema = z.object({ ExitCode: z.number().nullish() });

/** What a command in a container printed, and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Runs a command in a running container, as `docker exec` does.
 *
 * @param limitMs - how long it may take; what it has begun then goes on in the container. Default: as long as it says something
 * @throws EngineAnswerError `too slow`; the engine's answer, such as status 409 for a container that does not run
 */
export async function runInContainer(
  docker: Docker,
  containerId: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  limitMs = Infinity,
): Promise<CommandResult> {
  const exec = await docker.getContainer(containerId).exec({
    Cmd: [...command],
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({});
  const limit =
    limitMs === Infinity
      ? undefined
      : setTimeout(() => {
          stream.destroy(tooSlow(command[0] ?? "", limitMs));
        }, limitMs);
  const chunks: Buffer[] = [];
  try {
    // A stream without an encoding yields buffers.
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  } finally {
    clearTimeout(limit);
  }
  const { ExitCode } = readAnswer(endSchema, await exec.inspect());
  return { exitCode: ExitCode ?? 0, output: readFrames(Buffer.concat(chunks)).trimEnd() };
}

/** Takes the text out of the frames in which an engine sends both streams (Docker Engine API, "Stream format"). */
function readFrames(content: Buffer): string {
  const texts: Buffer[] = [];
  for (let at = 0; at + 8 <= content.length;) {
    const end = at + 8 + content.readUInt32BE(at + 4);
    if (end > content.length) throw brokenOff(end - content.length);
    texts.push(content.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(texts).toString("utf8");
}

/** Such a stream ends with its connection, so that only its last frame tells whether all of it has come. */
function brokenOff(missingBytes: number): EngineAnswerError {
  return new EngineAnswerError("cut off", {
    path: "the output of a command in a container",
    expected: "all of it",
    got: `${missingBytes} bytes less`,
    fix: "See whether the engine and the way to it are well, then run the command again",
  });
}

function tooSlow(program: string, limitMs: number): EngineAnswerError {
  return new EngineAnswerError("too slow", {
    path: `${program} in a container`,
    expected: "an answer",
    got: `no end of it within ${limitMs / 1000} s`,
    fix: "See whether the server in it is well, with `docker service logs`",
  });
}
