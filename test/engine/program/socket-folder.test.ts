import assert from "node:assert/strict";
import { join } from "node:path";
import { SocketFolder } from "../../../engine/program/socket-folder.ts";

describe("the sockets of an operation", () => {
  it("are found by the numbers that they were given, also when the process of one has just ended", () => {
    using sockets = new SocketFolder();
    assert.equal(sockets.served("1"), `unix:${join(sockets.path, "1")}`);
  });

  it("are the only ones that the engine calls", () => {
    using sockets = new SocketFolder();
    for (const port of ["40123", "1024", "", "1/../..", "evil:1"])
      assert.throws(
        () => sockets.served(port),
        /^SituationError: @pulumi\/pulumi serves on port \S*, which every user of this machine can reach/u,
      );
  });
});
