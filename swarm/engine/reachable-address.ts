import { connect } from "node:net";
import type { EngineConnection } from "./connection.ts";

/** How long an address may take to accept a connection, in milliseconds. */
const connectLimitMs = 1000;

/** Where a port that a node publishes may be reached from here, the likelier first. */
export function addressesOf(
  hostname: string,
  nodes: readonly { readonly hostname: string; readonly address: string }[],
  connection: EngineConnection,
): string[] {
  const address = nodes.find((node) => node.hostname.toLowerCase() === hostname.toLowerCase())?.address;
  const own = address === undefined || address === "" || address === "0.0.0.0" ? [] : [address];
  // Docker Desktop's engine advertises an address that only its own virtual machine knows.
  const isDesktop = process.platform !== "linux" && connection.host.startsWith("unix://");
  return [...own, ...(isDesktop ? ["127.0.0.1"] : [])];
}

/** Whether something accepts connections at an address. */
export function answers(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: connectLimitMs });
  const end = (isOpen: boolean) => () => {
    socket.destroy();
    resolve(isOpen);
  };
  socket.once("connect", end(true));
  socket.once("error", end(false));
  socket.once("timeout", end(false));
  return promise;
}
