const declared = new Set<string>();

/**
 * The services of this program, by their names in Docker, as far as it has come: any other one that mounts a volume of theirs is a
 * second writer, and what they hold may be about to change.
 */
export const declaredServices: ReadonlySet<string> = declared;

/** Notes that this program declares a service. */
export function declareService(serviceName: string): void {
  declared.add(serviceName);
}
