/**
 * What is in a volume, through the engine's archive API (`GET` and `PUT /containers/{id}/archive`): the engine mounts the
 * volumes of a container that was never started as well. So no program runs on the data, no image is pulled, and it works
 * on every node whose engine answers.
 */
import { createHash, randomBytes, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type Docker from "dockerode";
import { Parser, type ReadEntry } from "tar";
import { z } from "zod";
import { helperLabel } from "../model/service/object-labels.ts";
import {
  identifyContent,
  leadsOut,
  type VolumeContent,
  type VolumeFile,
  type VolumeListing,
} from "../model/storage/volume-content.ts";
import type { Volume } from "../swarm/api/objects.ts";
import { InputError, showValue } from "../text/input-error.ts";

/** Where the volume is mounted. The archive's paths begin with its last part. */
const parent = "/rescue";
const mountPoint = `${parent}/volume`;
const prefix = "volume";
const headBytes = 4096;

/** What identifies the whole content of a volume. */
export interface VolumeDigest {
  /**
   * SHA-256 over each entry in the order of their names: type, path, mode, owner, time of change in seconds, link, size and
   * the SHA-256 of its bytes.
   */
  readonly digest: string;
  readonly entryCount: number;
  /** Of the files' bytes. */
  readonly sizeBytes: number;
}

/** How much of a volume to look at. */
export interface ListOptions {
  /** @default everything */
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
}

/** A volume of an engine that can be read, and written to unless it was opened for reading. */
export interface VolumeArchive {
  /** Lists the files, and ends early once `limitBytes` were read or `signal` is aborted. */
  list: (options?: ListOptions) => Promise<VolumeListing>;
  /** Reads everything. */
  digest: (signal?: AbortSignal) => Promise<VolumeDigest>;
  /** Reads everything and writes it to another volume, with owners, modes and times of change. */
  copyTo: (target: VolumeArchive, signal?: AbortSignal) => Promise<VolumeDigest>;
  /** Takes an archive that {@link VolumeArchive.copyTo} sends. */
  receive: (archive: Readable) => Promise<void>;
}

/**
 * Opens volumes of one engine for as long as `use` runs. The engine is given an empty image for the containers that mount
 * them, and it is taken away at the end.
 */
export async function withArchives<T>(docker: Docker, use: (open: OpenVolume) => Promise<T>): Promise<T> {
  const image = await importEmptyImage(docker);
  try {
    return await use((volume, options, useVolume) => withVolume(docker, image, volume, options, useVolume));
  } finally {
    await docker
      .getImage(image)
      .remove()
      .catch(() => undefined);
  }
}

/** Opens one volume, which must exist, for as long as `use` runs; it cannot be removed meanwhile. */
export type OpenVolume = <T>(
  volume: string,
  options: { readOnly: boolean },
  use: (archive: VolumeArchive) => Promise<T>,
) => Promise<T>;

/** Enough of a volume's archive to see its first file, which is the start guard's mark, and whether it has any. */
export const firstFilesBytes = 64 * 1024;

/** Identifies what is in a volume, from as much of it as the options let it read. */
export function identifyVolume(open: OpenVolume, volume: string, options: ListOptions): Promise<VolumeContent> {
  return open(volume, { readOnly: true }, async (archive) => identifyContent(await archive.list(options)));
}

/** Whether a volume is mounted from elsewhere. Reading it may hang: a dead server of a network file system keeps an engine busy. */
export function isMountedFromElsewhere({ Driver, Options }: Volume): boolean {
  return Driver !== "local" || Object.keys(Options ?? {}).length > 0;
}

const importedSchema = z.object({ status: z.string() });

async function importEmptyImage(docker: Docker): Promise<string> {
  // Two empty blocks end a tar archive, and this one has nothing before them.
  const answer = await docker.importImage(Readable.from([Buffer.alloc(1024)]));
  let text = "";
  // A stream without an encoding yields buffers.
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  return importedSchema.parse(JSON.parse(text.trim().split("\n").at(-1) ?? "")).status;
}

async function withVolume<T>(
  docker: Docker,
  image: string,
  volume: string,
  { readOnly }: { readOnly: boolean },
  use: (archive: VolumeArchive) => Promise<T>,
): Promise<T> {
  const container = await docker.createContainer({
    name: `holdfast-rescue-${randomBytes(6).toString("hex")}`,
    Image: image,
    Cmd: ["never started"],
    Labels: { [helperLabel]: volume },
    HostConfig: {
      NetworkMode: "none",
      Mounts: [
        {
          Type: "volume",
          Source: volume,
          Target: mountPoint,
          ReadOnly: readOnly,
          // @types/dockerode wants all of it; Docker itself none.
          VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } },
        },
      ],
    },
  });
  try {
    return await use(new ContainerArchive(container));
  } finally {
    await container.remove({ force: true }).catch(() => undefined);
  }
}

