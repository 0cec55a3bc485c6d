import { connect, createServer, type Socket } from "node:net";

/** A way to a Docker engine that breaks off when it is told to. */
export interface CuttingProxy {
  /** `unix://…` of the proxy. */
  host: string;
  /** Lets the next request whose first line matches through, and breaks the connection instead of answering it. */
  cutAnswerTo: (firstLine: RegExp) => void;
  close: () => void;
}

/** Puts a proxy in front of an engine's socket. */
export async function cuttingProxy(engineSocket: string, proxySocket: string): Promise<CuttingProxy> {
  let toCut: RegExp | undefined;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect(engineSocket);
    let isCut = false;
    for (const socket of [client, engine]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        engine.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (toCut?.test(chunk.toString("latin1").split("\r\n", 1)[0] ?? "")) {
        toCut = undefined;
        isCut = true;
      }
      engine.write(chunk);
    });
    engine.on("data", (chunk) => {
      // The engine has done what was asked; only the answer is lost.
      if (isCut) client.destroy();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(proxySocket, resolve));
  return {
    host: `unix://${proxySocket}`,
    cutAnswerTo: (firstLine) => {
      toCut = firstLine;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
