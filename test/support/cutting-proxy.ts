import { connect, createServer, type Socket } from "node:net";

/** A way to a Docker engine that breaks off when it is told to. */
export interface CuttingProxy {
  /** `unix://…` of the proxy. */
  host: string;
  /** Breaks the connection at the nth request from now (default: the next) whose first line matches. */
  cut: (what: "request" | "answer", firstLine: RegExp, nth?: number) => void;
  /** Whether a connection that was to be broken still waits for its request. */
  isWaiting: () => boolean;
  close: () => void;
}

/** Puts a proxy in front of an engine's socket. */
export async function cuttingProxy(engineSocket: string, proxySocket: string): Promise<CuttingProxy> {
  let toCut: { what: "request" | "answer"; firstLine: RegExp; left: number } | undefined;
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
      if (toCut?.firstLine.test(chunk.toString("latin1").split("\r\n", 1)[0] ?? "") && --toCut.left === 0) {
        isCut = true;
        if (toCut.what === "request") client.destroy();
        toCut = undefined;
      }
      if (!client.destroyed) engine.write(chunk);
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
    cut: (what, firstLine, nth = 1) => {
      toCut = { what, firstLine, left: nth };
    },
    isWaiting: () => toCut !== undefined,
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