class ContainerArchive implements VolumeArchive {
  readonly #container: Docker.Container;

  constructor(container: Docker.Container) {
    this.#container = container;
  }

  async list({ limitBytes = Infinity, signal }: ListOptions = {}): Promise<VolumeListing> {
    const seen: { entry: ReadEntry; head: Buffer }[] = [];
    const entries = this.#read((entry) => {
      const file = { entry, head: Buffer.alloc(0) };
      seen.push(file);
      entry.on("data", (bytes) => {
        const missing = headBytes - file.head.length;
        if (missing > 0) file.head = Buffer.concat([file.head, bytes.subarray(0, missing)]);
      });
    });
    let readBytes = 0;
    let isWhole = true;
    for await (const { length } of entries) {
      readBytes += length;
      isWhole = readBytes <= limitBytes && signal?.aborted !== true;
      if (!isWhole) break;
    }
    return { files: seen.map(({ entry, head }) => volumeFile(entry, head)), isWhole };
  }

  async digest(signal?: AbortSignal): Promise<VolumeDigest> {
    const content = new ContentDigest();
    const archive = this.#read((entry) => {
      content.add(entry);
    });
    await finished(Readable.from(untilAborted(archive, signal), { objectMode: false }).resume());
    return content.result();
  }

  async copyTo(target: VolumeArchive, signal?: AbortSignal): Promise<VolumeDigest> {
    const content = new ContentDigest();
    const archive = this.#read((entry) => {
      requireInside(volumeFile(entry, new Uint8Array()));
      content.add(entry);
    });
    await target.receive(Readable.from(untilAborted(archive, signal), { objectMode: false }));
    return content.result();
  }

  async receive(archive: Readable): Promise<void> {
    try {
      await this.#container.putArchive(archive, { path: parent });
    } finally {
      archive.destroy();
    }
  }

  /** The archive's bytes, while each entry is handed to `onEntry`, which must listen to its bytes. */
  async *#read(onEntry: (entry: ReadEntry) => void): AsyncGenerator<Buffer, void> {
    let failure: Error | undefined;
    const parser = new Parser({ strict: true, onReadEntry: onEntry });
    parser.on("error", (error: Error) => (failure ??= error));
    const proceed = () => {
      if (failure) throw failure;
    };
    const archive = await this.#container.getArchive({ path: mountPoint });
    // A stream without an encoding yields buffers. The parser hands them on at once, so it never asks to wait.
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      parser.write(chunk);
      proceed();
      yield chunk;
    }
    parser.end();
    proceed();
  }
}

async function* untilAborted(
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/**
 * Refuses a symbolic link that no engine accepts into a volume: it would refuse it in the middle of the archive, with an error that helps
 * no one.
 *
 * @throws InputError
 */
export function requireInside({ path, linkTarget }: VolumeFile): void {
  if (linkTarget === undefined || !leadsOut(path, linkTarget)) return;
  throw new InputError({
    path: `link ${showValue(path)}`,
    expected: "a symbolic link that stays in its volume",
    got: `one to ${showValue(linkTarget)}, which the Docker engine does not take into another volume`,
    fix: "Remove the link, or make it one that begins with a slash, and run the command again; the data is as it was",
  });
}

function volumeFile(entry: ReadEntry, head: Uint8Array): VolumeFile {
  return {
    ...(entry.type === "SymbolicLink" && { linkTarget: entry.linkpath }),
    path: entry.path.replace(/\/$/, "").slice(`${prefix}/`.length),
    isFile: entry.type === "File",
    sizeBytes: entry.size,
    modifiedAt: new Date(modifiedSeconds(entry) * 1000).toISOString(),
    head,
  };
}

function modifiedSeconds({ mtime }: ReadEntry): number {
  return Math.floor((mtime?.getTime() ?? 0) / 1000);
}

/** Adds up the entries of an archive to a {@link VolumeDigest}. */
class ContentDigest {
  readonly #whole: Hash = createHash("sha256");
  #entryCount = 0;
  #sizeBytes = 0;

  add(entry: ReadEntry): void {
    const content = createHash("sha256");
    entry.on("data", (bytes) => content.update(bytes));
    entry.on("end", () => {
      const { type, path, mode, uid, gid, linkpath, size, header } = entry;
      this.#entryCount += 1;
      this.#sizeBytes += size;
      const device = [header.devmaj, header.devmin];
      const facts = [type, path, mode, uid, gid, modifiedSeconds(entry), linkpath, device, size, content.digest("hex")];
      this.#whole.update(`${JSON.stringify(facts)}\n`);
    });
  }

  result(): VolumeDigest {
    return {
      digest: `sha256:${this.#whole.digest("hex")}`,
      entryCount: this.#entryCount,
      sizeBytes: this.#sizeBytes,
    };
  }
}
