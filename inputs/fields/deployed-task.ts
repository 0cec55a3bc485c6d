/**
 * A task as `docker stack deploy` asks Swarm for it, in the words of the Compose file. A file and a live service give the same
 * form, so that they can be compared value by value: what is absent is `undefined`, and nothing else counts as absent.
 */
export interface DeployedTask {
  readonly task: Settings;
  readonly placement: Settings;
  readonly endpoint: Settings;
}

export type Settings = Readonly<Record<string, unknown>>;

/** What `docker stack deploy` adds to the labels of whatever it makes. */
export const stackLabel = "com.docker.stack.namespace";

/** A list sorted by one of its entries' values, as Docker's client sends mappings to Swarm. */
export function sortedBy<T>(list: readonly T[], key: (entry: T) => unknown): readonly T[] {
  const text = (entry: T): string => String(key(entry));
  return list.toSorted((one, other) => (text(one) < text(other) ? -1 : Number(text(one) > text(other))));
}

/** A mapping without its absent values; `undefined` if nothing is left. */
export function orNone(settings: Settings): Settings | undefined {
  return Object.values(settings).some((value) => value !== undefined) ? settings : undefined;
}
