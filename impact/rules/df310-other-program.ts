import { isDeepStrictEqual } from "node:util";
import { compareVersions, tagVersion } from "../../model/image/catalogue.ts";
import { isKnown, type ImageReference, type ServiceDefinition } from "../../model/service/definition.ts";
import { rule } from "../rule.ts";
import { remedies } from "../verdict/remedies.ts";

/** Another program, of the image or of another one, or an older version, on the same files. */
export const otherProgram = rule(
  {
    DF310: "Another program on the same files",
    DF311: "The new server may not load the files",
    DF312: "An older version on the same files",
  },
  ({ name, before, course, looksForData, unread }) => {
    if (course.kind !== "exchanged" || !looksForData) return [];
    const [old, next] = [before.keeper, course.after.keeper];
    const [{ definition: was }, { definition: is }] = [before.service, course.after.service];
    const path = is.paths.image;
    const save = remedies.saveFirst(old, name);
    const [product, nextProduct] = [before.redis?.product, course.after.redis?.product];
    const speakRedis = product !== undefined && nextProduct !== undefined;
    const areRelated =
      speakRedis ||
      (old.entry === next.entry && (old.entry !== undefined || lastName(was.image) === lastName(is.image)));
    const from = was.image.repository;
    const to = is.image.repository;
    if (isKnown(from) && isKnown(to) && !areRelated) {
      const command = from === to ? changedCommand(was, is) : undefined;
      const what =
        command === undefined
          ? "The image becomes another program's"
          : "The command starts another program of the image";
      const text = `${what}, and whether that reads the files of the old one is not known.`;
      const about = command === undefined ? { path, before: from, after: to } : { path: command };
      return [{ code: "DF310", fate: "at risk", text, ...about, remedies: [save] }];
    }
    if (speakRedis && product !== nextProduct) {
      if (unread === undefined) return [];
      const text = `The new server may not load the files, and never start: ${unread.why}.`;
      return [{ code: "DF311", fate: "at risk", text, path, remedies: [remedies.carryOver()] }];
    }
    const [older, newer] = [tagVersion(is.image.tag), tagVersion(was.image.tag)];
    if (older === undefined || newer === undefined || compareVersions(older, newer) >= 0) return [];
    const versions = { before: newer.join("."), after: older.join(".") };
    const text = `${old.entry?.title ?? "The server"} goes back from ${versions.before} to ${versions.after}: an older version may refuse the files of a newer one and never start.`;
    return [{ code: "DF312", fate: "at risk", text, path, ...versions, remedies: [save] }];
  },
);

/** The path of what changes in the words that a container runs. */
function changedCommand(before: ServiceDefinition, after: ServiceDefinition): string | undefined {
  if (!isDeepStrictEqual(before.command, after.command)) return after.paths.command;
  return isDeepStrictEqual(before.args, after.args) ? undefined : after.paths.args;
}

function lastName({ repository }: ImageReference): string | undefined {
  return isKnown(repository) ? repository.split("/").at(-1) : undefined;
}
