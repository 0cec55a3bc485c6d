import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { labIdentity } from "../../../lab/host/identity.ts";
import { linkNames } from "../../../lab/nodes/network.ts";

describe("a lab's identity", () => {
  const folderName = fc.stringMatching(/^[a-zé-]{1,40}$/);

  it("keeps sockets and links short enough for Linux, however deep the folder lies", () => {
    fc.assert(
      fc.property(fc.array(folderName, { minLength: 1, maxLength: 12 }), (names) => {
        const { id, runDirectory } = labIdentity(join("/nowhere", ...names));
        const longest = join(runDirectory, "node-1/exec/containerd/containerd-debug.sock");
        assert.ok(Buffer.byteLength(longest) <= 107, longest);
        for (const link of Object.values(linkNames(id))) assert.ok(link.length <= 15, link);
      }),
    );
  });

  it("puts sockets inside the folder where they fit, and under /run where they do not", () => {
    assert.equal(labIdentity("/srv/app/.holdfast/sandbox").runDirectory, "/srv/app/.holdfast/sandbox/run");
    const deep = labIdentity(`/srv/${"deep/".repeat(20)}`);
    assert.equal(deep.runDirectory, `/run/holdfast-${deep.id}`);
  });

  it("is the same through a symbolic link, also before the folder exists", async () => {
    const home = await mkdtemp(join(tmpdir(), "holdfast-identity-"));
    try {
      await symlink(home, join(home, "link"));
      assert.deepEqual(labIdentity(join(home, "link", "sandbox")), labIdentity(join(home, "sandbox")));
      assert.notEqual(labIdentity(join(home, "other")).id, labIdentity(join(home, "sandbox")).id);
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
