import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const module = fileURLToPath(new URL("../../cli/interrupts.ts", import.meta.url));

/** A command whose engine never answers. */
const hanging = `
  const { listenForInterrupts } = await import(${JSON.stringify(module)});
  listenForInterrupts((message) => console.log(message));
  setInterval(() => undefined, 1000);
  console.log("listening");
`;

describe("Ctrl-C", () => {
  it("asks, stops, and at the third time ends a command whose engine does not answer", async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", hanging], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    const next = async () => {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      said.push(line.toString());
    };
    await next();
    for (let time = 1; time <= 3; time++) {
      assert.equal(child.exitCode, null);
      const told = next();
      child.kill("SIGINT");
      await told;
    }
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 130);
    assert.match(said.join(""), /again to stop at once.*Stopping at once.*Ended without waiting/s);
  });
});
