import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeToOthers, makePrivateFolder } from "../../../swarm/engine/private-folder.ts";

describe("a private folder", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "holdfast-private-"));
  });
  afterEach(() => {
    rmSync(parent, { recursive: true });
  });

  const modeOf = (path: string) => statSync(path).mode & 0o777;

  for (const umask of [0o000, 0o002, 0o022, 0o077, 0o027])
    it(`is made with mode 0700 under the umask ${umask.toString(8).padStart(3, "0")}`, () => {
      const former = process.umask(umask);
      try {
        makePrivateFolder(join(parent, "a/b"));
      } finally {
        process.umask(former);
      }
      assert.deepEqual([modeOf(join(parent, "a")), modeOf(join(parent, "a/b"))], [0o700, 0o700]);
    });

  for (const mode of [0o755, 0o775, 0o711, 0o750])
    it(`that is there with the mode ${mode.toString(8)} is closed`, () => {
      chmodSync(parent, mode);
      closeToOthers(parent);
      assert.equal(modeOf(parent), 0o700);
    });

  it("to which everybody could write is refused, and not closed as if nothing had been done to it", () => {
    const path = join(parent, "open");
    mkdirSync(path);
    chmodSync(path, 0o777);
    assert.throws(
      () => {
        closeToOthers(path);
      },
      {
        message: `${path}: expected a file or folder to which not everybody can write, got one with the mode 0777. Check that its contents are yours, then close it: \`chmod go-rwx ${path}\`.`,
      },
    );
    assert.equal(modeOf(path), 0o777);
  });

  it("is not made where there is none to close", () => {
    closeToOthers(join(parent, "absent"));
    assert.throws(() => statSync(join(parent, "absent")), /ENOENT/u);
  });
});
