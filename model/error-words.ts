import { z } from "zod";
import { mistakeWords } from "./schema-mistake.ts";

/** What an error says; of something that has another form than it should one line, where zod's own message is a list in JSON. */
export function errorWords(error: unknown): string {
  if (error instanceof z.ZodError) return `expected another form, got ${mistakeWords(error)}.`;
  return error instanceof Error ? error.message : String(error);
}
