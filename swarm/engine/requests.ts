/**
 * The one way to send a request to a Docker engine, and what an answer must be like to be accepted.
 *
 * docker-modem sends requests without a limit of time or size, follows redirects, and never ends one whose answer is cut off in its
 * body (lib/modem.js and lib/http.js of 5.0.7). So its `buildRequest` is replaced; what it makes of options and answers stays.
 */
import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { z } from "zod";
import { byteWords } from "../../text/byte-size.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { mistakeWords } from "../../text/schema-mistake.ts";

/** What is wrong with an engine's answer. */
export type AnswerProblem = "cut off" | "silent" | "too slow" | "too large" | "redirect" | "not Docker's";

/** An answer of an engine that cannot be used, or that never came; names the engine and the request. */
export class EngineAnswerError extends InputError {
  readonly problem: AnswerProblem;

  constructor(problem: AnswerProblem, mistake: { path: string; expected: string; got: string; fix: string }) {
    super(mistake);
    this.problem = problem;
  }
}

/** What one request may take. */
export interface RequestLimits {
  /** How long until the connection is made, in milliseconds. */
  readonly connectMs: number;
  /** How long the engine may be silent, before the answer and within it, in milliseconds. */
  readonly silenceMs: number;
  /** How long all of it may take, in milliseconds. */
  readonly wholeMs: number;
  /** How large an answer may be that is kept in memory. */
  readonly bytes: number;
}

/**
 * What most requests may take: a manager without a quorum answers after 20 s, and the tasks of 10,000 services are about 40 MB.
 */
const usualLimits: RequestLimits = { connectMs: 10_000, silenceMs: 30_000, wholeMs: 120_000, bytes: 128 * 1024 * 1024 };

/** Requests that take longer by nature, by method and path; the first match counts. */
const longRequests: readonly { readonly request: RegExp; readonly silenceMs: number }[] = [
  // Docker measures every volume and image for this.
  { request: /^GET \/system\/df$/u, silenceMs: 300_000 },
  // A registry may be slow to begin, and a large layer to be unpacked.
  { request: /^POST \/(?:images\/create|images\/load|build)$/u, silenceMs: 300_000 },
  // An engine answers a large archive once it has received all of it and written it to disk.
  { request: /^(?:GET|PUT|HEAD) \/containers\/[^/]+\/archive$/u, silenceMs: 120_000 },
  // A command may be silent for long.
  { request: /^POST \/exec\/[^/]+\/start$/u, silenceMs: 120_000 },
  // Docker waits for the container's stop grace period, and for its disk.
  { request: /^(?:POST \/containers\/[^/]+\/(?:stop|restart|wait)|DELETE \/containers\/[^/]+)$/u, silenceMs: 300_000 },
];

/** Requests that are answered with a list; all others that are answered with JSON, with an object. */
const lists = /^GET \/(?:services|tasks|nodes|secrets|configs|networks|containers\/json|images\/json)$/u;

/** What docker-modem passes to `buildRequest` in addition to the options of Node's request. */
interface RequestContext {
  readonly method: string;
  readonly isStream?: boolean | undefined;
  readonly hijack?: boolean | undefined;
  readonly openStdin?: boolean | undefined;
  readonly statusCodes: Readonly<Record<number, true | string>>;
}

type Callback = (error: unknown, answer: unknown) => void;

/** The parts of docker-modem that are used here (lib/modem.js); its types know only some. */
interface Modem {
  readonly protocol: string;
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly sshOptions: object;
  /** How long the engine may be silent, where a caller overrides the request's own limit. */
  timeout?: number | undefined;
  readonly buildPayload: (
    error: null,
    isStream: boolean | undefined,
    statusCodes: RequestContext["statusCodes"],
    openStdin: boolean | undefined,
    request: ClientRequest,
    response: IncomingMessage,
    content: unknown,
    callback: Callback,
  ) => void;
  buildRequest: (
    options: RequestOptions,
    context: RequestContext,
    data: string | Buffer | Readable | undefined,
    callback: Callback,
  ) => void;
}

/** How long an engine that has just been silent for a whole limit may be silent again, in milliseconds: a command sends many requests. */
const muteSilenceMs = 3000;

/** The engines that have been silent for a whole limit, and since then. */
const muteEngines = new Set<string>();

/** Which engine gave an answer, and to which request. */
const origins = new WeakMap<object, string>();

/**
 * Makes every request of a client go this way.
 *
 * @param label - what messages call the engine
 * @param limits - for tests; default: what the request's kind may take
 */
