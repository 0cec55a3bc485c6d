/**
 * Takes the text out of the frames in which an engine sends standard output and error (Docker Engine API, "Stream format" of
 * `POST /containers/{id}/attach`).
 *
 * @param streams - the first bytes of the frames that are wanted: 1 and 2 for standard output and error, 3 for the engine's own words. @default all
 * @returns the text, and how much of its last frame has not arrived
 */
export function readFrames(content: Buffer, streams?: readonly number[]): { text: string; missingBytes: number } {
  const texts: Buffer[] = [];
  let at = 0;
  while (at + 8 <= content.length) {
    const start = at + 8;
    at = start + content.readUInt32BE(at + 4);
    if (streams === undefined || streams.includes(content[start - 8] ?? 0)) texts.push(content.subarray(start, at));
  }
  return { text: Buffer.concat(texts).toString("utf8"), missingBytes: Math.max(at - content.length, 0) };
}
