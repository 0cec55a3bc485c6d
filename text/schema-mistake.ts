import type { z } from "zod";

/** The first thing that is wrong with a value, in one line: `Swarm.NodeID: expected string, received undefined`. */
export function mistakeWords({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.map(String).join(".") ?? "";
  const words = (issue?.message ?? "another form").replace(/^Invalid input: /u, "").replaceAll("\n", " ");
  return place === "" ? words : `${place}: ${words}`;
}
