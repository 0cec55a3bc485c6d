import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import { InputError, showValue } from "../../text/input-error.ts";

/** How a port is published. */
export const PublishMode = {
  /** On the node of the task alone, without load balancing: needs no IPVS, and the client's address is seen. */
  host: "host",
  /** On every node, through Swarm's routing mesh. */
  ingress: "ingress",
} as const;

export type PublishMode = (typeof PublishMode)[keyof typeof PublishMode];

/** A port that is reachable from outside the swarm. */
export interface PublishedPort {
  /** The port that the server listens on inside the container. */
  target: number;
  /** The port on the node. */
  published: number;
  /** How it is published. @default PublishMode.host */
  mode?: PublishMode;
}

/** How a preset publishes the one port of its server. */
export interface Publication {
  publishedPort: number | undefined;
  publishMode: PublishMode | undefined;
}

/** The ports of a preset. */
export function portsToPublish(
  target: number,
  { publishedPort: published, publishMode: mode }: Publication,
): PublishedPort[] {
  return published === undefined ? [] : [{ target, published, ...(mode && { mode }) }];
}

/**
 * What a service publishes. Host ports go with DNS round robin, which needs no IPVS; the routing mesh needs a virtual IP.
 *
 * @param path - the ports' path, for the error
 * @throws InputError when two have the same number
 */
export function endpoint(ports: readonly PublishedPort[], path: string): docker.types.input.ServiceEndpointSpec {
  const published = ports.map((port) => port.published);
  const twice = published.findIndex((port, index) => published.indexOf(port) !== index);
  if (twice !== -1) {
    throw new InputError({
      path: `${path}[${twice}].published`,
      expected: "a port that no other entry publishes",
      got: showValue(published[twice]),
      fix: "Choose another port",
    });
  }
  return {
    mode: ports.some(({ mode }) => mode === PublishMode.ingress) ? "vip" : "dnsrr",
    ports: ports.map(({ target, published, mode = PublishMode.host }) => ({
      protocol: "tcp",
      targetPort: target,
      publishedPort: published,
      publishMode: mode,
    })),
  };
}

/**
 * A number that changes with the endpoint. As `forceUpdate` it makes Swarm replace the task when, and only when, the endpoint
 * changes: left to itself Swarm may keep the task and the old port (seen: an update that also drops the placement's platforms).
 */
export function endpointFingerprint(endpointSpec: docker.ServiceArgs["endpointSpec"]): number {
  return createHash("sha256").update(JSON.stringify(endpointSpec)).digest().readUInt32BE() >>> 1;
}
