import { once } from "node:events";
import { connect } from "node:net";

/** How long PostgreSQL may take to answer, in milliseconds. */
const answerLimitMs = 3000;

/** The request for TLS, which a server answers before it asks who is there. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * Whether a PostgreSQL answers at an address; nobody signs in.
 *
 * @throws the connection's error when nothing does
 * @see https://www.postgresql.org/docs/current/protocol-flow.html (SSL Session Encryption)
 */
export async function postgresqlAnswers(address: { host: string; port: number }): Promise<boolean> {
  const socket = connect(address);
  try {
    socket.write(sslRequest);
    const answer: unknown[] = await once(socket, "data", { signal: AbortSignal.timeout(answerLimitMs) });
    return Buffer.isBuffer(answer[0]) && /^[SN]/u.test(answer[0].toString("latin1"));
  } finally {
    socket.destroy();
  }
}
