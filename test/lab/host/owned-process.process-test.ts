import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cgroupParent,
  endOwnedProcesses,
  findOwnedProcesses,
  ownerMark,
  ownerVariable,
  readOwner,
} from "../../../lab/host/owned-process.ts";

describe("a lab's processes", () => {
  const environ = (...entries: string[]) => entries.map((entry) => `${entry}\0`).join("");

  it("are known by the mark in their environment", () => {
    const marked = environ("PATH=/bin", `${ownerVariable}=${ownerMark("0123abcd", "engine")}`, "LANG=C");
    assert.deepEqual(readOwner(marked, "0::/user.slice\n"), { lab: "0123abcd", part: "engine", inContainer: false });
  });

  it("are known by their cgroup inside containers, under cgroup v1 and v2", () => {
    const expected = { lab: "0123abcd", part: "node-2", inContainer: true };
    const path = `${cgroupParent("0123abcd", "node-2")}/${"f".repeat(64)}`;
    assert.deepEqual(readOwner(environ("PATH=/bin"), `0::${path}\n`), expected);
    assert.deepEqual(readOwner("", `9:pids:/\n4:memory:${path}\n0::/\n`), expected);
  });

  it("are not those of others", () => {
    const cgroups = ["0::/\n", `0::/docker/${"f".repeat(64)}\n`, "0::/holdfast/engine/x\n"];
    const environs = [
      "",
      environ("PATH=/bin"),
      environ(`MY_${ownerVariable}=0123abcd/engine`),
      environ(`${ownerVariable}=`),
    ];
    for (const cgroup of cgroups) for (const text of environs) assert.equal(readOwner(text, cgroup), undefined);
  });

  it("are found and ended, each part by itself", async () => {
    const lab = process.pid.toString(16).padStart(8, "0");
    const start = (part: string) =>
      spawn("sleep", ["60"], { env: { PATH: process.env["PATH"], [ownerVariable]: ownerMark(lab, part) } });
    const [engine, registry] = [start("engine"), start("registry")];
    try {
      await Promise.all([once(engine, "spawn"), once(registry, "spawn")]);
      const found = await findOwnedProcesses(lab);
      assert.deepEqual(
        found.map(({ pid, command }) => [pid, command]).sort(),
        [
          [engine.pid, "sleep"],
          [registry.pid, "sleep"],
        ].sort(),
      );
      await endOwnedProcesses(lab, "engine");
      assert.deepEqual(
        (await findOwnedProcesses(lab)).map(({ part }) => part),
        ["registry"],
      );
      await endOwnedProcesses(lab);
      assert.deepEqual(await findOwnedProcesses(lab), []);
      await endOwnedProcesses(lab);
    } finally {
      engine.kill("SIGKILL");
      registry.kill("SIGKILL");
    }
  });
});
