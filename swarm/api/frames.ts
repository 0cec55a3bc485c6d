/**
 * Takes the text out of the frames in which an engine sends standard output and error (Docker Engine API, "Stream format" of
 * `POST /containers/{id}/attach`).
 *
 * @returns the text, and how much of its last frame has not arrived
 */
export function readFrames(content: Buffer): { text: string; missingBytes: number } {
  const texts: Buffer[] = [];
  let at = 0;
  while (at + 8 <= content.length) {
    const start = at + 8;
    at = start + content.readUInt32BE(at + 4);
    texts.push(content.subarray(start, at));
  }
  return { text: Buffer.concat(texts).toString("utf8"), missingBytes: Math.max(at - content.length, 0) };
}
