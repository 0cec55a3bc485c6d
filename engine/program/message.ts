import { stripVTControlCharacters } from "node:util";

/**
 * What a program says, without the frames of a stack trace but the first one of the program itself: that is where its author looks.
 * The SDK writes a whole trace into the message (@pulumi/pulumi/cmd/run/error.js, `defaultErrorMessage`), in colours.
 */
export function withoutForeignFrames(message: string): string {
  const lines = stripVTControlCharacters(message).split("\n");
  const frames = lines.filter(isFrame);
  if (frames.length === 0) return message;
  const own = frames.find((line) => !/node:|node_modules|data:/u.test(line));
  return lines.filter((line) => !isFrame(line) || line === own).join("\n");
}

function isFrame(line: string): boolean {
  return /^ +at /u.test(line);
}
