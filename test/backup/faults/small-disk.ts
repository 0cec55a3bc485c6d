import { mkdir } from "node:fs/promises";
import { execa } from "execa";

/** A disk of its own for a folder, with little room. */
export class SmallDisk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param access - `ro` for one that nothing was ever written to */
  static async mount(folder: string, kilobytes: number, access: "ro" | "rw" = "rw"): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    await execa("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k,${access}`, "holdfast-backup-proof", folder]);
    return new SmallDisk(folder);
  }

  /** Makes room. */
  grow(): Promise<unknown> {
    return this.#remount("size=256m");
  }

  /** Lets it only be read, as a file system does that has found itself damaged; or written again. */
  setReadOnly(isReadOnly: boolean): Promise<unknown> {
    return this.#remount(isReadOnly ? "ro" : "rw");
  }

  #remount(option: string): Promise<unknown> {
    return execa("mount", ["-o", `remount,${option}`, this.#folder]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await execa("umount", ["--lazy", this.#folder]);
  }
}
