import { createServer, connect, type Server } from "node:net";

/** How a connection is cut: before the engine has the request, or before the client has the answer. */
export type Cut = "request lost" | "answer lost";

/** A Docker socket that loses one request, or the answer to it, on its way. */
export interface CuttingProxy {
  host: string;
  close(): Promise<void>;
}

/**
 * Puts a socket before a Docker engine's that cuts the connection at the nth request that changes something.
 *
 * @param socketPath where the proxy listens
 * @param enginePath the engine's socket
 */
export async function startCuttingProxy(
  socketPath: string,
  enginePath: string,
  nth: number,
  cut: Cut,
): Promise<CuttingProxy> {
  let seen = 0;
  const server: Server = createServer((client) => {
    const engine = connect(enginePath);
    let answerLost = false;
    const end = (): void => {
      client.destroy();
      engine.destroy();
    };
    client.on("error", end).on("close", end);
    engine.on("error", end).on("close", end);
    client.on("data", (chunk) => {
      const isChange = /^(?:POST|PUT|DELETE) /.test(chunk.toString("latin1", 0, 8));
      if (isChange && ++seen === nth) {
        if (cut === "request lost") {
          end();
          return;
        }
        answerLost = true;
      }
      engine.write(chunk);
    });
    engine.on("data", (chunk) => {
      if (answerLost) end();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    host: `unix://${socketPath}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
