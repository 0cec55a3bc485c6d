import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SituationError } from "../../text/situation-error.ts";
import { readFileFacts } from "../companion/base.ts";
import type { Product } from "../product.ts";
import type { BackupConfiguration } from "../protocol.ts";
import { assembleSnapshot } from "../restore/assemble.ts";
import { FollowedFile, type WrittenFile } from "./followed.ts";
import { checkFormat, countRows, formatOf } from "./format.ts";

/** Any server that writes a file for its backup: what is in the file, its format alone tells. */
export const fileProduct: Product = {
  follow: (configuration, delivery) => new FollowedFile(configuration.data, requireFile(configuration), delivery),
  async newest(configuration) {
    const path = join(configuration.data, requireFile(configuration).path);
    await using handle = await open(path).catch(() => {
      throw new SituationError({ what: `There is no ${path} yet`, fix: "Wait until the service has written it" });
    });
    const { sha256, last } = await readFileFacts(handle);
    // Another one may have taken its place before it was sent.
    return ({ snapshots }) =>
      snapshots.findLast((snapshot) => snapshot.sha256 === sha256 || snapshot.last > last)?.deliveredSeconds;
  },
  written: (configuration) => requireFile(configuration).restoreAs.split("/", 1),
  async assemble(reader, plan, configuration, folder) {
    const { restoreAs } = requireFile(configuration);
    if (plan.kind !== "snapshot")
      throw new SituationError({
        what: "The backup is that of a log, and of no file",
        fix: "Give the store the name that it had, or this one another",
      });
    if (folder !== undefined) await mkdir(dirname(join(folder, restoreAs)), { recursive: true });
    return assembleSnapshot(reader, plan.snapshot, folder, restoreAs);
  },
  async provable(state) {
    const format = await formatOf(writtenPath(state));
    return format === "sqlite" ? "load" : format === "other" ? "digest" : "check";
  },
  check: (state) => checkFormat(writtenPath(state)),
  async load(state) {
    const path = writtenPath(state);
    return (await formatOf(path)) === "sqlite" ? { entries: countRows(path) } : {};
  },
};

function writtenPath({ folder, files: [file = ""] }: Parameters<Product["check"]>[0]): string {
  return join(folder, file);
}

function requireFile({ file }: BackupConfiguration): WrittenFile {
  if (file) return file;
  throw new SituationError({
    what: "The configuration of the backup does not say which file the service writes",
    fix: "Let Holdfast's component start this program",
  });
}
