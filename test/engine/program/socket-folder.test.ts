import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SocketFolder } from "../../../engine/program/socket-folder.ts";

describe("the sockets of an operation", () => {
  it("are found by the numbers that they were given, also when the process of one has just ended", () => {
    using sockets = new SocketFolder();
    assert.equal(sockets.served("1"), `unix:${join(sockets.path, "1")}`);
  });

  it("leave no empty folder behind: the next run removes that of a killed engine, and no other", () => {
    // No process has this number (proc(5), pid_max).
    const [left, used] = [4_194_305, process.pid].map((pid) => join(tmpdir(), `holdfast-${pid}-sample`));
    for (const folder of [left, used]) mkdirSync(folder ?? "");
    try {
      using sockets = new SocketFolder();
      assert.deepEqual(
        [left, used, sockets.path].map((folder) => existsSync(folder ?? "")),
        [false, true, true],
      );
    } finally {
      for (const folder of [left, used]) rmSync(folder ?? "", { recursive: true, force: true });
    }
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
