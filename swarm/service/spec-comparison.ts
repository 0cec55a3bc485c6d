import { splitImageName } from "../../text/image-name.ts";
import type { ServiceSpec } from "../api/objects.ts";

/**
 * Whether a service that Docker shows can be the one that was sent: everything that was sent is there.
 *
 * Docker fills in defaults, resolves the names of networks to ids and, for the provider, tags to digests and platforms;
 * what was left out or empty may therefore be anything.
 */
export function isMadeFrom(found: ServiceSpec, sent: ServiceSpec): boolean {
  return holds(comparable(found), comparable(sent));
}

function comparable(spec: ServiceSpec): object {
  const { ContainerSpec, Networks, Placement, ...task } = spec.TaskTemplate;
  const { repository, tag } = splitImageName(ContainerSpec?.Image ?? "");
  return {
    ...spec,
    TaskTemplate: {
      ...task,
      ContainerSpec: { ...ContainerSpec, Image: repository && `${repository}:${tag ?? "latest"}` },
      Placement: { ...Placement, Platforms: undefined },
      Networks: (Networks ?? []).map((network) => ({ ...network, Target: undefined })),
    },
  };
}

/** Whether `found` has everything that `sent` has; what is empty in `sent` asks for nothing. */
function holds(found: unknown, sent: unknown): boolean {
  if (!sent) return true;
  if (Array.isArray(sent)) {
    if (sent.length === 0) return true;
    return (
      Array.isArray(found) && found.length === sent.length && sent.every((item, index) => holds(found[index], item))
    );
  }
  if (typeof sent !== "object") return found === sent;
  const members = new Map(Object.entries(found ?? {}));
  return Object.entries(sent).every(([name, value]) => holds(members.get(name), value));
}

/** No limit of processes, in the word for it that is not the default. */
export const noProcessLimit = -1;

/**
 * Puts lists whose order means nothing (mounts, variables, secrets, …) into the order that the service has.
 *
 * Swarm compares lists in order: the same mounts in another order would restart every task for nothing. For the same reason, what is
 * written differently but means the same stays as it is.
 */
export function inOrderOf(current: ServiceSpec, next: ServiceSpec): ServiceSpec {
  const { ContainerSpec: was, Placement: place, Networks: networks } = current.TaskTemplate;
  const { ContainerSpec: container, Placement, Networks, Resources } = next.TaskTemplate;
  const saysNoLimit = current.TaskTemplate.Resources?.Limits?.Pids === noProcessLimit && !Resources?.Limits?.Pids;
  return {
    ...next,
    TaskTemplate: {
      ...next.TaskTemplate,
      ...(container && {
        ContainerSpec: {
          ...container,
          ...sortedLike("Env", was?.Env, container.Env, (variable) => variable.split("=", 1)[0]),
          ...sortedLike("Hosts", was?.Hosts, container.Hosts, (host) => host),
          ...sortedLike("Mounts", was?.Mounts, container.Mounts, (mount) => mount.Target),
          ...sortedLike("Secrets", was?.Secrets, container.Secrets, (secret) => secret.File?.Name),
          ...sortedLike("Configs", was?.Configs, container.Configs, (config) => config.File?.Name),
        },
      }),
      ...(Placement && {
        Placement: {
          ...Placement,
          ...sortedLike("Constraints", place?.Constraints, Placement.Constraints, (constraint) => constraint),
        },
      }),
      ...sortedLike("Networks", networks, Networks, (network) => network.Target),
      // To Swarm 0, which means the same, is another task.
      ...(saysNoLimit && { Resources: { ...Resources, Limits: { ...Resources?.Limits, Pids: noProcessLimit } } }),
    },
  };
}

function sortedLike<Name extends string, Item>(
  name: Name,
  current: readonly Item[] | null | undefined,
  next: readonly Item[] | null | undefined,
  keyOf: (item: Item) => string | undefined,
): Partial<Record<Name, Item[]>> {
  if (!next) return {};
  const keys = (current ?? []).map(keyOf);
  const place = (item: Item) => {
    const index = keys.indexOf(keyOf(item));
    return index === -1 ? keys.length : index;
  };
  // A computed name widens to string, so the type has to be said.
  return { [name]: [...next].sort((a, b) => place(a) - place(b)) } as Record<Name, Item[]>;
}
