import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(posix.join(root, file), "utf8");

/** The files of the table in docs/policies.md, in their order. */
const walk = Array.from(
  (read("docs/policies.md").split("## One finding, file by file")[1] ?? "").matchAll(/^\| \[(?<file>[^\]]+)\]/gmu),
  ({ groups }) => groups?.["file"] ?? "",
);

describe("the way of one policy finding", () => {
  it("has at most twelve files, and none of them twice", () => {
    assert.ok(walk.length > 8 && walk.length <= 12, walk.join());
    assert.equal(new Set(walk).size, walk.length);
    assert.deepEqual(
      walk.filter((file) => !existsSync(posix.join(root, file))),
      [],
    );
  });

  it("goes from each file to one below it: none imports a file that comes after it", () => {
    for (const [index, file] of walk.entries()) {
      const imported = Array.from(read(file).matchAll(/(?:from |import\(|import )"(?<path>\.[^"]+)"/gu), ({ groups }) =>
        posix.join(posix.dirname(file), groups?.["path"] ?? ""),
      );
      const later = walk.slice(index + 1);
      assert.deepEqual(
        imported.filter((each) => later.includes(each)),
        [],
        file,
      );
    }
  });
});
