import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** The files of the table in docs/impact.md, in its order; a row with an ellipsis is about its whole folder. */
function walkedFiles(): readonly (readonly string[])[] {
  const page = readFileSync(join(root, "docs/impact.md"), "utf8");
  const rows = page.matchAll(/^\| `(?<file>[\w./-]+\.ts)`(?<rest>, …)? /gmu);
  return Array.from(rows, ({ groups }) => {
    const { file = "", rest } = groups ?? {};
    return rest === undefined
      ? [file]
      : readdirSync(join(root, dirname(file))).map((name) => join(dirname(file), name));
  });
}

describe("the way of a planned change", () => {
  it("goes through at most twelve files, and from none of them back to one before it", () => {
    const rows = walkedFiles();
    assert.ok(rows.length > 8 && rows.length <= 12, String(rows.length));
    for (const [index, files] of rows.entries()) {
      const before = new Set(rows.slice(0, index).flat());
      for (const file of files) {
        const text = readFileSync(join(root, file), "utf8");
        const used = text.matchAll(/^(?:import (?!type)|\} )[^;]*?from "(?<path>\.[^"]+)";/gmu);
        for (const { groups } of used) {
          const path = join(dirname(file), groups?.["path"] ?? "");
          assert.ok(!before.has(path), `${file} goes back to ${basename(path)}`);
        }
      }
    }
  });
});
