import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { z } from "zod";
import { Exit } from "../../../cli/terminal/exit-code.ts";
import { NotConfirmed, reportFailure } from "../../../cli/terminal/failure.ts";
import { openOutput } from "../../../cli/terminal/output.ts";
import { InputError } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";

const mistake = new InputError({ path: "a", expected: "b", got: "c", fix: "Do d" });

/** What is said of a failure, and the exit code. */
function report(failure: unknown, hasChanged = false): { code: number; said: string } {
  const stderr = new PassThrough();
  const code = reportFailure(failure, openOutput(false, { stdout: new PassThrough(), stderr }), false, hasChanged);
  return { code, said: String(stderr.read() ?? "") };
}

describe("what ended a command", () => {
  it("is an exit code of 2 only as long as nothing has been changed", () => {
    assert.deepEqual(report(mistake), { code: 2, said: "error: a: expected b, got c. Do d.\n" });
    assert.equal(report(mistake, true).code, 1);
  });

  it("is a sentence and a fix where no value is wrong, with the same exit codes", () => {
    const situation = new SituationError({ what: "Redis said no.", fix: "Ask again" });
    assert.deepEqual(report(situation), { code: 2, said: "error: Redis said no. Ask again.\n" });
    assert.equal(report(situation, true).code, 1);
    const unconfirmed = new NotConfirmed({ steps: [] }, { what: "It needs a yes", fix: "Re-run with --yes" });
    const stdout = new PassThrough();
    assert.equal(reportFailure(unconfirmed, openOutput(true, { stdout, stderr: new PassThrough() }), false), 3);
    assert.deepEqual(JSON.parse(String(stdout.read())), {
      error: {
        message: "It needs a yes. Re-run with --yes.",
        what: "It needs a yes",
        fix: "Re-run with --yes",
        plan: { steps: [] },
      },
      exitCode: 3,
    });
  });

  it("is told before what could not be put in order after it", () => {
    const after = new InputError({ path: "lock", expected: "e", got: "f", fix: "Do g" });
    const { code, said } = report(new SuppressedError(after, mistake));
    assert.equal(said, "error: a: expected b, got c. Do d.\nerror: lock: expected e, got f. Do g.\n");
    assert.equal(code, 2);
    assert.equal(report(new SuppressedError(after, new Exit(130))).code, 130);
  });

  it("is one line where something has another shape than it should", () => {
    const { error } = z.array(z.object({ ID: z.string() })).safeParse([{ ID: 1 }]);
    assert.match(report(error).said, /^error: expected another form, got .*ID.*\n.*--verbose/);
  });
});
