import { connect } from "node:net";
import type { EngineConnection, SwarmNode } from "../swarm/connection.ts";

/** How long an address may take to accept a connection, in milliseconds. */
const connectLimitMs = 1000;

/** Where a port that a node publishes may be reached from here, the likelier first. */
export function addressesOf(hostname: string, nodes: readonly SwarmNode[], connection: EngineConnection): string[] {
  const address = nodes.find((node) => node.hostname.toLowerCase() === hostname.toLowerCase())?.address;
  const own = address === undefined || address === "" || address === "0.0.0.0" ? [] : [address];
  // An engine behind a socket of this machine may advertise an address that only its own machine knows.
  const isLocal = connection.host.startsWith("unix://") && nodes.length === 1;
  return [...new Set([...own, ...(isLocal ? ["127.0.0.1"] : [])])];
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