export function guardRequests(docker: Docker, label: string, limits: Partial<RequestLimits> = {}): void {
  // docker-modem's own object (lib/modem.js); its types leave out what is replaced here.
  const modem = docker.modem as unknown as Modem;
  modem.buildRequest = (options, context, data, callback) => {
    const name = `${context.method} ${pathOf(options.path ?? "")}`;
    const long = longRequests.find(({ request }) => request.test(name));
    // For a stream only silence counts.
    const wholeMs = long !== undefined || context.isStream || context.hijack ? Infinity : usualLimits.wholeMs;
    const borne: RequestLimits = {
      ...usualLimits,
      wholeMs,
      ...(long && { silenceMs: long.silenceMs }),
      ...(modem.timeout !== undefined && { silenceMs: modem.timeout }),
      ...limits,
    };
    const silenceMs = muteEngines.has(label) ? Math.min(borne.silenceMs, muteSilenceMs) : borne.silenceMs;
    send(modem, options, context, data, callback, { name, path: label, limits: { ...borne, silenceMs } });
  };
}

/** Limits how long the engine of a client may be silent from now on, whatever is asked, in milliseconds. */
export function limitSilence(docker: Docker, milliseconds: number): void {
  (docker.modem as unknown as Modem).timeout = milliseconds;
}

/**
 * Reads an engine's answer with a schema.
 *
 * @throws EngineAnswerError that names the engine, the request and the first thing that is wrong
 */
export function readAnswer<T>(schema: z.ZodType<T>, answer: unknown): T {
  const { data, error } = schema.safeParse(answer);
  if (error === undefined) return data;
  const origin = typeof answer === "object" && answer !== null ? origins.get(answer) : undefined;
  throw notDockers(origin ?? "the Docker engine", mistakeWords(error));
}

function notDockers(path: string, got: string): EngineAnswerError {
  return new EngineAnswerError("not Docker's", {
    path,
    expected: "an answer as the Docker Engine API has it",
    got,
    fix: "Check what answers at that address",
  });
}

function send(
  modem: Modem,
  options: RequestOptions,
  { isStream, hijack, openStdin, statusCodes }: RequestContext,
  data: string | Buffer | Readable | undefined,
  callback: Callback,
  { name, path, limits }: { name: string; path: string; limits: RequestLimits },
): void {
  let response: IncomingMessage | undefined;
  let isAnswered = false;
  const answer: Callback = (error, content) => {
    if (isAnswered) return;
    isAnswered = true;
    callback(error, content);
  };
  const problem = (kind: AnswerProblem, got: string) =>
    kind === "not Docker's"
      ? notDockers(`${path}: ${name}`, got)
      : new EngineAnswerError(kind, {
          path: `${path}: ${name}`,
          expected: kind === "redirect" ? "the engine's own answer" : "a complete answer in time",
          got,
          fix: "Check the engine and the connection to it, then run the command again",
        });

  let request: ClientRequest;
  try {
    const open = modem.protocol === "https" ? requestHttps : requestHttp;
    request = open(modem.protocol === "ssh" ? { ...options, agent: sshAgent(modem), protocol: "http:" } : options);
  } catch (error) {
    answer(error, null);
    return;
  }

  const fail = (error: unknown) => {
    watch.end();
    const reason = error instanceof Error ? error : new Error(String(error));
    response?.destroy(reason);
    request.destroy(reason);
    answer(error, null);
  };
  const watch = watchOver(limits, (kind, got) => {
    // While there is something to read that has not been read yet, the engine is not silent.
    if (kind === "silent" && (response?.readableLength ?? 0) > 0) {
      watch.heard();
      return;
    }
    if (kind === "silent") muteEngines.add(path);
    fail(problem(kind, got));
  });
  const { signal } = options;
  const onAbort = () => {
    fail(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  request.once("close", () => {
    watch.end();
    signal?.removeEventListener("abort", onAbort);
    // The last resort: no caller may wait for a request that is over.
    answer(problem("cut off", response ? "one that broke off" : "the end of the connection"), null);
  });
  request.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => (watch.connected(), undefined));
    else watch.connected();
    const heard = () => {
      watch.heard();
      // An engine that hangs may still answer a ping, which takes no work.
      if (!name.endsWith(" /_ping")) muteEngines.delete(path);
    };
    socket.on("data", heard);
    request.once("close", () => socket.off("data", heard));
  });
  request.on("error", (error) => {
    const { code } = error as NodeJS.ErrnoException;
    fail(code?.startsWith("HPE_") ? problem("not Docker's", `something that is not HTTP (${error.message})`) : error);
  });
  if (hijack) {
    request.once("upgrade", (_response, socket, head) => {
      watch.end();
      if (head.length > 0) socket.unshift(head);
      answer(null, socket);
    });
  }
  request.once("response", (found: IncomingMessage) => {
    response = found;
    const { statusCode = 0, headers } = found;
    if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) {
      fail(problem("redirect", `a redirect to ${showValue(headers.location ?? "nowhere")}`));
      return;
    }
    // Without a listener Node drops the error of an answer that is cut off.
    found.on("error", (error) => {
      // The other side went away in the middle (Node: `lib/_http_client.js`, `socketCloseListener`).
      const isCut = "code" in error && error.code === "ECONNRESET";
      fail(isCut ? problem("cut off", "one that broke off") : error);
    });
    if (isStream) {
      modem.buildPayload(null, isStream, statusCodes, openStdin, request, found, null, answer);
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    found.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.bytes) fail(problem("too large", `more than ${byteWords(limits.bytes)}`));
      else chunks.push(chunk);
    });
    found.once("end", () => {
      watch.end();
      const content = readContent(Buffer.concat(chunks), found, statusCodes[statusCode] === true, name);
      if ("mistake" in content) {
        fail(problem("not Docker's", content.mistake));
        return;
      }
      if (typeof content.value === "object" && content.value !== null) origins.set(content.value, `${path}: ${name}`);
      modem.buildPayload(null, false, statusCodes, false, request, found, content.value, answer);
    });
  });

  if (data === undefined || typeof data === "string" || Buffer.isBuffer(data)) {
    if (openStdin) {
      if (data !== undefined) request.write(data);
    } else request.end(data);
    return;
  }
  data.on("error", fail);
  data.on("data", () => {
    watch.heard();
  });
  data.pipe(request);
}

