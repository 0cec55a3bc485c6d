import pRetry from "p-retry";
import { z } from "zod";
import { printableLines } from "../../text/escape.ts";
import { EngineAnswerError } from "../engine/requests.ts";

const answerSchema = z.looseObject({
  statusCode: z.number().optional(),
  code: z.string().optional(),
  json: z.looseObject({ message: z.string().optional() }).nullish().catch(undefined),
  message: z.string().default("an unknown error"),
});

/** The HTTP status of an engine's answer that refused a request; undefined when there was no answer. */
export function dockerStatus(error: unknown): number | undefined {
  return answerSchema.safeParse(error).data?.statusCode;
}

/**
 * An engine's own words for what went wrong, without the wrapping of HTTP, gRPC and dockerode, and without the echo of registries,
 * whose codes say the same as their messages ("manifest unknown: manifest unknown").
 */
export function dockerWords(error: unknown): string {
  const { json, message } = answerSchema.catch({ message: String(error) }).parse(error);
  const words = (json?.message ?? message).replace(/^rpc error: code = \w+ desc = /, "").trim();
  const parts = words.split(": ");
  return printableLines(parts.filter((part, index) => part !== parts[index - 1]).join(": "));
}

/** Whether a request broke off without an answer, so that it is unknown whether it was carried out. */
export function isConnectionCut(error: unknown): boolean {
  if (error instanceof EngineAnswerError) return error.problem !== "redirect";
  const { data } = answerSchema.safeParse(error);
  if (!data || data.statusCode !== undefined) return false;
  return (
    /^(?:ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOST|ENET|EAI_|UND_ERR)/.test(data.code ?? "") ||
    data.message === "socket hang up"
  );
}

/** How often a read is tried again when the connection breaks; with the waits between, for about 3 s. */
const readRetries = 5;

/**
 * Sends a request that changes nothing, again when the connection breaks; never use it for one that changes something.
 *
 * @throws the engine's answer, or the last failure of the connection
 */
export async function readAgain<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return pRetry(read, {
    retries: readRetries,
    minTimeout: 100,
    factor: 2,
    shouldRetry: ({ error }) =>
      error instanceof EngineAnswerError ? error.problem === "cut off" : isConnectionCut(error),
    ...(signal && { signal }),
  });
}
