import assert from "node:assert/strict";
import { mountPointsBelow } from "../../../lab/host/mount-point.ts";

describe("mount points", () => {
  const line = (point: string) => `22 1 0:21 / ${point} rw,relatime shared:1 - ext4 /dev/vda rw`;

  it("below a folder are listed, the innermost first", () => {
    const mountinfo = [line("/"), line("/a"), line("/a/b"), line("/a/b/c"), line("/ab"), ""].join("\n");
    assert.deepEqual(mountPointsBelow(mountinfo, "/a"), ["/a/b/c", "/a/b"]);
  });

  it("are read with the characters that the kernel escapes", () => {
    assert.deepEqual(mountPointsBelow(line("/a/my\\040disk\\134"), "/a"), ["/a/my disk\\"]);
  });
});
