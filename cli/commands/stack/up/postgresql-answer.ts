import { connect } from "node:net";
import { errorWords } from "../../../../text/error-text.ts";
import { InputError } from "../../../../text/input-error.ts";

/** How long PostgreSQL may take to answer, in milliseconds. */
const answerLimitMs = 3000;

/** The request for TLS, which a server answers before it asks who is there. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * Whether a PostgreSQL answers at an address; without signing in.
 *
 * @throws InputError when nothing does within 3 s
 * @see https://www.postgresql.org/docs/current/protocol-flow.html (SSL Session Encryption)
 */
export async function postgresqlAnswers(address: { host: string; port: number }): Promise<boolean> {
  const socket = connect(address);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const limit = setTimeout(() => {
    reject(new Error(`nothing for ${answerLimitMs / 1000} s`));
  }, answerLimitMs);
  socket.once("data", resolve);
  socket.once("error", reject);
  socket.once("close", () => {
    reject(new Error("a closed connection"));
  });
  try {
    socket.write(sslRequest);
    return /^[SN]/u.test((await promise).toString("latin1"));
  } catch (error) {
    throw new InputError({
      path: `postgresql at ${address.host}:${address.port}`,
      expected: "an answer",
      got: errorWords(error),
      fix: "Check with `docker service ps` that the server is running",
    });
  } finally {
    clearTimeout(limit);
    socket.destroy();
  }
}
