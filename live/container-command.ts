import type Docker from "dockerode";
import { z } from "zod";
import { readFrames } from "../swarm/api/frames.ts";
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
 * @param options.limitMs - how long it may take; what has begun by then continues in the container. Default: no limit while it prints
 * @throws EngineAnswerError `too slow` or `cut off`; the engine's answer, such as status 409 for a container that does not run
 */
export async function runInContainer(
  docker: Docker,
  containerId: string,
  command: readonly string[],
  options: { readonly environment?: Readonly<Record<string, string>>; readonly limitMs?: number } = {},
): Promise<CommandResult> {
  const { environment = {}, limitMs = 2 ** 31 - 1 } = options;
  const exec = await docker.getContainer(containerId).exec({
    Cmd: [...command],
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({});
  const limit = setTimeout(() => stream.destroy(tooSlow(command[0] ?? "", limitMs)), limitMs);
  const chunks: Buffer[] = [];
  try {
    // A stream without an encoding yields buffers.
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  } finally {
    clearTimeout(limit);
  }
  const { text, missingBytes } = readFrames(Buffer.concat(chunks));
  // Such a stream ends with its connection, so only its last frame shows whether all of it has arrived.
  if (missingBytes > 0) throw brokenOff(missingBytes);
  const { ExitCode } = readAnswer(endSchema, await exec.inspect());
  return { exitCode: ExitCode ?? 0, output: text.trimEnd() };
}

function brokenOff(missingBytes: number): EngineAnswerError {
  return new EngineAnswerError("cut off", {
    path: "the output of a command in a container",
    expected: "all of it",
    got: `${missingBytes} bytes less`,
    fix: "Check the engine and the connection to it, then run the command again",
  });
}

function tooSlow(program: string, limitMs: number): EngineAnswerError {
  return new EngineAnswerError("too slow", {
    path: `${program} in a container`,
    expected: "an answer",
    got: `no end within ${limitMs / 1000} s`,
    fix: "Check the server in it with `docker service logs`",
  });
}
