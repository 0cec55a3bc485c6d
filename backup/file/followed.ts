import { open, stat, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import { formatDuration } from "../../text/duration.ts";
import { momentWords } from "../../text/moment.ts";
import { SituationError } from "../../text/situation-error.ts";
import { fileContent, identityFrom, readFileFacts } from "../companion/base.ts";
import type { Delivery, Followed } from "../companion/companion.ts";
import type { BackupConfiguration } from "../protocol.ts";
import type { Catalogue } from "../repository/catalogue.ts";

/** A file that the service writes for its backup. */
export type WrittenFile = NonNullable<BackupConfiguration["file"]>;

/** Sends a file whenever the service has written another one, and says when it does not. */
export class FollowedFile implements Followed {
  readonly #folder: string;
  readonly #file: WrittenFile;
  readonly #delivery: Delivery;
  /** What was delivered last, and the file that it was. */
  #sha256: string | undefined;
  #sent: string | undefined;
  /** The file that was there at the last look, also when another one has taken its place since. */
  #held: HeldFile | undefined;
  #problem: string | undefined;
  #toForget: string[] = [];

  /** @param folder - the folder of the volume */
  constructor(folder: string, file: WrittenFile, delivery: Delivery) {
    this.#folder = folder;
    this.#file = file;
    this.#delivery = delivery;
  }

  get background(): Followed["background"] {
    return { isBusy: false, problem: this.#problem };
  }

  get #path(): string {
    return join(this.#folder, this.#file.path);
  }

  async open({ snapshots }: Catalogue): Promise<void> {
    this.#sha256 = snapshots.at(-1)?.sha256;
    const stale = await whyStale(this.#folder, this.#file);
    if (!stale) return;
    // It has long been whole, and is better than nothing.
    const held = await hold(this.#path);
    if (held && held.identity !== this.#sent) await this.#send(held);
    else await held?.handle.close();
    throw stale;
  }

  async deliver(): Promise<boolean> {
    this.#problem = (await whyStale(this.#folder, this.#file))?.message;
    const held = this.#held;
    this.#held = await hold(this.#path);
    // One that is still being written has changed since the last look.
    if (held && held.identity !== this.#sent && identityFrom(await held.handle.stat()) === held.identity)
      return this.#send(held);
    await held?.handle.close();
    return false;
  }

  async #send({ identity, ...held }: HeldFile): Promise<boolean> {
    await using handle = held.handle;
    const facts = await readFileFacts(handle);
    const isNew = facts.sha256 !== this.#sha256;
    if (isNew) {
      const part = { kind: "snapshot" as const, by: this.#delivery.by, name: basename(this.#file.path), ...facts };
      const { id, file } = await this.#delivery.store(part, fileContent(handle, facts.bytes), true);
      if (identityFrom(await handle.stat()) !== identity) {
        this.#toForget.push(id);
        throw new SituationError({
          what: `${this.#path} was changed while it was read`,
          fix: "Let the service write it under another name, and then rename it",
        });
      }
      this.#delivery.say(`The snapshot ${file} is delivered: ${facts.bytes} bytes.`);
      this.#sha256 = facts.sha256;
    }
    this.#sent = identity;
    return isNew;
  }

  reconcile({ snapshots }: Catalogue): Promise<boolean> {
    const isThere = this.#sha256 === undefined || snapshots.some(({ sha256 }) => sha256 === this.#sha256);
    if (!isThere) {
      this.#delivery.say("The newest file is no longer in the repository: it is sent again.");
      this.#sha256 = this.#sent = undefined;
    }
    return Promise.resolve(isThere);
  }

  pendingBytes(): Promise<number> {
    return Promise.resolve(0);
  }

  tidy(): readonly string[] {
    return this.#toForget.splice(0);
  }

  async close(): Promise<void> {
    await this.#held?.handle.close();
  }
}

/** A file that was opened, and which one and in which state it was then. */
interface HeldFile {
  readonly handle: FileHandle;
  readonly identity: string;
}

/** Opens a file; undefined where there is none. */
async function hold(path: string): Promise<HeldFile | undefined> {
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) return undefined;
  const handle = await open(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return handle && { handle, identity: identityFrom(await handle.stat()) };
}

/** Why the file is too old; undefined while it is not. On a new volume, the service has as long to write the first one. */
async function whyStale(folder: string, { path, maxAgeSeconds }: WrittenFile): Promise<SituationError | undefined> {
  const [volume, file] = [await stat(folder), await stat(join(folder, path)).catch(() => undefined)];
  const ageMs = Date.now() - Math.max(volume.birthtimeMs, file?.mtimeMs ?? 0);
  if (ageMs <= 1000 * maxAgeSeconds) return undefined;
  const since = file ? `has not written ${path} since ${momentWords(file.mtimeMs / 1000)}` : `has not written ${path}`;
  return new SituationError({
    what: `The service ${since}; it may be ${formatDuration(1000 * maxAgeSeconds)} old`,
    fix: "See why the service does not write it: what has changed since is in no backup",
  });
}
