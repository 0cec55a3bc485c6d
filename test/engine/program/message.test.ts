import assert from "node:assert/strict";
import { withoutForeignFrames } from "../../../engine/program/message.ts";

describe("what a program says", () => {
  const trace = [
    "Error: direct 2",
    "    at \u001b[90mfile:///home/me/shop/\u001b[39mindex.ts:3:7",
    "    at other (/home/me/shop/other.ts:1:1)",
    "\u001b[90m    at ModuleJob.run (node:internal/modules/esm/module_job:561:25)\u001b[39m",
    "    at Stack.initialize (/home/me/shop/node_modules/\u001b[4m@pulumi/runtime\u001b[24m/stack.ts:79:28)",
  ];

  it("keeps of a stack trace where it went wrong in the program", () => {
    assert.equal(
      withoutForeignFrames(["It failed:", ...trace].join("\n")),
      "It failed:\nError: direct 2\n    at file:///home/me/shop/index.ts:3:7",
    );
    assert.equal(withoutForeignFrames([...trace.slice(0, 1), ...trace.slice(3)].join("\n")), "Error: direct 2");
    assert.equal(
      withoutForeignFrames([trace[0], "    at construct (data:text/javascript,x:3:1)", trace[2]].join("\n")),
      "Error: direct 2\n    at other (/home/me/shop/other.ts:1:1)",
    );
  });

  it("stays as it is without one, colours and all", () => {
    const text = "\u001b[32mall is well\u001b[39m\nat home";
    assert.equal(withoutForeignFrames(text), text);
  });
});
