import { isKnown, type DefinedPort, type ServiceDefinition } from "./definition.ts";

/** The known ports that a service publishes in a mode, such as `10000/tcp`, without those that Swarm chooses. */
export function publishedPorts(
  { ports }: Pick<ServiceDefinition, "ports">,
  mode: "host" | "ingress",
): readonly string[] {
  const all: readonly DefinedPort[] = isKnown(ports) ? ports : [];
  return all.flatMap(({ publishedPort, publishMode, protocol }) => {
    const isMode = (isKnown(publishMode) ? publishMode || "ingress" : undefined) === mode;
    if (!isMode || !isKnown(publishedPort) || publishedPort === undefined) return [];
    return [portKey(publishedPort, isKnown(protocol) ? protocol : undefined)];
  });
}

/** A port in the form used for comparison, such as `10000/tcp`. */
export function portKey(port: number, protocol: string | null | undefined): string {
  return `${port}/${protocol || "tcp"}`;
}
