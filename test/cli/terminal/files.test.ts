import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { besides, readText, writeText } from "../../../cli/terminal/files.ts";
import { InputError } from "../../../text/input-error.ts";

describe("files that are named on the command line", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-files-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("are read without a byte order mark", () => {
    writeFileSync(join(folder, "facts.json"), "\ufeff{}");
    assert.equal(readText(join(folder, "facts.json")), "{}");
  });

  it("that cannot be written are told by their option", () => {
    assert.throws(
      () => {
        writeText("--html", join(folder, "missing", "page.html"), "");
      },
      new InputError({
        path: "--html",
        expected: "a file that can be written",
        got: `${JSON.stringify(join(folder, "missing", "page.html"))} (ENOENT)`,
        fix: "Name a file in an existing folder that you may write to",
      }),
    );
  });

  it("name others that are read where these are files of a sane size", () => {
    const read = besides(join(folder, "stack.yaml"));
    writeFileSync(join(folder, "small.env"), "A=1");
    writeFileSync(join(folder, "large.env"), "");
    truncateSync(join(folder, "large.env"), 17 * 1024 * 1024);
    execFileSync("mkfifo", [join(folder, "fifo")]);
    assert.deepEqual(
      ["small.env", "large.env", "fifo", "/dev/zero", ".", "missing"].map((path) => read(path)),
      ["A=1", undefined, undefined, undefined, undefined, undefined],
    );
  });
});
