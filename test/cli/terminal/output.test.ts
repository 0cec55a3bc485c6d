import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { stepsDisplay } from "../../../cli/display/steps.ts";
import { reportFailure } from "../../../cli/terminal/failure.ts";
import { openOutput } from "../../../cli/terminal/output.ts";
import { InputError } from "../../../text/input-error.ts";

describe("the output of a command", () => {
  const secret = 'pass"word-1234';

  it("never holds a secret that it was told of, in text or in JSON", () => {
    const { output, stdout, stderr } = captured(false);
    output.conceal(secret);
    output.print(`AUTH ${secret}`);
    output.warn(`bad ${secret}`);
    output.document({ password: secret });
    output.documentLine([secret]);
    assert.equal(stdout(), 'AUTH [secret]\n{\n    "password": "[secret]"\n}\n["[secret]"]\n');
    assert.equal(stderr(), "bad [secret]\n");
  });

  it("does not take short words for secrets", () => {
    const { output, stdout } = captured(false);
    output.conceal("up");
    output.print("up");
    assert.equal(stdout(), "up\n");
  });

  it("is one document and nothing else where JSON is wanted", () => {
    const { output, stdout, stderr } = captured(true);
    output.print("Updating (dev):");
    output.document({ succeeded: true });
    output.warn("careful");
    // What goes wrong after it.
    reportFailure(new InputError({ path: "a", expected: "b", got: "c", fix: "d" }), output, false);
    assert.deepEqual(JSON.parse(stdout()), { succeeded: true });
    assert.equal(stderr(), "careful\nerror: a: expected b, got c. d.\n");
    assert.equal(output.terminal, undefined);
  });

  it("is not one word a line on a terminal that tells no width", () => {
    const [stdout, stderr] = [0, 0].map((columns) => Object.assign(new PassThrough(), { isTTY: true, columns }));
    assert.ok(stdout && stderr);
    const output = openOutput(false, { stdout, stderr });
    output.print("a line of several words");
    assert.equal((stdout.read() as Buffer).toString(), "a line of several words\n");
    assert.ok(output.terminal === undefined || output.terminal.columns === 80);
  });

  it("lets nothing that is printed do anything to a terminal, and keeps its own colours", () => {
    const hostile = "a\u001b[2J\u001b]0;title\u0007\u009b1m\u202eb";
    const shown = "a\\u001b[2J\\u001b]0;title\\u0007\\u009b1m\\u202eb";
    const [stdout, stderr] = [0, 0].map(() => Object.assign(new PassThrough(), { isTTY: true, columns: 200 }));
    assert.ok(stdout && stderr);
    const output = openOutput(false, { stdout, stderr });
    output.print(`\u001b[31merror:\u001b[39m ${hostile}`);
    output.warn(hostile);
    output.printAsIs(hostile);
    assert.equal((stdout.read() as Buffer).toString(), `\u001b[31merror:\u001b[39m ${shown}\n${shown}\n`);
    assert.equal((stderr.read() as Buffer).toString(), `${shown}\n`);
    const piped = captured(true);
    piped.output.document({ words: hostile });
    const document = piped.stdout();
    assert.ok(document.includes(shown));
    assert.deepEqual(JSON.parse(document), { words: hostile });
    const reply = captured(false);
    reply.output.printAsIs(hostile);
    assert.equal(reply.stdout(), `${hostile}\n`, "a pipe gets a reply byte by byte");
  });

  it("has no terminal to draw on when it is a pipe", () => {
    assert.equal(captured(false).output.terminal, undefined);
  });
});

describe("a failure", () => {
  it("is text in which nothing is obeyed by a terminal, and no line of which poses as another's", () => {
    const { output, stderr } = captured(false);
    const mistake = { path: "a\u001b[31m\nerror: b.json", expected: "a file", got: "none", fix: "Name one" };
    assert.equal(reportFailure(new InputError(mistake), output, false), 2);
    assert.match(
      stderr(),
      /^\S*error:\S* a\\u001b\[31m\n {2}error: b\.json: expected a file, got none\. Name one\.\n$/,
    );
  });

  it("of several lines is printed as lines", () => {
    const { output, stderr } = captured(false);
    const mistake = { path: "npm ci", expected: "packages", got: "an error:\r\nno network\n", fix: "See `npm ping`" };
    reportFailure(new InputError(mistake), output, false);
    assert.match(stderr(), /error:\S* npm ci: expected packages, got an error:\n {2}no network\. See `npm ping`\.\n$/);
  });

  it("has one full stop, whatever the words end with that it is made of", () => {
    const mistake = { path: "a", expected: "b", got: "what Docker says: it is gone.", fix: "Look into the log." };
    assert.equal(
      new InputError(mistake).message,
      "a: expected b, got what Docker says: it is gone. Look into the log.",
    );
  });
});

describe("the steps of a set-up", () => {
  it("are told once begun and once done, and not at all where there is nothing to do", () => {
    const { output, stdout } = captured(false);
    const tell = stepsDisplay(output);
    tell({ title: "Download", state: "skipped", detail: "there" });
    tell({ title: "Start", state: "started" });
    tell({ title: "Start", state: "progress", detail: "1 %" });
    tell({ title: "Start", state: "done", detail: "runs" });
    assert.equal(stdout(), "  ...   Start\n  done  Start: runs\n");
  });
});

function captured(json: boolean) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const textOf = (stream: PassThrough) => () => (stream.read() as Buffer | null)?.toString() ?? "";
  return { output: openOutput(json, { stdout, stderr }), stdout: textOf(stdout), stderr: textOf(stderr) };
}
