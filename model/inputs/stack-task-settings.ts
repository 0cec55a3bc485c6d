/**
 * What a stack file says about a service's tasks beyond what a definition holds. It is compared with what another file says,
 * and not interpreted.
 */
import { isKnown, type Known, type ServiceDefinition } from "../service-definition.ts";
import { isRecord, recordOf, type Field } from "./field.ts";

type Settings = Readonly<Record<string, unknown>>;

/** Keys of a service that a definition holds. */
const held =
  "image entrypoint command environment env_file user hostname working_dir read_only volumes tmpfs labels healthcheck stop_grace_period stop_signal ports deploy configs secrets networks".split(
    " ",
  );

/**
 * Keys that do not reach the task: Compose's own, and those that `docker stack deploy` warns about and leaves out.
 *
 * @see https://github.com/docker/cli/blob/master/cli/compose/types/types.go (`UnsupportedProperties`, `DeprecatedProperties`)
 */
const unsupported =
  "build cgroupns_mode cgroup_parent container_name depends_on devices domainname expose extends external_links ipc links mac_address network_mode pid privileged profiles restart security_opt shm_size userns_mode".split(
    " ",
  );

const notCompared = new Set([...held, ...unsupported]);

/** The settings of a service's tasks that {@link ServiceDefinition} has no field for, or holds in part only. */
export function taskSettings(definition: ServiceDefinition, service: Field): Settings {
  const { value } = service;
  const others = isRecord(value) ? Object.entries(value).filter(([key]) => !notCompared.has(key)) : [];
  const resources = service.get("deploy").get("resources");
  return {
    ...recordOf(others),
    volumes: volumes(definition, service),
    configs: files(definition.configs, service.get("configs")),
    secrets: files(definition.secrets, service.get("secrets")),
    networks: attachments(definition, service.get("networks")),
    pids: resources.get("limits").get("pids").value,
    generic_resources: resources.get("reservations").get("generic_resources").value,
  };
}

/** Each mount with the options of its long form and what the top-level `volumes` say: both are sent with the service. */
function volumes({ mounts }: ServiceDefinition, service: Field): Known<readonly unknown[]> {
  const written = service.get("volumes").items();
  if (!isKnown(mounts) || !isKnown(written)) return [];
  return mounts.map(({ type, source, target, readOnly, volumeOptions }, index) => ({
    ...longForm(written[index], ["bind", "volume", "tmpfs", "consistency"]),
    type,
    source,
    target,
    readOnly,
    volumeOptions,
  }));
}

function files(named: ServiceDefinition["configs"], written: Field): Known<readonly unknown[]> {
  const items = written.items();
  if (!isKnown(named) || !isKnown(items)) return [];
  return named.map(({ name, target }, index) => ({
    ...longForm(items[index], ["uid", "gid", "mode"]),
    source: name,
    target,
  }));
}

function longForm(field: Field | undefined, keys: readonly string[]): Settings {
  return isRecord(field?.value) ? recordOf(keys.map((key) => [key, field.get(key).value] as const)) : {};
}

/** Each network by its name, with how the service takes part in it. */
function attachments({ networks }: ServiceDefinition, written: Field): readonly unknown[] {
  const settings = isRecord(written.value) ? Object.values(written.value) : [];
  return (isKnown(networks) ? networks : []).map((target, index) => {
    const attachment = settings[index];
    return { ...(isRecord(attachment) && attachment), target };
  });
}
