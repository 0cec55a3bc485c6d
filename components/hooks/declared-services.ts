const declared = new Set<string>();

/**
 * The services that this program has declared so far, by their names in Docker. Any other service that mounts one of their
 * volumes is a second writer, and what they use may be about to change.
 */
export const declaredServices: ReadonlySet<string> = declared;

/** Notes that this program declares a service. */
export function declareService(serviceName: string): void {
  declared.add(serviceName);
}
