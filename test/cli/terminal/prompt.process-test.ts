import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { terminalProgram } from "../project-copy.ts";

const moduleOf = (name: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../../cli/terminal/${name}.ts`, import.meta.url)));

/** What a command does that asks something. */
const asking = (call: string) => `
  const [{ requireYes, requireName, readSecret }, { openOutput }, { Exit }] = await Promise.all([
    import(${moduleOf("prompt")}),
    import(${moduleOf("output")}),
    import(${moduleOf("exit-code")}),
  ]);
  const output = openOutput(false);
  try {
    await ${call};
    console.log("went on");
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    process.exitCode = error.code;
  }
  process.stdin.destroy();
`;

const questions = {
  "a question": { call: 'requireYes("Do you want it?", output)', shown: "Do you want it? [yes/no] " },
  "a name": { call: 'requireName("stored", output)', shown: "Type stored to delete it and its data: " },
  "a secret": { call: 'readSecret("password", output)', shown: "password (not shown): " },
};

/** Asks on a terminal, and types each text once the question is shown again. */
async function answer(
  call: string,
  shown: string,
  ...typed: string[]
): Promise<{ code: number | null; screen: string }> {
  const command = `exec ${process.execPath} --input-type=module --eval "$PROGRAM"`;
  const child = spawn(terminalProgram, ["-qec", command, "/dev/null"], {
    env: { ...process.env, PROGRAM: asking(call), TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), 20_000);
  let screen = "";
  let sent = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
    const next = typed[sent];
    if (next === undefined || screen.split(shown).length < sent + 2) return;
    sent += 1;
    child.stdin.write(next);
  });
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  // Without where the line editor puts the cursor.
  // eslint-disable-next-line no-control-regex
  return { code, screen: screen.replace(/\u001b\[[\d;]*[A-Z]/gu, "") };
}

describe("a question on a terminal", function () {
  this.timeout(60_000);

  for (const [what, { call, shown }] of Object.entries(questions)) {
    it(`for ${what} is ended by Ctrl-C and by the end of the input with a line that says what is true`, async () => {
      const [interrupted, ended] = await Promise.all([answer(call, shown, "\u0003"), answer(call, shown, "\u0004")]);
      for (const [{ code, screen }, expected] of [
        [interrupted, 130],
        [ended, 3],
      ] as const) {
        assert.ok(screen.endsWith(`${shown}\r\nNothing has been changed.\r\n`), JSON.stringify(screen));
        assert.equal(code, expected);
      }
    });
  }

  it("is answered by yes, and by no with the same line", async () => {
    const { call, shown } = questions["a question"];
    const [yes, no] = await Promise.all([answer(call, shown, "perhaps\r", "yes\r"), answer(call, shown, "no\r")]);
    assert.match(yes.screen, /went on\r\n$/u);
    assert.match(no.screen, /Nothing has been changed\.\r\n$/u);
    assert.deepEqual([yes.code, no.code], [0, 3]);
  });
});
