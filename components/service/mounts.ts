import type * as docker from "@pulumi/docker";
import type { Input } from "@pulumi/pulumi";
import { parseSize } from "../../text/byte-size.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import type { VolumeSpec } from "../volumes/volume-spec.ts";

type ContainerSpec = docker.types.input.ServiceTaskSpecContainerSpec;

/** A file system in memory, emptied at every start of the task; or a volume for what is too large for that. */
export interface ScratchMount {
  /** Where it is mounted. It belongs to root and takes over the mode of the image's folder; where that is missing, all may write. */
  path: string;
  /** Most that it may hold; it counts towards the memory limit. @default the memory limit */
  size?: string;
  /** Name of a volume instead, on whichever node the task is; who writes it also clears it. @default memory */
  volume?: string;
}

/** A data volume in its place in the container. */
export interface DataMountSpec {
  volume: VolumeSpec;
  path: string;
  readOnly?: boolean;
}

/** A file in the container whose content Swarm carries. */
export interface FileTarget {
  /** Its path in the container. */
  path: string;
  /** User and group that own it, as numbers. @default "0" */
  ownerId?: string;
  /** Its mode. @default 0o444 */
  mode?: number;
}

/** A file, and the secret or configuration that holds its content. */
export interface FileSource extends FileTarget {
  id: Input<string>;
  name: Input<string>;
}

/** What is mounted into a service's container. */
export interface MountInput {
  data: DataMountSpec[];
  scratch?: ScratchMount[];
  /** The files whose content Swarm carries, by the arguments that say so, such as `secretFiles.password`. */
  files: Record<string, FileTarget>;
}

/**
 * The mounts of a service.
 *
 * @param path - what precedes the arguments' names in an error
 * @throws InputError when nothing is mounted, or two things at one path
 */
export function mountSpecs(
  { data, scratch = [], files }: MountInput,
  path: string,
): docker.types.input.ServiceTaskSpecContainerSpecMount[] {
  if (data.length + scratch.length === 0) {
    throw new InputError({
      path: `${path}.data`,
      expected: "a volume for the state, or scratch where nothing is to be kept",
      got: "neither",
      fix: "Say where the server keeps its data",
    });
  }
  const targets = [...data, ...scratch, ...Object.values(files)].map((each) => each.path);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) {
    throw new InputError({
      path: `${path}.data`,
      expected: "one mount or file at each path",
      got: `several at ${showValue(twice)}`,
      fix: "Give each its own path",
    });
  }
  return [
    ...data.map(({ volume: { type, source, driverOptions }, path: target, readOnly = false }) => ({
      type,
      source,
      target,
      ...(readOnly && { readOnly }),
      ...(driverOptions && { volumeOptions: { driverName: "local", driverOptions } }),
    })),
    ...scratch.map(({ path: target, size, volume }, index) =>
      volume === undefined
        ? {
            type: "tmpfs",
            target,
            ...(size !== undefined && {
              tmpfsOptions: { sizeBytes: parseSize(size, `${path}.scratch[${index}].size`) },
            }),
          }
        : { type: "volume", source: volume, target },
    ),
  ];
}

/** The files of a service, as the provider takes them. */
export function fileSpecs(
  secretFiles: readonly FileSource[],
  configFiles: readonly FileSource[],
): Pick<ContainerSpec, "secrets" | "configs"> {
  return {
    secrets: secretFiles.map(({ id, name, ...file }) => ({ secretId: id, secretName: name, ...fileTarget(file) })),
    configs: configFiles.map(({ id, name, ...file }) => ({ configId: id, configName: name, ...fileTarget(file) })),
  };
}

function fileTarget({ path, ownerId = "0", mode = 0o444 }: FileTarget) {
  return { fileName: path, fileUid: ownerId, fileGid: ownerId, fileMode: mode };
}
