import {
  parseImageReference,
  unknownImage,
  isKnown,
  notKnown,
  type ImageReference,
  type Known,
} from "../../model/service/definition.ts";
import { recordOf, unknownPart, type Field } from "../fields/field.ts";

/** A text, or not known when a part of it is not. */
function settled(text: string): Known<string> {
  return text.includes(unknownPart) ? notKnown : text;
}

/** An image whose tag or registry may be not known while its name is, as in `redis:${TAG}` and `${REGISTRY}/redis`. */
export function readImage(field: Field): ImageReference {
  const text = field.rawText();
  if (!isKnown(text) || text === undefined) return unknownImage;
  // An unknown registry is left out: images are identified by what follows it.
  const { repository, tag, digest } = parseImageReference(
    text.slice(text.lastIndexOf(`${unknownPart}/`) + 1).replace(/^\//, ""),
  );
  if (!isKnown(repository) || repository.includes(unknownPart)) return unknownImage;
  return { repository, tag: settledOrNone(tag), digest: settledOrNone(digest) };
}

function settledOrNone(text: Known<string | undefined>): Known<string | undefined> {
  return isKnown(text) && text !== undefined ? settled(text) : text;
}

/** The short form of a volume, `[SOURCE:]TARGET[:MODE]`, in its parts. */
export interface ShortVolume {
  readonly type: Known<"volume" | "bind">;
  readonly source: Known<string | undefined>;
  readonly target: Known<string>;
  readonly isReadOnly: boolean;
  /** Whether an empty volume stays empty, instead of getting what the image has there. */
  readonly isWithoutCopy: boolean;
  /** How mounts spread between the host's folder and the container's. */
  readonly propagation: string | undefined;
}

/** Parses the short form of a volume. A source that begins with `.`, `/`, `~` or a drive (`C:\`) is a path on the host. */
export function readShortVolume(text: string): ShortVolume {
  const drive = /^[A-Za-z]:(?=\\)/.exec(text)?.[0] ?? "";
  const [first = "", ...others] = text.slice(drive.length).split(":");
  const parts = [drive + first, ...others];
  const [source = "", target = source, mode = ""] = parts;
  const modes = mode.split(",");
  const options: Omit<ShortVolume, "type" | "source"> = {
    target: settled(target),
    isReadOnly: modes.includes("ro"),
    isWithoutCopy: modes.includes("nocopy"),
    propagation: modes.find((word) => /^r?(?:private|shared|slave)$/.test(word)),
  };
  if (parts.length === 1) return { ...options, type: "volume", source: undefined };
  const type = source.startsWith(unknownPart) ? notKnown : drive !== "" || /^[./~]/.test(source) ? "bind" : "volume";
  return { ...options, type, source: settled(source) };
}

/** The short form of a port, `[[HOST:]PUBLISHED:]TARGET[/PROTOCOL]`, in its parts; ranges give one entry each. */
export interface ShortPort {
  readonly target: Known<number>;
  readonly published: Known<number | undefined>;
  readonly protocol: string | undefined;
}

/** Parses the short form of a port; `undefined` if it is not one. */
export function readShortPort(text: string): readonly ShortPort[] | undefined {
  const match = /^(?:(?:\[[^\]]*\]|[^:/]*):)??(?:(?<published>[^:/]*):)?(?<target>[^:/]+)(?:\/(?<protocol>\w+))?$/.exec(
    text.trim(),
  );
  const protocol = match?.groups?.["protocol"];
  const targets = portRange(match?.groups?.["target"] ?? "");
  const publishedText = match?.groups?.["published"];
  const published = publishedText === undefined || publishedText === "" ? undefined : portRange(publishedText);
  if (match === null || targets === undefined || (published === undefined && (publishedText ?? "") !== ""))
    return undefined;
  if (!isKnown(targets)) return [{ target: notKnown, published: notKnown, protocol }];
  return targets.map((target, index) => ({
    target,
    published: published === undefined ? undefined : isKnown(published) ? (published[index] ?? published[0]) : notKnown,
    protocol,
  }));
}

function portRange(text: string): Known<readonly number[]> | undefined {
  if (text.includes(unknownPart)) return notKnown;
  const match = /^(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match.groups?.["first"]);
  const last = Number(match.groups?.["last"] ?? first);
  if (last < first || last > 65535) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** A mapping that may be written as a list of `key=value`; a key without a value is set where the file is deployed. */
export function readPairs(field: Field, bareKey: Known<string>): Known<Readonly<Record<string, Known<string>>>> {
  if (!Array.isArray(field.value)) {
    const entries = field.entries();
    if (!isKnown(entries)) return entries;
    return recordOf(entries.map(([key, value]) => [key, value.isAbsent ? bareKey : (value.text() ?? "")]));
  }
  const pairs: [string, Known<string>][] = [];
  for (const item of field.value) {
    const text = typeof item === "string" || typeof item === "number" || typeof item === "boolean" ? String(item) : "";
    const equals = text.indexOf("=");
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key.includes(unknownPart)) return notKnown;
    if (key !== "") pairs.push([key, equals < 0 ? bareKey : settled(text.slice(equals + 1))]);
  }
  return recordOf(pairs);
}
