import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Linter } from "eslint";
import fc from "fast-check";
import ts from "typescript";
import tseslint from "typescript-eslint";
import { allowedImports, allowedTypes, roomImports } from "../../lint/room-imports.ts";

const root = join(import.meta.dirname, "../..");
const rooms = Object.keys(allowedImports);

const linter = new Linter({ cwd: root });
const config = [
  {
    files: ["**/*.ts"],
    languageOptions: { parser: tseslint.parser },
    plugins: { "@typescript-eslint": tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: "off" },
  },
  ...roomImports,
  // The types of ESLint and of its plugin know other versions of each other.
] as unknown as Linter.Config[];

/** What the lint says of a file with a text; it need not exist. */
function mistakes(path: string, text: string): string[] {
  return linter.verify(text, config, { filename: join(root, path) }).map(({ message }) => message);
}

/** A file so many folders deep in a room, and the way from it to the top. */
const places = fc.record({
  room: fc.constantFrom(...rooms),
  other: fc.constantFrom(...rooms, "cli", "somewhere-new"),
  folders: fc.array(fc.constantFrom("model", "state", "engine", "text"), { maxLength: 3 }),
});

describe("what a room may import", () => {
  it("is told by the lint at every depth, for imports, types and import()", () => {
    fc.assert(
      fc.property(places, ({ room, other, folders }) => {
        const file = [room, ...folders, "file.ts"].join("/");
        const target = `${"../".repeat(folders.length + 1)}${other}/thing.ts`;
        const isAllowed = allowedImports[room]?.includes(other) === true;
        const isTypeAllowed = isAllowed || (room === "live" && other === "policies");
        assert.equal(mistakes(file, `import { thing } from "${target}"; thing();`).length === 0, isAllowed);
        assert.equal(mistakes(file, `await import("${target}");`).length === 0, isAllowed);
        assert.equal(
          mistakes(file, `import type { Thing } from "${target}"; let x: Thing;`).length === 0,
          isTypeAllowed,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("includes its own folders, whatever they are called", () => {
    assert.deepEqual(mistakes("engine/deploy/file.ts", `import { urn } from "../model/urn.ts"; urn();`), []);
    assert.deepEqual(
      mistakes("swarm/api/file.ts", `import { x } from "../engine/x.ts"; await import("./y.ts"); x();`),
      [],
    );
  });

  it("is what the code imports", () => {
    const files = globSync(`{${rooms.join(",")}}/**/*.ts`, { cwd: root });
    assert.ok(files.length > 300, `${files.length} files`);
    const found = files.flatMap((file) =>
      ts
        .preProcessFile(readFileSync(join(root, file), "utf8"), true, true)
        .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => [file, join(file, "..", fileName)] as const),
    );
    const isAllowed = (from: string, to: string): boolean =>
      from === to || allowedImports[from]?.includes(to) === true || allowedTypes[from]?.includes(to) === true;
    const roomOf = (path: string): string => path.split("/")[0] ?? "";
    assert.deepEqual(
      found.filter(([from, to]) => !isAllowed(roomOf(from), roomOf(to))),
      [],
    );
  });
});
