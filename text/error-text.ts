import type { z } from "zod";
import { mistakeWords } from "./schema-mistake.ts";

/** What an error says; of something that has another form than it should one line, where zod's own message is a list in JSON. */
export function errorWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isSchemaMistake(error) ? `expected another form, got ${mistakeWords(error)}.` : error.message;
}

/** By its name: to ask zod's class would load zod at the start of every command. */
function isSchemaMistake(error: Error): error is z.ZodError {
  return error.name === "ZodError";
}
