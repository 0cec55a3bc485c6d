import { createConnection, type Socket } from "node:net";
import { connect } from "node:tls";
import { readFile } from "node:fs/promises";
import { canaryKey } from "../../model/redis/canary.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { BackupConfiguration } from "../protocol.ts";

/** How a server is reached that takes canaries. */
export type CanaryServer = NonNullable<BackupConfiguration["canary"]>;

const answerLimitMs = 5000;

/** A server that says so takes no writes at all, and what it does not take cannot be lost. */
const takesNoWrites = /^-(?:LOADING|MISCONF|OOM|READONLY|MASTERDOWN|BUSY)\b/u;

/**
 * Signs in and sets the canary. Each one has a connection of its own: the server's address changes with its task.
 *
 * @returns false when the server takes no writes at present
 * @throws SituationError when it is not reached, or does not allow it
 */
export async function writeCanary(server: CanaryServer, password: string, canary: number): Promise<boolean> {
  const words = encoded("AUTH", server.username, password) + encoded("SET", canaryKey, String(canary));
  const lines = await twoLines(await openSocket(server), words).catch((error: unknown) => {
    const { code = "no answer" } = error instanceof Error && "code" in error ? { code: String(error.code) } : {};
    throw refusal(
      server,
      `was not reached: ${code}`,
      "Check whether it runs, on a network that its companion has joined",
    );
  });
  const mistake = lines.find((line) => !line.startsWith("+"));
  if (mistake === undefined) return true;
  if (takesNoWrites.test(mistake)) return false;
  throw refusal(
    server,
    `took no ${canaryKey}: ${mistake.slice(1, 200)}`,
    `Let the user ${server.username} set and get it`,
  );
}

function refusal({ host, port }: CanaryServer, problem: string, fix: string): SituationError {
  return new SituationError({ what: `The server at ${host}${host.startsWith("/") ? "" : `:${port}`} ${problem}`, fix });
}

async function openSocket({ host, port, authority }: CanaryServer): Promise<Socket> {
  if (host.startsWith("/")) return createConnection(host);
  if (authority === undefined) return createConnection({ host, port });
  // Whoever has a certificate of this authority is the server: it has no name that a task could be checked by.
  return connect({ host, port, ca: await readFile(authority), checkServerIdentity: () => undefined });
}

function twoLines(socket: Socket, words: string): Promise<readonly string[]> {
  return new Promise<readonly string[]>((resolve, reject) => {
    let answer = "";
    socket.setEncoding("latin1").setTimeout(answerLimitMs, () => socket.destroy());
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error("no answer"));
    });
    socket.on("data", (text: string) => {
      answer += text;
      const lines = answer.split("\r\n").slice(0, -1);
      if (lines.length >= 2) resolve(lines.slice(0, 2));
    });
    socket.write(words);
  }).finally(() => socket.destroy());
}

function encoded(...words: string[]): string {
  return [`*${words.length}\r\n`, ...words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)].join("");
}
