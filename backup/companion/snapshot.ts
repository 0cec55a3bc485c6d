import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../repository/catalogue.ts";
import { fileContent, identityFrom, readFileFacts } from "./base.ts";
import type { Delivery, Followed } from "./companion.ts";

/** The server's snapshot, which it renames into its place: whatever is there is whole. */
const snapshotFile = "dump.rdb";

/** Sends the server's snapshot whenever it is another one. */
export class FollowedSnapshot implements Followed {
  readonly #path: string;
  readonly #delivery: Delivery;
  readonly background = { isBusy: false, problem: undefined };
  #sha256: string | undefined;
  #seen: string | undefined;

  constructor(dataFolder: string, delivery: Delivery) {
    this.#path = join(dataFolder, snapshotFile);
    this.#delivery = delivery;
  }

  open(catalogue: Catalogue): Promise<void> {
    this.#sha256 = catalogue.snapshots.at(-1)?.sha256;
    return Promise.resolve();
  }

  async deliver(): Promise<boolean> {
    const there = await stat(this.#path).catch(() => undefined);
    if (!there) return false; // A server that has not saved yet has none.
    const seen = identityFrom(there);
    if (seen === this.#seen) return false;
    await using handle = await open(this.#path);
    const facts = await readFileFacts(handle);
    const isNew = facts.sha256 !== this.#sha256;
    if (isNew) {
      const part = { kind: "snapshot" as const, by: this.#delivery.by, ...facts };
      const { file } = await this.#delivery.store(part, fileContent(handle, facts.bytes), true);
      this.#delivery.say(`The snapshot ${file} is delivered: ${facts.bytes} bytes.`);
      this.#sha256 = facts.sha256;
    }
    this.#seen = seen;
    return isNew;
  }

  reconcile({ snapshots }: Catalogue): Promise<boolean> {
    const isThere = this.#sha256 === undefined || snapshots.some(({ sha256 }) => sha256 === this.#sha256);
    if (!isThere) {
      this.#delivery.say("The newest snapshot is no longer in the repository: it is sent again.");
      this.#sha256 = this.#seen = undefined;
    }
    return Promise.resolve(isThere);
  }

  pendingBytes(): Promise<number> {
    return Promise.resolve(0);
  }

  tidy(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