/** The content of a whole answer: its JSON, or its bytes. */
function readContent(
  bytes: Buffer,
  { headers }: IncomingMessage,
  isGood: boolean,
  name: string,
): { value: unknown } | { mistake: string } {
  const isJson = headers["content-type"]?.startsWith("application/json") === true;
  if (isGood && headers["content-type"]?.startsWith("text/html")) return { mistake: "a web page" };
  let value: unknown = bytes;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    if (isGood && isJson && bytes.length > 0) return { mistake: "invalid JSON" };
    // An error page, such as a proxy's.
    const line = bytes.toString("utf8").trim().split("\n", 1)[0] ?? "";
    if (!isGood) value = { message: line === "" ? "without a reason" : showValue(line) };
  }
  if (!isGood) return { value: typeof value === "object" && value !== null ? value : { message: showValue(value) } };
  if (lists.test(name)) return isListOfObjects(value) ? { value } : { mistake: `${kindOf(value)} instead of a list` };
  return isJson && bytes.length > 0 && kindOf(value) !== "an object" && !acceptsAnyJson.test(name)
    ? { mistake: `${kindOf(value)} instead of an object` }
    : { value };
}

/** Answered with a text or a list in JSON. */
const acceptsAnyJson =
  /^POST \/swarm\/init$|^DELETE \/images\/|^GET \/(?:containers\/[^/]+\/changes|images\/.+\/history)$/u;

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => kindOf(element) === "an object");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (Buffer.isBuffer(value)) return value.length === 0 ? "nothing" : "something other than JSON";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The path of a request without the API's version and what is asked for. */
function pathOf(address: string): string {
  const path = address.replace(/^https?:\/\/[^/]*/u, "").split("?", 1)[0] ?? "";
  return path.replace(/^\/v\d+\.\d+(?=\/)/u, "");
}

/** docker-modem's own way through SSH, an agent for one request. */
function sshAgent({ sshOptions, host, port, username, password }: Modem): NonNullable<RequestOptions["agent"]> {
  const fromHere = createRequire(import.meta.url);
  const fromDockerode = createRequire(fromHere.resolve("dockerode"));
  // What lib/ssh.js of docker-modem is: a function that makes an agent.
  const makeAgent = fromDockerode("docker-modem/lib/ssh") as (options: object) => NonNullable<RequestOptions["agent"]>;
  return makeAgent({ ...sshOptions, host, port, username, password });
}

/** Watches the limits of one request. */
function watchOver(
  { connectMs, silenceMs, wholeMs }: RequestLimits,
  onProblem: (problem: AnswerProblem, got: string) => void,
) {
  const after = (milliseconds: number, problem: AnswerProblem, got: string) =>
    setTimeout(() => {
      onProblem(problem, got);
    }, milliseconds);
  const connect = after(connectMs, "silent", `no connection within ${connectMs / 1000} s`);
  const silence = after(silenceMs, "silent", `nothing for ${silenceMs / 1000} s`);
  const whole = wholeMs === Infinity ? undefined : after(wholeMs, "too slow", `no end within ${wholeMs / 1000} s`);
  return {
    connected: () => {
      clearTimeout(connect);
      silence.refresh();
    },
    heard: () => void silence.refresh(),
    end: () => {
      for (const timer of [connect, silence, whole]) clearTimeout(timer);
    },
  };
}
