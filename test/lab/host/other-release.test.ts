import assert from "node:assert/strict";
import { mirrorOf, sourceLine } from "../../../lab/host/other-release.ts";

describe("another release", () => {
  const targets = [
    "main nodistro https://deb.nodesource.com/node_24.x/",
    "contrib bookworm http://deb.debian.org/debian/",
    "main bookworm http://mirror.example/debian/",
    "main bookworm-security http://deb.debian.org/debian-security/",
  ].join("\n");

  it("comes from the mirror of the machine's own release", () => {
    assert.equal(mirrorOf(targets, { id: "debian", codename: "bookworm" }), "http://mirror.example/debian/");
    const stable = "main nodistro https://deb.nodesource.com/node_24.x/\nmain stable http://mirror.example/debian/";
    assert.equal(mirrorOf(stable, { id: "debian", codename: "bookworm" }), "http://mirror.example/debian/");
    assert.throws(() => mirrorOf("", { id: "debian", codename: "bookworm" }), {
      message:
        "sandbox packages: expected a mirror of the distribution among apt's sources, got none. Add it to /etc/apt/sources.list.d.",
    });
  });

  it("is signed by the distribution's keys", () => {
    const trixie = { codename: "trixie", component: "main" };
    assert.equal(
      sourceLine("http://mirror.example/debian/", trixie, "/usr/share/keyrings/debian-archive-keyring.gpg"),
      "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian/ trixie main\n",
    );
    assert.equal(
      sourceLine("http://mirror.example/debian/", trixie, undefined),
      "deb http://mirror.example/debian/ trixie main\n",
    );
  });
});
