import type { Linter } from "eslint";

/**
 * The rooms (the folders at the top) and what each may import besides itself. `cli/` may import all of them; a room that is not listed
 * is imported by `cli/` alone.
 */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  text: [],
  model: ["text"],
  swarm: ["model", "text"],
  inputs: ["model", "text"],
  impact: ["model", "text"],
  policies: ["inputs", "model", "text"],
  backup: ["model", "text"],
  live: ["backup", "impact", "inputs", "swarm", "model", "text"],
  lab: ["swarm", "text"],
  engine: ["live", "swarm", "model", "text"],
  components: ["backup", "live", "impact", "inputs", "swarm", "model", "text"],
};

/** What a room may import as a type only. */
export const allowedTypes: Readonly<Record<string, readonly string[]>> = { live: ["policies"] };

/** How many folders deep files are. */
const depths = [1, 2, 3, 4];

/** ESLint's configuration: an import that leaves its room must lead into one that the room may use, also an `import()`. */
export const roomImports: Linter.Config[] = Object.entries(allowedImports).flatMap(([room, allowed]) =>
  depths.map((depth): Linter.Config => {
    const message = `${room}/ may import ${allowed.length === 0 ? "no other room" : `${allowed.join("/, ")}/`} (lint/room-imports.ts).`;
    const types = allowedTypes[room] ?? [];
    return {
      files: [`${room}/${"*/".repeat(depth - 1)}*.ts`],
      rules: {
        "@typescript-eslint/no-restricted-imports": [
          "error",
          {
            patterns: [
              { regex: leaving(depth, [...allowed, ...types]), message },
              ...types.map((each) => ({
                regex: `^${"\\.\\./".repeat(depth)}${each}/`,
                allowTypeImports: true,
                message: `${room}/ may import types alone from ${each}/ (lint/room-imports.ts).`,
              })),
            ],
          },
        ],
        "no-restricted-syntax": [
          "error",
          {
            selector: `ImportExpression[source.value=/${leaving(depth, allowed).replaceAll("/", "\\u002F")}/]`,
            message,
          },
        ],
      },
    };
  }),
);

/** A path that leaves the room of a file `depth` folders deep for another than the allowed ones. */
function leaving(depth: number, allowed: readonly string[]): string {
  const up = "\\.\\./".repeat(depth);
  return allowed.length === 0 ? `^${up}` : `^${up}(?!(?:${allowed.join("|")})/)`;
}
