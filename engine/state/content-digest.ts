/** The attributes that gocloud's fileblob keeps next to each file of the backend, including the digest of its content. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { readTextFile } from "./durable-file.ts";

const attributesSchema = z.looseObject({ md5: z.base64().nullish() });

/** Where the attributes of a file are. */
export function attributesPath(path: string): string {
  return `${path}.attrs`;
}

/** The attributes of a file with this content, as fileblob writes them. */
export function attributesOf(text: string): string {
  const attributes = {
    "user.cache_control": "",
    "user.content_disposition": "",
    "user.content_encoding": "",
    "user.content_language": "",
    // What Go's http.DetectContentType says of JSON.
    "user.content_type": "text/plain; charset=utf-8",
    "user.metadata": null,
    md5: digestOf(text),
  };
  return `${JSON.stringify(attributes)}\n`;
}

/** The digest of a content. */
export function digestOf(text: string): string {
  return createHash("md5").update(text).digest("base64");
}

/**
 * The digest in the attributes of a file; undefined if there are none, as with `?metadata=skip`, and an empty text if they
 * are truncated or damaged.
 */
export async function recordedDigest(path: string): Promise<string | undefined> {
  const text = await readTextFile(attributesPath(path));
  if (text === undefined) return undefined;
  try {
    return attributesSchema.parse(JSON.parse(text)).md5 ?? undefined;
  } catch {
    return "";
  }
}
